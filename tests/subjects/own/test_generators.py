"""Generators: a flat input becomes an image, which PyTorch has channels first."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

X = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
LAYERS = keras.layers


class Generator(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        self.fc = nn.Linear(5, 6 * 4 * 4)
        self.up = nn.ConvTranspose2d(6, features, 4, 2, 1)

    def forward(self, z):
        return torch.tanh(self.up(torch.relu(self.fc(z)).view(-1, 6, 4, 4)))


def in_keras(features: int, activation: str = "tanh") -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((5,)),
            LAYERS.Dense(96, activation="relu"),
            LAYERS.Reshape((6, 4, 4)),
            LAYERS.Permute((2, 3, 1)),
            LAYERS.Conv2DTranspose(
                features, 4, 2, padding="same", activation=activation
            ),
        ]
    )


@pytest.mark.parametrize("features", [1, 3, 8], ids=["1", "3", "8"])
def test_images_made_of_a_flat_input_are_compared_with_their_channels_last(features):
    """With 8 channels of 8 by 8 pixels the numbers decide."""
    torch.manual_seed(0)
    evidence = compare.check(Generator(features), in_keras(features), X, "to_keras")

    assert evidence.verdict == "same"
    assert any("with its channels last" in note for note in evidence.notes)


def test_a_generator_of_another_activation_is_different():
    torch.manual_seed(0)
    keras_model = in_keras(3, "sigmoid")
    evidence = compare.check(Generator(3), keras_model, X, "to_keras")

    assert evidence.verdict == "different"
    sentences = {r.explanation.sentence for r in evidence.results if r.explanation}
    assert any("sigmoid" in sentence for sentence in sentences)
