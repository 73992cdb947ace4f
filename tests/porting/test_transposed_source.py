"""Transposed convolutions in ports."""

import itertools

import keras
import numpy as np
import pytest
from keras import layers
from ports import arrays_of, drawn, port_of, widest_gap
from torch import from_numpy

from compare.errors import BadInput
from compare.kinds.convolution_arrays import as_weight
from compare.kinds.transposed_convolution import compute

SHAPES = {1: (5,), 2: (4, 5), 3: (3, 4, 2)}
SETTINGS = [
    {"kernel_size": size, "strides": stride, "padding": padding}
    for size, stride, padding in itertools.product(
        (1, 2, 3, 4), (1, 2, 3), ("valid", "same")
    )
]
SETTINGS += [
    {"kernel_size": size, "strides": 3, "padding": padding, "output_padding": extra}
    for size, padding, extra in itertools.product((3, 4), ("valid", "same"), (0, 1, 2))
    if (size, padding, extra) != (4, "same", 0)  # which TensorFlow cannot run
]


def gap(layer, axes):
    """The widest gap of a port whose input has an open size."""
    inputs = keras.Input((*[None] * axes, 3))
    model = drawn(keras.Model(inputs, layer(inputs)))
    x = np.random.default_rng(1).normal(size=(2, *SHAPES[axes], 3)).astype("float32")
    return widest_gap(model, x)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_transposed_convolutions_are_written(axes, settings):
    layer = getattr(layers, f"Conv{axes}DTranspose")(4, activation="tanh", **settings)

    assert gap(layer, axes) < 1e-12


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_dilated_transposed_convolutions_are_what_they_compute(axes, padding):
    """TensorFlow runs none on a processor, so that the suite's own reference does."""
    inputs = keras.Input((*[None] * axes, 3))
    name = f"Conv{axes}DTranspose"
    layer = getattr(layers, name)(4, 3, padding=padding, dilation_rate=2)
    port = port_of(drawn(keras.Model(inputs, layer(inputs)))).double()
    x = np.random.default_rng(1).normal(size=(2, *SHAPES[axes], 3))
    arrays = arrays_of(layer)
    arrays = {"weight": as_weight(arrays["kernel"]), "bias": arrays["bias"]}

    result = port(from_numpy(x)).detach().numpy()
    options = {"dilation": (2,) * axes, "padding": padding}
    expected = compute(arrays, x, options)

    assert result.shape == expected.shape
    assert np.abs(result - expected).max() < 1e-12


def test_more_steps_than_pytorch_can_add_are_refused():
    inputs = keras.Input((None, 3))
    outputs = layers.Conv1DTranspose(4, 3, dilation_rate=1, name="up")(inputs)
    model = drawn(keras.Model(inputs, outputs))
    layer = model.get_layer("up")
    layer.output_padding = 4  # no layer of Keras takes it with strides of one

    with pytest.raises(BadInput, match="up: Conv1DTranspose that adds 4 steps"):
        port_of(model)
