"""Layers of Keras that change images in training alone, though `model(x)` lets them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

X = np.random.default_rng(0).uniform(0, 255, (3, 6, 6, 3)).astype("float32")


class InPyTorch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.conv(x.permute(0, 3, 1, 2) / 255).relu()
        return self.head(hidden.mean((2, 3)))


def layers() -> list[keras.Layer]:
    return [
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(2),
    ]


def augmentation() -> keras.Sequential:
    return keras.Sequential(
        [keras.layers.RandomFlip(), keras.layers.RandomRotation(0.2)], name="augment"
    )


def sequential() -> keras.Model:
    return keras.Sequential([keras.Input(X.shape[1:]), augmentation(), *layers()])


def functional() -> keras.Model:
    x = keras.Input(X.shape[1:])
    hidden = augmentation()(x)
    for layer in layers():
        hidden = layer(hidden)
    return keras.Model(x, hidden)


class Own(keras.Model):
    """A class of the user's own.

    Args:
        always: whether it augments whatever it is told.
    """

    def __init__(self, always: bool = False) -> None:
        super().__init__()
        self.always, self.augment = always, keras.layers.RandomFlip()
        self.rescaling, self.conv, self.pool, self.head = layers()

    def call(self, x):
        x = self.augment(x, training=True) if self.always else self.augment(x)
        return self.head(self.pool(self.conv(self.rescaling(x))))


def built(always: bool = False) -> keras.Model:
    model = Own(always)
    model(X)
    return model


@pytest.mark.parametrize("make", [sequential, functional, built])
def test_a_port_without_augmentation_is_the_same_as_keras_predicts(make):
    model = make()
    evidence = compare.check(InPyTorch().eval(), model, X, transfer="to_keras")

    assert evidence.verdict == "same", evidence.explain()
    assert "model(x, training=False) or model.predict(x)" in evidence.explain()
    assert not np.allclose(model(X), model(X)), "the user's own model still augments"


def test_augmentation_that_predicting_does_not_leave_out_is_named():
    evidence = compare.check(InPyTorch(), built(always=True), X, transfer="to_keras")

    assert evidence.verdict == "different"
    sentence = evidence.results[0].explanation.sentence
    assert "gives another result when it is called again" in sentence
    assert "(RandomFlip)" in sentence
