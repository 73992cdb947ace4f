"""Initial weights are a cause where a layer was not loaded, and not on the source."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

X = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
LAYERS = 3


def twins() -> tuple[nn.Module, keras.Model]:
    """Two models with the weights that PyTorch's was made with."""
    torch.manual_seed(1)
    keras.utils.set_random_seed(1)
    torch_model = nn.Sequential(
        nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 7), nn.Tanh(), nn.Linear(7, 5)
    )
    keras_model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, activation="tanh"),
            keras.layers.Dense(7, activation="tanh"),
            keras.layers.Dense(5),
        ]
    )
    compare.transfer(torch_model, keras_model)
    return torch_model, keras_model


def because(torch_model: nn.Module, keras_model: keras.Model) -> str:
    evidence = compare.check(torch_model, keras_model, X)
    assert evidence.verdict == "different"
    return str(evidence.explain()).split("because")[1].split("as in")[0]


@pytest.mark.parametrize("layers", [[0], [1], [2], [0, 1, 2]], ids=str)
def test_noise_on_the_weights_of_keras_does_not_accuse_those_of_pytorch(layers):
    torch_model, keras_model = twins()
    rng = np.random.default_rng(2)
    for number in layers:
        layer = keras_model.layers[number]
        noisy = [w + rng.normal(size=w.shape) * 0.3 for w in layer.get_weights()]
        layer.set_weights(noisy)

    assert "made with" not in because(torch_model, keras_model)


def test_a_layer_that_keras_made_again_is_told_of_keras_alone():
    torch_model, keras_model = twins()
    fresh = keras.layers.Dense(7)
    fresh.build((None, 8))
    keras_model.layers[1].set_weights(fresh.get_weights())

    text = because(torch_model, keras_model)
    assert "of Keras, the layer still has the weights that it" in text.splitlines()[0]
    assert "of PyTorch, the layer still has" not in text


def test_a_layer_that_pytorch_made_again_is_told_of_pytorch():
    torch_model, keras_model = twins()
    torch_model[2].reset_parameters()

    text = because(torch_model, keras_model)
    assert "of PyTorch, the layer still has the weights" in text.splitlines()[0]


def test_two_models_as_they_were_made_are_told_as_that():
    torch_model, keras_model = twins()
    for layer in keras_model.layers:
        fresh = keras.layers.Dense(layer.units)
        fresh.build((None, layer.kernel.shape[0]))
        layer.set_weights(fresh.get_weights())

    text = because(torch_model, keras_model)
    assert "PyTorch and Keras each still have the weights" in text.splitlines()[0]
    assert "compare.transfer(torch_model, keras_model)" in text
