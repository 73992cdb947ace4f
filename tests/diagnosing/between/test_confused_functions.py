"""Functions that people confuse, between two dense layers, are named.

PyTorch's model calls a function, Keras's has it in a layer, as users write both.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import Input
from compare.judging.result import SAME
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

F = torch.nn.functional
A = keras.activations
NUMBERS = 5


def twins_of(function, activation, size=3.0):
    """A dense layer, a function of what it makes, and a head."""

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = torch.nn.Linear(NUMBERS, 6)
            self.head = torch.nn.Linear(6, 2)

        def forward(self, x):
            return self.head(function(self.body(x)))

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.body = keras.layers.Dense(6, activation=activation)
            self.head = keras.layers.Dense(2)

        def call(self, x):
            return self.head(self.body(x))

    twins = Twins(
        {"torch": InPyTorch, "keras": InKeras}, (Input("x", (None, NUMBERS)),), ["y"]
    )
    assert not twins.refusals
    twins.load("to_keras", lambda layers: fresh_weights(layers, [5]))
    twins.splits = {}
    x = np.random.default_rng(0).normal(0, size, (40, NUMBERS))
    return twins, (x.astype(np.float32),)


# PyTorch's function, Keras's, and what the explanation says of both.
WRONG = {
    "relu6, relu": (F.relu6, "relu", ("relu6", "a relu")),
    "relu, relu6": (F.relu, "relu6", ("a relu", "relu6")),
    "silu, hard silu": (F.silu, "hard_silu", ("a silu", "a hard silu")),
    "hardswish, silu": (F.hardswish, "swish", ("a hard silu", "a silu")),
    "elu, selu": (F.elu, "selu", ("an elu", "a selu")),
    "selu, elu": (F.selu, "elu", ("a selu", "an elu")),
    "celu 0.5, celu": (
        lambda x: F.celu(x, 0.5),
        "celu",
        ("a celu of alpha 0.5", "an elu"),
    ),
    "gelu by tanh, gelu": (
        lambda x: F.gelu(x, approximate="tanh"),
        "gelu",
        ("a gelu by tanh", "a gelu"),
    ),
    "gelu by sigmoid, gelu": (
        lambda x: x * torch.sigmoid(1.702 * x),
        "gelu",
        ("a gelu by sigmoid", "a gelu"),
    ),
    "leaky relu": (F.leaky_relu, "leaky_relu", ("slope 0.01", "slope 0.2")),
    "leaky relu of one's own": (
        lambda x: F.leaky_relu(x, 0.15),
        "leaky_relu",
        ("slope 0.15", "slope 0.2"),
    ),
    "leaky relu of one's own in Keras": (
        F.leaky_relu,
        lambda x: A.leaky_relu(x, negative_slope=0.07),
        ("slope 0.01", "slope 0.07"),
    ),
    "softplus, relu": (F.softplus, "relu", ("a softplus", "a relu")),
    "softplus of beta 2": (
        lambda x: F.softplus(x, beta=2.0),
        "softplus",
        ("a softplus of beta 2", "a softplus"),
    ),
    "mish, silu": (F.mish, "silu", ("a mish", "a silu")),
    "softsign, tanh": (F.softsign, "tanh", ("a softsign", "a tanh")),
    "tanhshrink, tanh": (F.tanhshrink, "tanh", ("a tanh shrink", "a tanh")),
    "softshrink, hardshrink": (
        F.softshrink,
        "hard_shrink",
        ("a soft shrink", "a hard shrink"),
    ),
    "softshrink of one's own": (
        lambda x: F.softshrink(x, 0.3),
        "soft_shrink",
        ("a soft shrink by 0.3", "a soft shrink"),
    ),
    "hard sigmoid of Keras 2": (
        lambda x: torch.clamp(0.2 * x + 0.5, 0, 1),
        "hard_sigmoid",
        ("a hard sigmoid of slope 0.2", "a hard sigmoid"),
    ),
    "sigmoid, hard sigmoid": (
        torch.sigmoid,
        "hard_sigmoid",
        ("a sigmoid", "a hard sigmoid"),
    ),
    "hard tanh, tanh": (F.hardtanh, "tanh", ("a hard tanh", "a tanh")),
    "clamp, hard tanh": (
        lambda x: torch.clamp(x, -0.5, 0.5),
        "hard_tanh",
        ("a clamp to [-0.5, 0.5]", "a hard tanh"),
    ),
    "log sigmoid, sigmoid": (
        F.logsigmoid,
        "sigmoid",
        ("a log sigmoid", "a sigmoid"),
    ),
    "log softmax, softmax": (
        lambda x: F.log_softmax(x, -1),
        "softmax",
        ("a log softmax", "a softmax"),
    ),
    "softmax, sparsemax": (
        lambda x: F.softmax(x, -1),
        "sparsemax",
        ("softmax", "sparsemax"),
    ),
    "softplus, squareplus": (
        F.softplus,
        "squareplus",
        ("a softplus", "a squareplus"),
    ),
    "softplus, sparse plus": (
        F.softplus,
        "sparse_plus",
        ("a softplus", "a sparse plus"),
    ),
    "sigmoid, sparse sigmoid": (
        torch.sigmoid,
        "sparse_sigmoid",
        ("a sigmoid", "a sparse sigmoid"),
    ),
    "exponential, softplus": (torch.exp, "softplus", ("an exponential", "a softplus")),
}


@pytest.mark.parametrize(("function", "activation", "words"), WRONG.values(), ids=WRONG)
def test_functions_that_people_confuse_are_named(function, activation, words):
    twins, arrays = twins_of(function, activation)
    explanation = diagnose(twins, arrays)

    assert explanation.explained
    assert all(word in explanation.sentence for word in words)


RIGHT = {
    "a celu is an elu": (F.celu, "celu"),
    "a softplus of large numbers": (F.softplus, "softplus"),
    "a gelu": (F.gelu, "gelu"),
    "a hardswish": (F.hardswish, "hard_swish"),
    "a leaky relu of one's own": (
        lambda x: F.leaky_relu(x, 0.15),
        lambda x: A.leaky_relu(x, negative_slope=0.15),
    ),
    "a squareplus by hand": (
        lambda x: (x + torch.sqrt(x * x + 4)) / 2,
        "squareplus",
    ),
}


@pytest.mark.parametrize(("function", "activation"), RIGHT.values(), ids=RIGHT)
def test_the_same_functions_are_the_same(function, activation):
    """PyTorch's softplus is linear above 20, where it is off by 2e-9."""
    twins, arrays = twins_of(function, activation, size=20.0)
    stages, refusals = twins.run(*arrays)

    assert not refusals
    assert twins.judge(stages, arrays).verdict == SAME
