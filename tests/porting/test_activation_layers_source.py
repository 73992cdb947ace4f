"""Layers of activations and of dropout in ports."""

import keras
import numpy as np
import pytest
from keras import layers
from ports import drawn, port_of, widest_gap

from compare.errors import BadInput

IMAGES = (6, 5, 4)
# TensorFlow rounds slopes to float32 in float64 too: those here need no rounding.


def gap(layer, shape, seed=1):
    inputs = keras.Input(shape)
    model = drawn(keras.Model(inputs, layer(inputs)))
    x = np.random.default_rng(seed).normal(0, 2, (3, *shape)).astype("float32")
    return widest_gap(model, x)


@pytest.mark.parametrize(
    "layer",
    [
        layers.ReLU(),
        layers.ReLU(max_value=6),
        layers.ReLU(max_value=1.5),
        layers.ReLU(negative_slope=0.25),
        layers.ReLU(negative_slope=0.2, max_value=1),
        layers.ReLU(threshold=0.5),
        layers.ReLU(threshold=0.5, negative_slope=0.2, max_value=1.5),
        layers.ReLU(threshold=1, max_value=1.5),
        layers.LeakyReLU(negative_slope=0.25),
        layers.LeakyReLU(negative_slope=0.0625),
        layers.ELU(),
        layers.ELU(alpha=0.5),
        layers.Softmax(),
        layers.Softmax(axis=1),
        layers.Softmax(axis=[1, 2]),
        layers.AlphaDropout(0.3),
        layers.SpatialDropout2D(0.3),
    ],
    ids=lambda layer: layer.name,
)
@pytest.mark.parametrize("after_convolution", [False, True])
def test_layers_of_activations_are_written(layer, after_convolution):
    inputs = keras.Input(IMAGES)
    x = layers.Conv2D(3, 2)(inputs) if after_convolution else inputs
    cls, config = type(layer), layer.get_config()
    model = drawn(keras.Model(inputs, cls.from_config(config)(x)))
    x = np.random.default_rng(1).normal(0, 2, (3, *IMAGES)).astype("float32")

    assert widest_gap(model, x) < 1e-12


@pytest.mark.parametrize(
    ("shape", "shared"),
    [
        ((5,), None),
        ((7, 5), None),
        ((7, 5), [1]),
        ((7, 5), [1, 2]),
        ((7, 5), [2]),
        ((6, 7, 5), [1, 2]),
        ((6, 7, 5), [1]),
        ((6, 7, 5), [2, 3]),
        ((6, 7, 5), [1, 2, 3]),
        ((6, 7, 5), None),
    ],
    ids=str,
)
def test_prelu_is_written_with_any_shared_axes(shape, shared):
    assert gap(layers.PReLU(shared_axes=shared), shape) < 1e-12


def test_softmax_leaves_out_what_a_mask_leaves_out():
    inputs, mask = keras.Input((7,)), keras.Input((7,), dtype="bool")
    model = keras.Model([inputs, mask], layers.Softmax()(inputs, mask))
    rng = np.random.default_rng(2)
    x, counts = rng.normal(size=(3, 7)).astype("float32"), rng.random((3, 7)) < 0.6
    counts[2] = False

    assert widest_gap(model, x, counts) < 1e-12


def test_dropout_of_features_moves_nothing_at_inference():
    inputs = keras.Input((None, 5))
    x = layers.SpatialDropout1D(0.2, name="drop")(inputs)
    x = layers.LSTM(4)(x)

    source = port_of(drawn(keras.Model(inputs, x))).source

    assert "self.drop = nn.Dropout1d(0.2)" in source
    assert "x = self.drop(x.transpose(1, 2)).transpose(1, 2)" in source


@pytest.mark.parametrize(
    "activation",
    [
        layers.LeakyReLU(negative_slope=0.25),
        layers.ELU(alpha=0.5),
        layers.ReLU(max_value=1.5),
        layers.ReLU(),
        "glu",
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["Dense", "Conv2D", "Activation"])
def test_layers_are_written_as_activations_of_others(name, activation):
    if name == "Activation":
        layer = layers.Activation(activation)
    elif name == "Dense":
        layer = layers.Dense(4, activation=activation)
    else:
        layer = layers.Conv2D(4, 2, activation=activation)

    assert gap(layer, IMAGES) < 1e-12


@pytest.mark.parametrize(
    "activation", ["sparsemax", layers.ReLU(threshold=0.5)], ids=["function", "layer"]
)
def test_activations_that_pytorch_has_not_are_refused(activation):
    inputs = keras.Input((4,))
    outputs = layers.Dense(3, activation=activation, name="head")(inputs)
    model = keras.Model(inputs, outputs)

    with pytest.raises(BadInput, match="head: Dense with the activation"):
        port_of(model)
