"""What a user hands over wrongly is refused in one line."""

from functools import partial

import keras
import numpy as np
import pytest
from own_pairs import DIFFERENT, SAME, X, nested, sequential
from torch import nn

import compare
from compare import BadInput


@pytest.mark.parametrize(
    ("x", "said"),
    [
        ("words", "x: expected numbers"),
        (np.float32(1), "a batch axis"),
        ([], "x: expected"),
        (np.zeros((0, 9, 8)), "something to run on"),
        (np.where(np.arange(8) == 3, np.nan, X), r"x\[0, 0, 3\]: expected a finite"),
    ],
)
def test_input_that_is_none_is_refused(x, said):
    with pytest.raises(BadInput, match=said):
        compare.check(nested(), sequential(), x, "to_keras")


def test_models_in_the_wrong_order_are_refused():
    with pytest.raises(BadInput, match="PyTorch's model first"):
        compare.check(sequential(), nested(), X)


def test_unknown_transfer_is_refused():
    with pytest.raises(BadInput, match="expected one of None, 'to_keras'"):
        compare.check(nested(), sequential(), X, "keras")


def test_keras_model_without_weights_is_refused():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.out = keras.layers.Dense(3)

        def call(self, x):
            return self.out(x)

    with pytest.raises(BadInput, match="call it once on an input first"):
        compare.check(nested(), Model(), X)


def test_name_table_comes_before_order_and_sizes():
    """Two layers of one size, of which order alone says which is which."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x):
            return self.first(x) - self.second(x)

    x = keras.Input((None, 8))
    a, b = keras.layers.Dense(8, name="a"), keras.layers.Dense(8, name="b")
    twin = keras.Model(x, keras.layers.Subtract()([a(x), b(x)]))
    check = partial(compare.check, Model(), twin, X, "to_keras")

    assert check().verdict == SAME
    assert check(names={"first": "a", "second": "b"}).verdict == SAME
    assert check(names={"first": "b", "second": "a"}).verdict == DIFFERENT


def test_assert_same_raises_with_the_report():
    with pytest.raises(AssertionError, match="starts at") as error:
        compare.assert_same(nested(), sequential(), X)

    assert "matched (PyTorch = Keras)" in str(error.value)
