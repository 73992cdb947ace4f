"""Sequences, volumes and videos that each model of a pair takes in its own layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

KL = keras.layers
STEPS, FEATURES = 9, 5
RNG = np.random.default_rng(0)


def drawn(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def second(x: np.ndarray, axis: int = 1) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(x, -1, axis))


class Convolved(nn.Module):
    """A convolution of (batch, channels, time), which returns the same."""

    def __init__(self, features: int):
        super().__init__()
        self.conv = nn.Conv1d(features, features, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x)


class Turning(Convolved):
    """The same of (batch, time, channels)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x.transpose(1, 2)).transpose(1, 2)


class TurnedOnce(Convolved):
    """Takes (batch, time, channels), and forgets to turn the result."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x.transpose(1, 2))


def convolved(features: int, *before: keras.Layer) -> keras.Model:
    first = keras.Input((STEPS, features))
    return keras.Sequential([first, *before, KL.Conv1D(features, 3, padding="same")])


@pytest.mark.parametrize("features", [FEATURES, STEPS])
@pytest.mark.parametrize("move", [lambda x: x, second])
def test_a_sequence_goes_to_a_convolution_with_its_channels_second(features, move):
    """With as many channels as steps as well, where both layouts run."""
    x = move(drawn(3, STEPS, features))
    evidence = compare.check(Convolved(features), convolved(features), x, "to_keras")

    assert evidence.verdict == "same", evidence.explain()
    (note,) = (note for note in evidence.notes if "given" in note)
    assert "(batch, channels, ...)" in note


def test_a_model_that_turns_a_sequence_is_given_it_as_it_is():
    x = drawn(3, STEPS, STEPS)
    evidence = compare.check(Turning(STEPS), convolved(STEPS), x, "to_keras")

    assert evidence.verdict == "same"
    assert not any("channels" in note for note in evidence.notes)


@pytest.mark.parametrize(
    ("in_torch", "before"),
    [(TurnedOnce, ()), (Turning, (KL.Permute((2, 1)),))],
    ids=["result", "input"],
)
def test_a_sequence_that_is_turned_in_one_model_alone_is_different(in_torch, before):
    """No layout is found that makes up for it, though all shapes agree."""
    x = drawn(3, STEPS, STEPS)
    evidence = compare.check(in_torch(STEPS), convolved(STEPS, *before), x, "to_keras")

    assert evidence.verdict == "different"


def test_a_sequence_without_a_convolution_is_not_turned():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(FEATURES, 4, batch_first=True)

        def forward(self, x):
            return self.gru(x.transpose(1, 2))[0]

    x = keras.Input((STEPS, FEATURES))
    twin = keras.Model(x, KL.GRU(4, return_sequences=True)(x))
    evidence = compare.check(Model(), twin, drawn(3, STEPS, FEATURES), "to_keras")

    assert evidence.verdict == "one refuses"


class Video(nn.Module):
    """Convolves each frame of (batch, time, channels, height, width)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.gru = nn.GRU(4, 5, batch_first=True)

    def forward(self, x):
        batch, steps = x.shape[:2]
        frames = self.conv(x.flatten(0, 1)).mean((2, 3))
        return self.gru(frames.view(batch, steps, -1))[0][:, -1]


def video() -> keras.Model:
    framed = [
        KL.TimeDistributed(KL.Conv2D(4, 3)),
        KL.TimeDistributed(KL.GlobalAveragePooling2D()),
    ]
    return keras.Sequential([keras.Input((5, 7, 8, 3)), *framed, KL.GRU(5)])


@pytest.mark.parametrize("move", [lambda x: x, lambda x: second(x, 2)])
def test_the_channels_of_a_video_are_third(move):
    x = move(drawn(2, 5, 7, 8, 3))
    evidence = compare.check(Video().eval(), video(), x, "to_keras")

    assert evidence.verdict == "same", evidence.explain()
    assert any("(batch, time, channels, ...)" in note for note in evidence.notes)


class Image(nn.Module):
    """A convolution of images that are turned before and after it."""

    def __init__(self, before: Callable, after: Callable):
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 3, padding=1)
        self.before, self.after = before, after

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.after(self.conv(self.before(x)))


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (lambda x: x, lambda x: x, "same"),
        (lambda x: x.movedim(-1, 1), lambda x: x.movedim(1, -1), "same"),
        (lambda x: x.movedim(-1, 1), lambda x: x, "same"),
        (lambda x: x.transpose(2, 3), lambda x: x.transpose(2, 3), "different"),
        (lambda x: x.permute(0, 3, 2, 1), lambda x: x.movedim(1, -1), "different"),
    ],
    ids=["first", "last", "last to first", "width first", "width for height"],
)
def test_images_with_as_many_channels_as_pixels(before, after, verdict):
    """Every layout runs: the one in which PyTorch's layer reads channels is taken."""
    x = keras.Input((6, 6, 6))
    twin = keras.Model(x, KL.Conv2D(6, 3, padding="same")(x))
    evidence = compare.check(Image(before, after), twin, drawn(2, 6, 6, 6), "to_keras")

    assert evidence.verdict == verdict, evidence.explain()


@pytest.mark.parametrize("move", [lambda x: x, second])
def test_bytes_of_images_are_laid_out_as_floats_are(move):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return self.conv(x / 255).mean((2, 3))

    x = keras.Input((7, 8, 3), dtype="uint8")
    made = KL.Conv2D(4, 3)(keras.ops.cast(x, keras.config.floatx()) / 255)
    twin = keras.Model(x, KL.GlobalAveragePooling2D()(made))
    images = move(RNG.integers(0, 256, (3, 7, 8, 3)).astype(np.uint8))
    evidence = compare.check(Model(), twin, images, "to_keras")

    assert evidence.verdict.startswith("same"), evidence.explain()


@dataclass
class Returned:
    """What a model returns by name."""

    image: torch.Tensor
    logits: torch.Tensor


@pytest.mark.parametrize("returned", [dict, Returned])
def test_results_by_name_are_each_compared_in_their_layout(returned):
    """An image with its channels second, and a vector, in a data class as well."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.head = nn.Conv2d(3, 5, 3), nn.Linear(5, 2)

        def forward(self, x):
            image = self.conv(x)
            return returned(logits=self.head(image.mean((2, 3))), image=image)

    x = keras.Input((7, 8, 3))
    image = KL.Conv2D(5, 3)(x)
    logits = KL.Dense(2)(KL.GlobalAveragePooling2D()(image))
    twin = keras.Model(x, {"image": image, "logits": logits})
    evidence = compare.check(Model(), twin, drawn(3, 7, 8, 3), "to_keras")

    assert evidence.verdict == "same", evidence.explain()
