"""Normalisation in ports."""

import keras
import numpy as np
import pytest
from keras import layers
from ports import drawn, widest_gap

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
