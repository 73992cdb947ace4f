"""Inputs that hold the same thing over and over, and what they cannot show."""

import keras
import numpy as np
import pytest
from torch import nn

import compare

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 5, 3)).astype(np.float32)
ALIKE = np.repeat(X[:1], 4, axis=0)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 2)

    def forward(self, x, *more):
        return self.head(x)


def in_keras(inputs):
    tensors = [keras.Input((None, 3)) for _ in range(inputs)]
    return keras.Model(tensors, keras.layers.Dense(2)(tensors[0]))


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ([X[:, :1]], "one time step"),
        ([X[:1]], "one sample"),
        ([ALIKE], "all samples of x are alike"),
        ([X, np.zeros_like(X)], "x1 is zero throughout"),
        ([X, X], "x and x1 are equal"),
    ],
)
def test_what_inputs_cannot_show_is_said(inputs, sentence):
    evidence = compare.check(Model(), in_keras(len(inputs)), inputs, "to_keras")

    assert evidence.verdict == "same"
    (sentences,) = evidence.unexercised.values()
    assert any(sentence in each for each in sentences)


def test_of_other_inputs_nothing_is_said():
    inputs = [X, X[::-1].copy()]

    evidence = compare.check(Model(), in_keras(2), inputs, "to_keras")

    assert evidence.unexercised == {}
