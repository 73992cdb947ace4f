"""Layers with learnt slopes, which PyTorch gives the channels second."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

KL = keras.layers
SIZE, CHANNELS = 8, 6


def images_in_torch(slopes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, CHANNELS, 3, padding=1),
        nn.PReLU(slopes),
        nn.Conv2d(CHANNELS, 4, 3),
        nn.ELU(),
        nn.Conv2d(4, 2, 1),
    )


def images_in_keras(size: int, shared: list[int]) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            KL.Conv2D(CHANNELS, 3, padding="same"),
            KL.PReLU(shared_axes=shared),
            KL.Conv2D(4, 3),
            KL.ELU(0.5),
            KL.Conv2D(2, 1),
        ]
    )


def explained(in_torch: nn.Module, in_keras: keras.Model, *shape: int) -> str:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    evidence = compare.check(in_torch, in_keras, x, "random")
    assert evidence.verdict == "different"
    return str(evidence.explain())


@pytest.mark.parametrize("size", [CHANNELS, SIZE])
@pytest.mark.parametrize(("slopes", "shared"), [(CHANNELS, [1, 2]), (1, [1, 2, 3])])
def test_a_mistake_after_slopes_of_images_is_named_alone(size, slopes, shared):
    """With as many channels as pixels as well."""
    text = explained(
        images_in_torch(slopes), images_in_keras(size, shared), 3, size, size, 3
    )

    assert "because   in 3, alpha is 1.0 in PyTorch, 0.5 in Keras" in text


class OfSteps(nn.Module):
    """A convolution of a sequence, whose channels are turned for it and back."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, CHANNELS, 3, padding=1)
        self.slopes = nn.PReLU(CHANNELS)
        self.head = nn.Linear(CHANNELS, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.slopes(self.conv(x.transpose(1, 2)))
        return self.head(torch.tanh(y.transpose(1, 2)))


def test_a_mistake_after_slopes_of_as_many_channels_as_steps_is_named_alone():
    in_keras = keras.Sequential(
        [
            keras.Input((CHANNELS, 3)),
            KL.Conv1D(CHANNELS, 3, padding="same"),
            KL.PReLU(shared_axes=[1]),
            KL.Dense(2),
        ]
    )
    text = explained(OfSteps(), in_keras, 3, CHANNELS, 3)

    (cause,) = {line for line in text.splitlines() if line.startswith("  because")}
    assert "tanh" in cause
    assert "transposing" not in cause
