"""Few numbers fit much by chance: then only what leaves nothing free is told."""

import numpy as np
import pytest

from compare.diagnosing.operations.recognised import recognised

TWO, FOUR = np.array([[-0.7], [0.3]]), np.array([[-0.7], [0.3], [-0.2], [0.9]])


def words(output, x):
    return [str(one) for one in recognised(output, [x])]


@pytest.mark.parametrize(
    ("function", "name"),
    [(np.tanh, "a tanh"), (lambda x: 1 / (1 + np.exp(-x)), "a sigmoid")],
    ids=["tanh", "sigmoid"],
)
def test_a_function_of_two_numbers_is_no_line_and_clips_nothing(function, name):
    assert words(function(TWO), TWO) == [name]


def test_a_multiple_of_two_numbers_is_told():
    assert words(2 * TWO, TWO) == ["the values times 2"]


def test_a_line_through_four_numbers_is_told():
    assert "the values times 2 plus 0.5" in words(2 * FOUR + 0.5, FOUR)


def test_four_numbers_of_which_some_are_clipped():
    assert "the values clipped to [-0.5, 0.5]" in words(np.clip(FOUR, -0.5, 0.5), FOUR)


def test_one_number_below_zero_is_no_slope():
    output = np.array([[-0.1], [0.3]])

    assert not any("relu" in text for text in words(output, TWO))
