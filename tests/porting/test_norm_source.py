"""Normalisation in ports."""

import keras
import numpy as np
import pytest
from keras import layers
from ports import drawn, port_of, widest_gap

SHAPES = {2: (5,), 3: (7, 5), 4: (6, 7, 5), 5: (3, 4, 2, 5), 6: (2, 3, 4, 2, 5)}


def gap(layer, shape):
    inputs = keras.Input(shape)
    model = drawn(keras.Model(inputs, layer(inputs)))
    x = np.random.default_rng(1).normal(0.3, 2, (4, *shape)).astype("float32")
    return widest_gap(model, x)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"epsilon": 1e-5, "momentum": 0.9},
        {"scale": False},
        {"center": False},
        {"scale": False, "center": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("axes", SHAPES)
def test_batch_normalisation_is_written(axes, settings):
    assert gap(layers.BatchNormalization(**settings), SHAPES[axes]) < 1e-12


@pytest.mark.parametrize(("axes", "axis"), [(3, 1), (4, 1), (4, 2), (4, -2), (5, 3)])
def test_batch_normalisation_of_another_axis_is_written(axes, axis):
    assert gap(layers.BatchNormalization(axis=axis), SHAPES[axes]) < 1e-12


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"epsilon": 1e-5},
        {"scale": False},
        {"center": False},
        {"scale": False, "center": False},
        {"rms_scaling": True},
        {"axis": 1},
        {"axis": [1, 2]},
        {"axis": [1, 3]},
        {"axis": [2, 3]},
        {"axis": [1, 2, 3], "scale": False},
        {"axis": [2, 1], "rms_scaling": True},
    ],
    ids=str,
)
def test_layer_normalisation_is_written(settings):
    assert gap(layers.LayerNormalization(**settings), SHAPES[4]) < 1e-12


@pytest.mark.parametrize("axis", [-1, 3, [2, 3], [1, 2, 3]], ids=str)
def test_rms_normalisation_is_written(axis):
    assert gap(layers.RMSNormalization(axis=axis), SHAPES[4]) < 1e-12


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], [1, 3]], ids=str)
def test_unit_normalisation_is_written(axis):
    assert gap(layers.UnitNormalization(axis=axis), SHAPES[4]) < 1e-12


@pytest.mark.parametrize(
    "settings",
    [
        {"groups": 2},
        {"groups": -1, "epsilon": 1e-5},
        {"groups": 3, "scale": False},
        {"groups": 3, "center": False},
        {"groups": 1, "center": False, "scale": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", [(6,), (5, 6), (4, 3, 6), (2, 3, 2, 6)], ids=str)
def test_group_normalisation_is_written(shape, settings):
    assert gap(layers.GroupNormalization(**settings), shape) < 1e-12


@pytest.mark.parametrize("axis", [1, 2])
def test_group_normalisation_of_another_axis_is_written(axis):
    layer = layers.GroupNormalization(groups=2, axis=axis)

    assert gap(layer, (4, 6, 3)) < 1e-12


def test_normalisation_after_a_convolution_moves_nothing():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.GroupNormalization(groups=2)(x)
    x = layers.UnitNormalization()(x)
    x = layers.GlobalMaxPooling2D()(x)

    port = port_of(drawn(keras.Model(inputs, x)))

    assert port.source.count("permute") == 1


def test_normalisation_between_recurrent_layers_is_one_line():
    inputs = keras.Input((None, 5))
    x = layers.LSTM(4, return_sequences=True)(inputs)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.LSTM(3)(x)
    model = drawn(keras.Model(inputs, x))

    source = port_of(model).source

    assert "x = self.norm(h.transpose(1, 2)).transpose(1, 2)" in source
    assert source.count("transpose") == 2
