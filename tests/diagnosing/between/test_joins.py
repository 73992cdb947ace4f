"""Joins of two arrays: a maximum that always picks one of both is none."""

import numpy as np
import pytest

from compare.diagnosing.between.joins import joined
from compare.diagnosing.between.operation import Operation
from compare.diagnosing.operations.recognised import recognised
from compare.judging.distances import NEAR
from compare.mistakes import ACTIVATIONS
from compare.mistakes.activations import NONE

FUNCTIONS = {NONE: ACTIVATIONS[NONE], **ACTIVATIONS}
X, OTHER = np.random.default_rng(5).normal(0, 1, (2, 6, 5))


def of(y, other):
    """What a join of X with another array is found to be, in words."""
    found = joined(X, y, [("proj", other)], FUNCTIONS, NEAR)
    return [operation.does for operation, _ in found]


def test_a_maximum_of_two_arrays_is_found():
    assert "takes the maximum with proj" in of(np.maximum(X, OTHER), OTHER)


@pytest.mark.parametrize("larger", [X + 5, OTHER + 9])
def test_a_maximum_that_always_picks_one_array_is_not_found(larger):
    assert not any("maximum" in does for does in of(larger, larger))


def test_a_sum_with_nothing_is_not_found():
    assert of(X.copy(), np.zeros_like(X)) == []


def test_a_maximum_among_operations_is_found_where_it_picks_from_both():
    labels = [str(label) for label in recognised(np.maximum(X, OTHER), [X, OTHER])]
    one_sided = [str(label) for label in recognised(OTHER + 9, [X, OTHER + 9])]

    assert "the larger of both" in labels
    assert "the larger of both" not in one_sided


def test_a_function_before_a_maximum_is_written_in_the_place_of_the_array():
    operation = Operation("takes the maximum with proj", "max(x, proj)")

    assert operation.after("a relu").code == "max((a relu of x), proj)"
