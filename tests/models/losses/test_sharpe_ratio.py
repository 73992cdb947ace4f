"""The negative Sharpe ratio in both frameworks, and where it is not defined."""

import numpy as np
import pytest
from loss_values import LIMIT64, SIDES, compute, gap, inputs, softmax


@pytest.mark.parametrize("side", SIDES)
def test_the_variance_divides_by_the_number_of_days(side):
    weights, returns = inputs("negative_sharpe_ratio")
    daily = (weights * returns).sum(axis=1)

    value, _ = compute(side, "negative_sharpe_ratio", (weights, returns))
    assert gap(value, -daily.mean() / daily.std(ddof=0)) < LIMIT64
    assert gap(value, -daily.mean() / daily.std(ddof=1)) > 0.01


@pytest.mark.parametrize("side", SIDES)
def test_the_ratio_has_no_unit(side):
    """Returns in percent give the same number."""
    weights, returns = inputs("negative_sharpe_ratio")
    name = "negative_sharpe_ratio"

    value, _ = compute(side, name, (weights, returns))
    in_percent, _ = compute(side, name, (weights, 100 * returns))
    assert gap(in_percent, value) < LIMIT64


def constant(case, dtype):
    """Weights and returns of a portfolio that earns the same every day."""
    days = 10_000 if case == "ten thousand days" else 64
    rng = np.random.default_rng(11)
    earned = {"losses": -0.0123, "ten thousand days": 0.3}.get(case, 0.01)
    weights = softmax(rng.normal(size=(days, 5)).astype(dtype))
    returns = np.full((days, 5), earned, dtype)
    if case == "one day":
        return weights[:1], rng.normal(size=(1, 5))
    if case == "zero returns":
        return weights, 0 * returns
    if case == "zero weights":
        return 0 * weights, returns
    if case == "equal in every bit":
        return np.full_like(weights, 0.25), returns
    assert np.ptp((weights * returns).sum(axis=1)) > 0  # rounding alone
    return weights, returns


CONSTANT = (
    "equal in every bit",
    "equal up to rounding",
    "losses",
    "zero returns",
    "zero weights",
    "one day",
    "ten thousand days",  # whose float32 mean is off by 1.5e-6 in Keras
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("case", CONSTANT)
def test_constant_returns_have_loss_zero_and_gradient_zero(case, side, dtype):
    arrays = constant(case, dtype)

    value, gradients = compute(side, "negative_sharpe_ratio", arrays, dtype)
    assert value == 0
    assert all((gradient == 0).all() for gradient in gradients)


def around_one(step):
    """One asset that earns 1 - step and 1 + step in turn, all exact in float32."""
    return np.ones((6, 1)), np.array([[1 - step], [1 + step]] * 3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("step", "loss"), [(2.0**-20, 0), (2.0**-19, -(2.0**19)), (2.0**-12, -(2.0**12))]
)
def test_the_ratio_begins_just_above_1e_6(side, dtype, step, loss):
    """2^-20 is 0.95e-6, 2^-19 is 1.9e-6. At 2^-12 E[R^2] - E[R]^2 is 0 in float32."""
    arrays = around_one(step)

    value, gradients = compute(side, "negative_sharpe_ratio", arrays, dtype)
    assert value == loss
    assert all(np.isfinite(g).all() and g.any() == bool(loss) for g in gradients)


@pytest.mark.parametrize("factor", [0.999, 1.001])
@pytest.mark.parametrize("side", SIDES)
def test_the_threshold_is_relative_to_the_largest_return(side, factor):
    weights, returns = around_one(factor * 1e-6)

    value, _ = compute(side, "negative_sharpe_ratio", (weights, -0.01 * returns))
    np.testing.assert_allclose(value, 0 if factor < 1 else 1e6 / factor, 1e-9)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("which", [0, 1], ids=["weights", "returns"])
def test_a_nan_is_not_taken_for_a_constant(side, which):
    arrays = inputs("negative_sharpe_ratio")
    arrays[which][3, 2] = np.nan

    value, _ = compute(side, "negative_sharpe_ratio", arrays)
    assert np.isnan(value)
