"""One function that a model uses twice, on one line or by one layer."""

import keras
import numpy as np
import pytest
import torch

import compare

X = np.random.default_rng(4).random((6, 8)).astype("float32")  # none below 0


class Model(torch.nn.Module):
    """The relu of what goes in changes nothing where x is not below 0."""

    def __init__(self, relu):
        super().__init__()
        self.first, self.head = torch.nn.Linear(8, 5), torch.nn.Linear(5, 3)
        self.relu = relu

    def forward(self, x):
        return self.head(self.relu(self.first(self.relu(x))))


@pytest.mark.parametrize("relu", [torch.relu, torch.nn.ReLU()])
def test_a_use_of_a_function_that_cuts_nothing_off_is_exercised(relu):
    """The other use cuts values off, and does not stand for this one."""
    layers = keras.layers
    twin = keras.Sequential(
        [keras.Input((8,)), layers.Dense(5, activation="relu"), layers.Dense(3)]
    )
    model = Model(relu)
    with torch.no_grad():
        model.first.bias.zero_()  # values of either sign

    evidence = compare.check(model, twin, X, "to_keras")

    assert evidence.verdict == "different", evidence.explain()
