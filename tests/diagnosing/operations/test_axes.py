"""An axis is told by the number that the model of either side gives it."""

import re

import keras
import numpy as np
import pytest
import torch
from own_cases import in_pytorch

import compare

X = np.random.default_rng(5).normal(size=(3, 2, 7, 9)).astype(np.float32)
AXIS = re.compile(r"have a softmax over axis (\d)")


def first(axis):
    torch.manual_seed(0)
    return in_pytorch(
        lambda m, x: torch.softmax(m.conv(x), axis), conv=torch.nn.Conv2d(2, 5, 3)
    )


def second(axis):
    conv, softmax = keras.layers.Conv2D(5, 3), keras.layers.Softmax(axis=axis)
    return keras.Sequential([keras.Input((7, 9, 2)), conv, softmax])


@pytest.mark.parametrize(("axis", "keras_axis"), [(2, -1), (1, 2), (3, 1)])
def test_the_axis_that_a_fix_tells_is_right_on_the_side_that_it_is_for(
    axis, keras_axis
):
    """Images have their features second in PyTorch, and last in Keras."""
    evidence = compare.check(first(axis), second(keras_axis), X, "to_keras")
    found = evidence.results[0].explanation
    (other,) = found.alternatives
    right, keras_right = (int(AXIS.search(t)[1]) for t in (found.fix, other.fix))

    assert evidence.verdict == "different"
    assert f"over axis {keras_axis % 4} (over axis {right} in" in found.sentence
    mended = first(right), second(keras_axis)
    assert compare.check(*mended, X, "to_keras").verdict == "same"
    mended = first(axis), second(keras_right)
    assert compare.check(*mended, X, "to_keras").verdict == "same"
