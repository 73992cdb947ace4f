"""Activations with constants, exact in float64."""

from contextlib import suppress

import keras
import numpy as np
import pytest
import tensorflow
from odd_models import DIFFERENT, SAME, X, in_keras, in_pytorch, sequential
from torch import nn

import compare
from compare import BadInput
from compare.in_keras.precision import settled
from compare.subjects.own import run as own
from compare.subjects.own.pair import OwnPair


def activations():
    layers, ops = keras.layers, keras.ops
    named, function = layers.Activation, layers.Lambda
    return {
        "LeakyReLU": (nn.LeakyReLU(0.2), layers.LeakyReLU(negative_slope=0.2)),
        "leaky_relu": (nn.LeakyReLU(0.2), named("leaky_relu")),
        "ops.leaky_relu": (
            nn.LeakyReLU(0.15),
            function(lambda y: ops.leaky_relu(y, 0.15)),
        ),
        "ReLU slope": (nn.LeakyReLU(0.1), layers.ReLU(negative_slope=0.1)),
        "ReLU maximum": (nn.Hardtanh(0, 1.1), layers.ReLU(max_value=1.1)),
        "ReLU6": (nn.ReLU6(), layers.ReLU(max_value=6)),
        "GELU": (nn.GELU(), named("gelu")),
        "GELU tanh": (
            nn.GELU("tanh"),
            function(lambda y: ops.gelu(y, approximate=True)),
        ),
        "Rescaling": (lambda y: 0.1 * y + 0.3, layers.Rescaling(0.1, 0.3)),
        "Rescaling each": (
            lambda y: y * y.new_tensor([0.1, 0.2, 0.3]),
            layers.Rescaling([0.1, 0.2, 0.3]),
        ),
        "ELU": (nn.ELU(0.7), layers.ELU(0.7)),
        "SELU": (nn.SELU(), named("selu")),
        "Softplus": (nn.Softplus(), named("softplus")),
        "SiLU": (nn.SiLU(), named("silu")),
        "hard sigmoid": (nn.Hardsigmoid(), named("hard_sigmoid")),
        "Mish": (nn.Mish(), named("mish")),
        "Hardtanh": (nn.Hardtanh(), named("hard_tanh")),
    }


NAMES = [
    "LeakyReLU",
    "leaky_relu",
    "ops.leaky_relu",
    "ReLU slope",
    "ReLU maximum",
    "ReLU6",
    "GELU",
    "GELU tanh",
    "Rescaling",
    "Rescaling each",
    "ELU",
    "SELU",
    "Softplus",
    "SiLU",
    "hard sigmoid",
    "Mish",
    "Hardtanh",
]


@pytest.mark.parametrize("name", NAMES)
def test_activation_and_its_twin_are_the_same(name):
    """TensorFlow takes numbers such as 0.2 through float32, and so 1e-9 off."""
    torch_one, keras_one = activations()[name]

    evidence = compare.check(
        in_pytorch(torch_one), sequential(keras_one), X, "to_keras"
    )

    assert evidence.verdict == SAME


def test_activation_inside_a_dense_layer_is_the_same():
    layers = [keras.Input((4,)), keras.layers.Dense(3, activation="leaky_relu")]

    evidence = compare.check(
        in_pytorch(nn.LeakyReLU(0.2)), keras.Sequential(layers), X, "to_keras"
    )

    assert evidence.verdict == SAME


@pytest.mark.parametrize(
    ("torch_one", "keras_one"), [("LeakyReLU", "ReLU slope"), ("GELU tanh", "GELU")]
)
def test_other_slope_and_other_gelu_are_different(torch_one, keras_one):
    every = activations()

    evidence = compare.check(
        in_pytorch(every[torch_one][0]),
        sequential(every[keras_one][1]),
        X,
        "to_keras",
    )

    assert evidence.verdict == DIFFERENT


@pytest.mark.parametrize("name", ["LeakyReLU", "GELU", "GELU tanh", "Rescaling"])
def test_gradients_behind_an_activation_are_the_same(name):
    torch_one, keras_one = activations()[name]
    models = dict(torch=in_pytorch(torch_one), keras=sequential(keras_one))
    pair = OwnPair("pair", models, (X,), transfer="to_keras")

    results = own.run(pair, gradients=True).results

    assert {result.verdict for result in results if result.loss} == {SAME}


@pytest.mark.parametrize("behind", [lambda y: y, lambda y: "no tensor"])
def test_tensorflow_is_as_it_was_behind_a_check(behind):
    homes = [
        (tensorflow, "cast"),
        *((tensorflow.nn, n) for n in ("gelu", "leaky_relu")),
    ]
    before = [getattr(home, name) for home, name in homes]  # as they are looked up

    with suppress(BadInput):
        compare.check(in_pytorch(), in_keras(behind), X, "to_keras")

    assert [getattr(home, name) for home, name in homes] == before


def test_cast_is_exact_in_float64_alone():
    with settled("float64"):
        exact = tensorflow.cast(0.1, "float64").numpy()
        narrow = tensorflow.cast(0.1, "float32").numpy()
        whole = tensorflow.cast(1.9, "int32").numpy()

    assert exact == 0.1
    assert narrow == np.float32(0.1)
    assert whole == 1
    assert tensorflow.cast(0.1, "float64").numpy() == np.float32(0.1)
