"""Layers that make numbers of categories, written in PyTorch."""

import keras
import numpy as np
import pytest
from keras import layers
from ports import drawn, port_of, widest_gap

from compare.errors import BadInput


def test_a_number_on_a_bound_is_in_the_bin_above_it():
    x = keras.Input((5,))
    bins = layers.Discretization(bin_boundaries=[-1.0, 0.0, 0.5])(x)
    model = drawn(keras.Model(x, layers.Embedding(4, 3)(bins)))
    array = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
    array[0] = -1.0, 0.0, 0.5, -2.0, 7.0

    assert widest_gap(model, array) < 1e-12


@pytest.mark.parametrize("mode", ["multi_hot", "one_hot", "count"])
@pytest.mark.parametrize("size", [1, 3])
def test_ones_at_the_places_of_categories(mode, size):
    x = keras.Input((size,), dtype="int32")
    encoded = layers.CategoryEncoding(6, output_mode=mode)(x)
    model = drawn(keras.Model(x, layers.Dense(3)(encoded)))
    array = np.random.default_rng(0).integers(0, 6, (4, size)).astype("int32")
    array[0] = 2

    assert widest_gap(model, array) < 1e-12


def test_bins_that_are_not_told_are_refused():
    x = keras.Input((5,))
    layer = layers.Discretization(bin_boundaries=[0.0], output_mode="one_hot")

    with pytest.raises(BadInput, match="put a CategoryEncoding after it"):
        port_of(keras.Model(x, layer(x)))
