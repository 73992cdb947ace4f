"""Padding has no gradient, and does not change any."""

import keras
import numpy as np
import pytest
from gradient_models import (
    MASKED,
    SIDES,
    VALID,
    Masked,
    makers,
    of_each,
)

from compare.judging.result import DIFFERENT, SAME
from compare.judging.words import PRECISIONS


@of_each(MASKED)
@pytest.mark.parametrize("value", [0.0, 1e6, np.nan])
def test_gradients_are_the_same_whatever_the_padding(masked, name, value):
    found = masked(name).compare(value)

    assert found.verdict == SAME, found


@of_each(MASKED)
@pytest.mark.parametrize("value", [0.0, 1e6, np.nan])
def test_padding_has_no_gradient(masked, name, value):
    """Exactly zero on both sides, while every valid step has one."""
    for side in SIDES:
        for dtype in PRECISIONS:
            of_x, _ = masked(name).of(side, dtype, value)

            assert not of_x[~VALID].any()
            assert of_x[VALID].any(-1).all()


@pytest.fixture(scope="module")
def forgetful():
    """A model whose Keras twin reads every sequence to the end of its padding."""
    ops, make = keras.ops, makers("model")

    def keras_model():
        model = make["keras"]()
        right = model.call
        model.call = lambda x, lengths: right(x, ops.full_like(lengths, 8))
        return model

    return Masked({**make, "keras": keras_model}, ["prediction"])


@pytest.mark.xdist_group("forgetful")
def test_gradients_of_a_twin_that_reads_padding_are_different(forgetful):
    assert forgetful.compare(0.0).verdict == DIFFERENT


@pytest.mark.xdist_group("forgetful")
def test_padding_that_is_read_has_a_gradient(forgetful):
    of_x, _ = forgetful.of("keras", "float64")

    assert of_x[~VALID].any(-1).all()
