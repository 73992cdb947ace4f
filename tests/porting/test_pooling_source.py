"""Pooling in ports: windows that are not whole, and sizes that are not known."""

import keras
import numpy as np
import pytest
from keras import layers
from ports import drawn, port_of, widest_gap
from torch import from_numpy

SIZES = {1: ((9,), (10,), (4,)), 2: ((9, 8), (7, 12), (4, 4)), 3: ((5, 6, 4),)}
CONFIGURATIONS = (
    {},
    {"pool_size": 3, "strides": 2},
    {"pool_size": 2, "strides": 1, "padding": "same"},
    {"padding": "same"},
    {"pool_size": 3, "padding": "same"},
    {"pool_size": 3, "strides": 2, "padding": "same"},
    {"pool_size": 3, "strides": 1, "padding": "same"},
    {"pool_size": 4, "strides": 3, "padding": "same"},
    {"pool_size": 2, "strides": 3, "padding": "same"},
)


def images(size, seed=0):
    """Images of which all numbers are below zero, so that zeros around them show."""
    x = np.random.default_rng(seed).normal(size=(3, *size, 4)) - 5
    return x.astype("float32")


def gap_of(model, x):
    """The widest gap, in parts of 1e-12; in float32 over three axes, in 1e-6.

    TensorFlow pools over three axes in float32 alone.
    """
    if x.ndim < 5:
        return widest_gap(model, x) / 1e-12
    result, expected = port_of(model)(from_numpy(x)).numpy(), model(x).numpy()
    assert result.shape == expected.shape
    return np.abs(result / expected - 1).max() / 1e-6


def gaps(make, sizes):
    """The widest gaps of a port for each size, and of that for any size."""
    for size in sizes:
        inputs = keras.Input((*size, 4))
        yield gap_of(keras.Model(inputs, make()(inputs)), images(size))
    inputs = keras.Input((*[None] * len(sizes[0]), 4))
    open_model = keras.Model(inputs, make()(inputs))
    for size in sizes:
        yield gap_of(open_model, images(size))


@pytest.mark.parametrize("settings", CONFIGURATIONS, ids=str)
@pytest.mark.parametrize("word", ["Max", "Average"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_pooling_is_written(axes, word, settings):
    def make():
        return getattr(layers, f"{word}Pooling{axes}D")(**{"pool_size": 2, **settings})

    assert max(gaps(make, SIZES[axes])) < 1


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("word", ["Max", "Average"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_global_pooling_is_written(axes, word, keepdims):
    def make():
        return getattr(layers, f"Global{word}Pooling{axes}D")(keepdims=keepdims)

    assert max(gaps(make, SIZES[axes])) < 1


@pytest.mark.parametrize("word", ["Max", "Average"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_pooling_to_a_size_is_written(axes, word):
    inputs = keras.Input((*SIZES[axes][0], 4))
    layer = getattr(layers, f"Adaptive{word}Pooling{axes}D")((3, 2, 4)[:axes])

    gap = gap_of(keras.Model(inputs, layer(inputs)), images(SIZES[axes][0]))

    assert gap < 1


@pytest.mark.parametrize("keepdims", [False, True])
def test_a_mean_over_time_leaves_out_masked_steps(keepdims):
    inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(11, 4, mask_zero=True)(inputs)
    x = layers.GlobalAveragePooling1D(keepdims=keepdims)(x)
    rng = np.random.default_rng(3)
    indices = rng.integers(0, 3, (5, 9)).astype("int32")
    indices[:, 4] = 7

    assert widest_gap(drawn(keras.Model(inputs, x)), indices) < 1e-12


def test_windows_of_two_that_are_not_whole_are_rounded_up():
    inputs = keras.Input((None, None, 4))
    outputs = layers.MaxPooling2D(padding="same")(inputs)

    source = port_of(keras.Model(inputs, outputs)).source

    assert "nn.MaxPool2d(2, ceil_mode=True)" in source
    assert "pad_same" not in source
