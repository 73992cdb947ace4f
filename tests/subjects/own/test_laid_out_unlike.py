"""Images whose layout is found, though a setting changes the size of the result."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from torch import nn

import compare

KL = keras.layers
SIZE, CHANNELS = 9, 3


def drawn(channels: int = CHANNELS) -> np.ndarray:
    shape = (2, SIZE, SIZE, channels)
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def keras_model(*layers: keras.Layer, channels: int = CHANNELS) -> keras.Model:
    return keras.Sequential([keras.Input((SIZE, SIZE, channels)), *layers])


@pytest.mark.parametrize("moves", [False, True])
@pytest.mark.parametrize("channels", [1, CHANNELS])
def test_a_padding_that_changes_the_size_of_images_is_named(channels, moves):
    """However x is given: with its channels last, or second as PyTorch takes them."""
    in_torch = nn.Sequential(
        nn.Conv2d(channels, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 3)
    )
    in_keras = keras_model(
        KL.Conv2D(4, 3, padding="same", activation="relu"),
        KL.Conv2D(2, 3, padding="same"),
        channels=channels,
    )
    x = drawn(channels)
    if moves:
        x = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    evidence = compare.check(in_torch, in_keras, x, "to_keras")
    explained = str(evidence.explain())

    assert evidence.verdict == "different", explained
    assert 'in 2, padding is "valid"' in explained
    assert "shapes: PyTorch (2, 7, 7, 2), Keras (2, 9, 9, 2)" in explained


def test_a_size_that_is_rounded_otherwise_is_named_after_flattening():
    in_torch = nn.Sequential(
        nn.Conv2d(CHANNELS, 4, 2, padding=1), nn.MaxPool2d(4), nn.Flatten()
    )
    in_keras = keras_model(
        KL.ZeroPadding2D(1),
        KL.Conv2D(4, 2),
        KL.MaxPooling2D(4, padding="same"),
        KL.Permute((3, 1, 2)),
        KL.Flatten(),
    )
    evidence = compare.check(in_torch, in_keras, drawn(), "to_keras")
    explained = str(evidence.explain())

    assert evidence.verdict == "different", explained
    assert "because   in 1, padding is" in explained
    assert "shapes: PyTorch (2, 16), Keras (2, 36)" in explained
