"""Padding has no gradient, and does not change any."""

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

from compare.judging.evidence import DIFFERENT, SAME


@of_each(MASKED)
@pytest.mark.parametrize("value", [0.0, 1e6, np.nan])
def test_gradients_are_the_same_whatever_the_padding(masked, name, value):
    found = masked(name).compare(value)

    assert found.verdict == SAME, found


@of_each(MASKED)
@pytest.mark.parametrize("value", [0.0, 1e6, np.nan])
def test_padding_has_no_gradient(harness, masked, name, value):
    """Exactly zero on both sides, while every valid step has one."""
    for side in SIDES:
        for dtype in harness.PRECISIONS:
            of_x, _ = masked(name).of(side, dtype, value)

            assert not of_x[~VALID].any()
            assert of_x[VALID].any(-1).all()


@pytest.fixture(scope="module")
def forgetful(harness):
    """A model whose Keras twin reads every sequence to the end of its padding."""
    ops, make = harness.in_keras.keras.ops, makers(harness, "model")

    def keras_model():
        model = make["keras"]()
        right = model.call
        model.call = lambda x, lengths: right(x, ops.full_like(lengths, 8))
        return model

    return Masked(harness, {**make, "keras": keras_model}, ["prediction"])


@pytest.mark.xdist_group("forgetful")
def test_gradients_of_a_twin_that_reads_padding_are_different(forgetful):
    assert forgetful.compare(0.0).verdict == DIFFERENT


@pytest.mark.xdist_group("forgetful")
def test_padding_that_is_read_has_a_gradient(forgetful):
    of_x, _ = forgetful.of("keras", "float64")

    assert of_x[~VALID].any(-1).all()
