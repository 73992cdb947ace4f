"""Two constants are told by what differs in them."""

import warnings

import numpy as np
import pytest
import tensorflow

from compare.diagnosing.operations.numbers import told_apart
from compare.diagnosing.operations.windowed import windowed
from compare.in_keras import traces as keras_traces
from compare.kinds.functions import softplus

PLACES = np.arange(6)[:, None] / np.array([1.0, 10.0, 100.0, 1000.0])
TABLE = np.concatenate([np.sin(PLACES), np.cos(PLACES)], 1)  # (time, features)


def test_ranges_that_differ_are_told_alone():
    assert told_apart(np.arange(4.0), np.arange(5.0)[1:]) == (
        "numbers from 0 to 3",
        "numbers from 1 to 4",
    )


def test_a_table_that_begins_one_later_is_told_so():
    longer = np.random.default_rng(2).uniform(-1, 1, (9, 2))
    longer[4, 0], longer[5, 1] = -2, 2  # the range of either is the same
    words, keras_words = told_apart(longer[:-1], longer[1:])

    assert words == f"{keras_words}, each entry 1 later along axis 0"


def test_the_same_numbers_in_another_order_are_told_so():
    shuffled = TABLE.reshape(6, 2, 4).swapaxes(1, 2).reshape(6, 8)
    words, keras_words = told_apart(shuffled, TABLE)

    assert words == (
        f"{keras_words}, those of Keras, the entries shuffled in 2 groups along axis 1"
    )


@pytest.mark.parametrize("step", [1e-4, 1e-7, 1e-12])
def test_numbers_of_one_range_are_told_with_as_many_digits_as_differ(step):
    other = TABLE.copy()
    other[2, 1] += step
    words, keras_words = told_apart(other, TABLE)

    assert words != keras_words
    assert words.endswith("at [2, 1]")


def test_nothing_warns_of_what_is_no_number():
    """Neither windows of padding alone, nor a softplus of NaN, nor a variable."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(softplus(np.array([np.nan]))).all()
        assert softplus(np.array([-np.inf, 0.0, np.inf])).tolist() == [
            0.0,
            np.log(2),
            np.inf,
        ]
        x = np.random.default_rng(0).standard_normal((2, 3, 2))
        assert not list(windowed(np.ones((2, 9, 2)), x))
        variable = tensorflow.Variable([1.0, 2.0])
        array = keras_traces._as_array(variable)  # noqa: SLF001
    assert array.tolist() == [1.0, 2.0]
