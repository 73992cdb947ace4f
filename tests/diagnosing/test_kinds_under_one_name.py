"""Layers of one name and two kinds: there is no rule between them, and no crash."""

import keras
import numpy as np
import pytest
import torch
from keras import layers
from torch import nn

import compare

FEATURES = 4
X = np.random.default_rng(3).normal(size=(3, 5, FEATURES)).astype("float32")


class ByPyTorch(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.head = nn.Linear(FEATURES, FEATURES)

    def forward(self, x):
        return self.head(self.layer(x.transpose(1, 2)).transpose(1, 2))


class ByKeras(keras.Model):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.head = layers.Dense(FEATURES)

    def call(self, x):
        return self.head(self.layer(x))


@pytest.mark.parametrize(
    ("torch_layer", "keras_layer"),
    [
        (lambda: nn.Conv1d(FEATURES, FEATURES, 1), lambda: layers.Dense(FEATURES)),
        (
            lambda: nn.Conv1d(FEATURES, FEATURES, 1),
            lambda: layers.LSTM(FEATURES, return_sequences=True),
        ),
    ],
    ids=["a convolution and a dense layer", "a convolution and an LSTM"],
)
def test_layers_of_one_name_and_two_kinds_are_told_apart(torch_layer, keras_layer):
    torch.manual_seed(5)
    keras.utils.set_random_seed(5)
    keras_model = ByKeras(keras_layer())
    keras_model(X)
    evidence = compare.check(ByPyTorch(torch_layer()), keras_model, X, None)

    assert evidence.verdict == "different"
    assert "layer" in str(evidence.explain())
