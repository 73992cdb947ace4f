"""What a user's model returns: numbers, booleans, and what is no tensor."""

from functools import partial

import keras
import numpy as np
import pytest
import torch
from odd_models import DIFFERENT, SAME, X, in_keras, in_pytorch

import compare
from compare import BadInput


def test_number_without_an_axis_is_compared():
    check = partial(compare.check, in_pytorch(torch.mean))

    evidence = check(in_keras(keras.ops.mean), X, "to_keras")

    assert evidence.verdict == SAME
    assert evidence.results[0].stages[-1].worst.index == (0,)
    assert check(in_keras(keras.ops.max), X, "to_keras").verdict == DIFFERENT


def test_booleans_are_compared():
    check = partial(compare.check, in_pytorch(lambda y: y > 0))

    assert check(in_keras(lambda y: y > 0), X, "to_keras").verdict == SAME
    wrong = check(in_keras(lambda y: y < 0), X, "to_keras")
    assert wrong.verdict == DIFFERENT


def test_whole_numbers_are_compared_whatever_their_width():
    cast = partial(keras.ops.cast, dtype="int32")
    check = partial(compare.check, in_pytorch(lambda y: (9 * y).long()))

    same = check(in_keras(lambda y: cast(9 * y)), X, "to_keras")

    assert same.verdict == SAME
    wrong = check(in_keras(lambda y: cast(8 * y)), X, "to_keras")
    assert wrong.verdict == DIFFERENT


def test_place_of_the_largest_is_compared():
    keras_one = in_keras(lambda y: keras.ops.argmax(y, axis=-1))

    evidence = compare.check(
        in_pytorch(lambda y: y.argmax(-1)), keras_one, X, "to_keras"
    )

    assert evidence.as_expected


class Held:
    """A result that is no tensor."""

    def __init__(self, y: object) -> None:
        self.y = y


@pytest.mark.parametrize("side", ["torch", "keras"])
@pytest.mark.parametrize(
    ("behind", "said"),
    [
        (lambda y: np.ones(3), "got output of type ndarray"),
        (Held, "got output of type Held"),
        (lambda y: {"a": y, "b": (y, "text")}, r"got output\.b\.1 of type str"),
    ],
    ids=["ndarray", "object", "str"],
)
def test_result_that_is_no_tensor_is_named(side, behind, said):
    each = {"torch": lambda y: y, "keras": lambda y: y, side: behind}
    who = {"torch": "PyTorch's InPyTorch", "keras": "Keras's InKeras"}[side]

    with pytest.raises(BadInput, match=f"^{who}: .*{said}"):
        compare.check(in_pytorch(each["torch"]), in_keras(each["keras"]), X, "to_keras")
