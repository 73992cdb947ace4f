"""Both twins of a loss make the same number and the same gradients."""

import numpy as np
import pytest
from loss_values import LIMIT64, NAMES, SIDES, compute, expected, gap, inputs

LIMIT32 = 1e-5


def worst(ours, theirs):
    """The largest gap of several arrays; NaN if one of them is."""
    return np.max([gap(*pair) for pair in zip(ours, theirs, strict=True)])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_value_is_numpys(name, side):
    value, _ = compute(side, name, inputs(name))

    np.testing.assert_allclose(value, expected(name, *inputs(name))[0], LIMIT64)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_the_formula(name, side):
    _, ours = compute(side, name, inputs(name))
    _, theirs = expected(name, *inputs(name))

    assert worst(ours, theirs) < LIMIT64


@pytest.mark.parametrize("side", SIDES[1:])
@pytest.mark.parametrize("name", NAMES)
def test_twins_agree(name, side):
    value, gradients = compute("PyTorch", name, inputs(name))
    keras_value, keras_gradients = compute(side, name, inputs(name))

    assert gap(keras_value, value) < LIMIT64
    assert worst(keras_gradients, gradients) < LIMIT64


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_float32_is_near(name, side):
    value, ours = compute(side, name, inputs(name), "float32")
    true_value, theirs = expected(name, *inputs(name))

    assert gap(value, true_value) < LIMIT32
    assert worst(ours, theirs) < LIMIT32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("name", NAMES)
def test_precision_is_kept(name, side, dtype):
    value, gradients = compute(side, name, inputs(name), dtype)

    assert {value.dtype, *(g.dtype for g in gradients)} == {np.dtype(dtype)}
    assert value.shape == ()
