"""Errors that a user's model raises are refusals in its own words."""

import numpy as np
import pytest
from odd_models import X, in_keras, in_pytorch, sequential

import compare
from compare import BadInput

BOTH_REFUSE, ONE_REFUSES = "both refuse", "one refuses"


def raising(error):
    def behind(y):
        raise error

    return behind


class Own(Exception):
    """A kind that Keras cannot make anew, of two arguments."""

    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


ERRORS = [
    AssertionError("needs ten steps"),
    KeyError("state"),
    AttributeError("no head"),
    NotImplementedError("not yet"),
    ZeroDivisionError("division by zero"),
    OSError(2, "No such file"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("side", ["torch", "keras"])
def test_error_in_a_model_is_a_refusal_that_names_its_kind(side, error):
    behind = {"torch": lambda y: y, "keras": lambda y: y, side: raising(error)}

    evidence = compare.check(
        in_pytorch(behind["torch"]), in_keras(behind["keras"]), X, "to_keras"
    )

    assert evidence.verdict == ONE_REFUSES
    said = evidence.results[0].refusals[side]
    assert said.startswith(f"{type(error).__name__}: {error} (test_errors.py, line")
    assert "\n" not in said


def test_error_without_words_is_its_kind():
    evidence = compare.check(
        in_pytorch(), in_keras(raising(AssertionError())), X, "to_keras"
    )

    assert (
        evidence.results[0].refusals["keras"].startswith("AssertionError (test_errors")
    )


def test_keras_refusal_is_in_the_words_of_the_model():
    behind = raising(ValueError("needs five columns"))

    evidence = compare.check(in_pytorch(), in_keras(behind), X, "to_keras")

    assert evidence.results[0].refusals == {"keras": "needs five columns"}


def test_kind_of_a_users_own_is_named():
    behind = raising(Own("this", "that"))

    evidence = compare.check(in_pytorch(behind), in_keras(), X, "to_keras")

    assert evidence.results[0].refusals["torch"].startswith("Own: this and that")


def test_name_that_is_not_defined_is_no_refusal():
    with pytest.raises(BadInput, match=r"test_errors.py, line \d+: expected code"):
        compare.check(in_pytorch(lambda y: y * scale), in_keras(), X)  # noqa: F821


def test_interruption_passes():
    behind = raising(KeyboardInterrupt())

    with pytest.raises(KeyboardInterrupt):
        compare.check(in_pytorch(behind), in_keras(), X, "to_keras")


def test_both_models_that_assert_refuse_both():
    behind = raising(AssertionError("never"))

    with pytest.raises(BadInput, match="PyTorch: AssertionError: never") as error:
        compare.check(in_pytorch(behind), in_keras(behind), X, "to_keras")

    assert "Keras: AssertionError: never" in str(error.value)


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4, 4), (5, 3)])
def test_input_of_a_wrong_shape_is_said_in_one_line(shape):
    x = np.ones(shape, np.float32)
    refusals = {}

    try:
        evidence = compare.check(in_pytorch(), sequential(), x, "to_keras")
        refusals = evidence.results[0].refusals
    except BadInput as error:
        refusals = {"both": str(error)}

    assert refusals
    assert all("\n" not in said for said in refusals.values())


def test_input_that_both_refuse_is_not_refused_by_one():
    """Keras refuses to be built for it, PyTorch only to run."""
    with pytest.raises(BadInput, match=r"Keras: .*; PyTorch: mat1 and mat2"):
        compare.check(in_pytorch(), sequential(), X[:, :3], "to_keras")
