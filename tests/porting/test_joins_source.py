"""Layers that join or reshape tensors, written in PyTorch."""

import inspect
import re

import keras
import numpy as np
import pytest
from keras import layers
from ports import drawn, port_of, widest_gap

from compare.kinds.reshaping_source import ACTING_IN_TRAINING

EXACT = 1e-12  # of results in float64


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


MERGES = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")


@pytest.mark.parametrize("name", MERGES)
@pytest.mark.parametrize("count", [2, 3])
def test_a_merge_of_several_tensors_is_keras_s(name, count):
    if name == "Subtract" and count == 3:
        count = 2
    x = keras.Input((None, 4))
    branches = [layers.Dense(5)(x) for _ in range(count)]
    y = getattr(layers, name)()(branches)
    model = drawn(keras.Model(x, y))

    assert widest_gap(model, numbers(3, 6, 4)) < EXACT


@pytest.mark.parametrize("name", MERGES)
def test_tensors_of_fewer_axes_get_them_behind_the_batch(name):
    x, v = keras.Input((6, 2, 4)), keras.Input((4,))
    y = getattr(layers, name)()([layers.Dense(4)(x), v])
    model = drawn(keras.Model([x, v], y))

    assert widest_gap(model, numbers(3, 6, 2, 4), numbers(3, 4, seed=1)) < EXACT


def test_sizes_of_one_are_stretched():
    x, v = keras.Input((6, 4)), keras.Input((1, 4))
    y = layers.Multiply()([x, v])
    model = keras.Model([x, v], y)

    assert widest_gap(model, numbers(3, 6, 4), numbers(3, 1, 4, seed=1)) < EXACT


@pytest.mark.parametrize("axis", [-1, 1, 2, -2, 3])
def test_concatenation_along_any_axis(axis):
    x = keras.Input((4, 3, 2))
    y = layers.Concatenate(axis=axis)([x, layers.Dense(2)(x), x])
    model = drawn(keras.Model(x, y))

    assert widest_gap(model, numbers(2, 4, 3, 2)) < EXACT


DOTS = [
    ((4,), (4,), 1),
    ((4,), (4,), -1),
    ((3, 4), (5, 4), 2),
    ((3, 4), (5, 4), -1),
    ((3, 4), (3, 5), 1),
    ((3, 4), (4, 5), (2, 1)),
    ((4, 3), (5, 4), (1, 2)),
    ((3, 4), (4,), (2, 1)),
    ((4,), (3, 4), (1, 2)),
    ((2, 3, 4), (5, 4), (3, 2)),
    ((2, 3, 4), (3, 5, 6), (2, 1)),
]


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(("first", "second", "axes"), DOTS)
def test_dot_along_any_axes(first, second, axes, normalize):
    a, b = keras.Input(first), keras.Input(second)
    model = keras.Model([a, b], layers.Dot(axes, normalize=normalize)([a, b]))

    assert widest_gap(model, numbers(2, *first), numbers(2, *second, seed=1)) < EXACT


RESHAPES = [
    ((6, 4), layers.Reshape((3, 8))),
    ((6, 4), layers.Reshape((-1, 8))),
    ((6, 4), layers.Reshape((24,))),
    ((6, 4), layers.Reshape((-1,))),
    ((24,), layers.Reshape((2, 3, -1))),
    ((24,), layers.Reshape((24,))),
    ((None, 6, 4), layers.Reshape((-1, 24))),
    ((None, 4), layers.Reshape((-1, 2, 2))),
    ((6, 4), layers.Permute((2, 1))),
    ((6, 4), layers.Permute((1, 2))),
    ((2, 3, 4), layers.Permute((3, 1, 2))),
    ((2, 3, 4), layers.Permute((2, 1, 3))),
    ((None, 3, 4), layers.Permute((3, 1, 2))),
    ((4,), layers.RepeatVector(5)),
    ((6, 4), layers.Flatten()),
    ((4,), layers.Flatten()),
    ((2, 3, 4), layers.Flatten()),
    ((2, 3, 4), layers.Flatten("channels_first")),
    ((6, 4), layers.Identity()),
    ((6, 4), layers.GaussianNoise(0.3)),
    ((6, 4), layers.GaussianDropout(0.3)),
    ((6, 4), layers.AlphaDropout(0.3)),
    ((6, 4), layers.SpatialDropout1D(0.3)),
    ((5, 6, 4), layers.SpatialDropout2D(0.3)),
    ((6, 4), layers.ActivityRegularization(0.3)),
]


@pytest.mark.parametrize(
    ("shape", "layer"), RESHAPES, ids=lambda value: getattr(value, "name", str(value))
)
def test_a_layer_that_changes_the_shape_alone(shape, layer):
    x = keras.Input(shape)
    y = layers.Activation("tanh")(layer(x))
    model = keras.Model(x, y)
    sizes = [7 if size is None else size for size in shape]

    assert widest_gap(model, numbers(3, *sizes)) < EXACT


@pytest.mark.parametrize("name", ACTING_IN_TRAINING)
def test_layers_that_act_in_training_alone_are_left_out(name):
    """What Keras 3 does not do at work is not in the port, which says so."""
    layer = getattr(layers, name)
    settings = {}
    for setting in inspect.signature(layer.__init__).parameters:
        if re.search("^factor|(height|width|ness)_factor|rate|stddev|l1", setting):
            settings[setting] = 0.4
    x = keras.Input((8, 8, 3))
    y = layer(name="changing", **settings)(x)
    model = drawn(keras.Model(x, layers.Dense(2)(y)))

    assert widest_gap(model, numbers(2, 8, 8, 3)) < EXACT
    assert f"changing ({name})" in port_of(model).source
