"""What a layer that normalises makes of an array is recognised from the numbers."""

import numpy as np
import pytest

from compare.diagnosing.operations.scaled import moved, multiplied, scaled

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4, 6, 5))


def numbers(axis):
    """A number for each entry along an axis of X."""
    shape = [1] * X.ndim
    shape[axis] = X.shape[axis]
    return RNG.normal(size=shape)


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_a_factor_for_each_entry_is_told_with_its_axis(axis):
    output = numbers(axis) * X + numbers(axis)

    assert next(scaled(output, X)) == (
        "a factor and an offset for each entry",
        f"along axis {axis}",
    )


@pytest.mark.parametrize(
    ("axes", "words"), [((1,), "over axis 1"), ((1, 2, 3), "over axes 1, 2 and 3")]
)
def test_what_is_standardised_before_is_told_with_its_axes(axes, words):
    distance = X - X.mean(axes, keepdims=True)
    standard = distance / np.sqrt(X.var(axes, keepdims=True) + 1e-3)
    output = numbers(1) * standard + numbers(1)

    assert next(scaled(output, X)) == ("the values standardised and scaled", words)


@pytest.mark.parametrize(
    ("ddof", "inside", "beside", "words"),
    [
        (1, 1e-6, 0, ", variance by n - 1"),
        (0, 0, 1e-6, ", epsilon beside the root"),
        (1, 0, 1e-6, ", variance by n - 1, epsilon beside the root"),
    ],
)
def test_what_is_standardised_by_hand_is_told_with_its_manner(
    ddof, inside, beside, words
):
    """As a layer norm of PyTorch's `std`, which divides by n - 1."""
    distance = X - X.mean(3, keepdims=True)
    variance = X.var(3, keepdims=True, ddof=ddof)
    output = numbers(3) * distance / (np.sqrt(variance + inside) + beside) + numbers(3)

    assert next(scaled(output, X)) == (
        "the values standardised and scaled",
        f"over axis 3{words}",
    )


def test_a_factor_of_all_is_told_and_of_one_number_only_a_whole_one():
    """Any number is some other one times a factor."""
    one = np.array(0.37)

    assert multiplied(15 * one, one) == "PyTorch's is 15 times that of Keras"
    assert multiplied(one / 4, one) == "PyTorch's is that of Keras divided by 4"
    assert multiplied(one * 1.7, one) == ""
    assert multiplied(X * 1.7, X) == "PyTorch's is 1.7 times that of Keras"
    assert multiplied(X, X) == multiplied(X + 1, X) == multiplied(X[:1], X) == ""


def test_other_numbers_are_no_such_thing():
    assert not list(scaled(RNG.normal(size=X.shape), X))
    assert not list(scaled(2 * X + 1, X))  # one factor for all is told elsewhere


def test_numbers_moved_along_an_axis_are_told():
    whole = RNG.normal(size=(2, 3, 13))

    assert moved(whole[:, :, 4:], whole[:, :, :-4]).startswith(
        "PyTorch has each number 4 entries earlier along axis 2"
    )
    assert moved(whole[:, :, :-2], whole[:, :, 2:]).startswith(
        "PyTorch has each number 2 entries later along axis 2"
    )
    assert moved(whole[:, :, 4:], RNG.normal(size=(2, 3, 9))) == ""
    assert moved(np.ones((2, 3, 4)), np.ones((2, 3, 4))) == ""
