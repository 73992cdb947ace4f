"""The examples that portfolios learn from."""

import numpy as np
import pytest
from training_runs import Steps, group

from compare.errors import BadInput
from compare.subjects.cases import FIXED
from compare.subjects.prices import Prices


def rising(days):
    """Two assets whose prices say which day it is."""
    day = np.arange(days)
    return Prices("made up", ("A", "B"), np.stack([10 + day**1.5, 50 - day], 1))


def test_examples_are_windows_and_the_returns_of_the_day_after():
    prices = rising(12)
    p = prices.values
    x, after = prices.examples(5)

    assert (x.dtype, after.dtype) == (np.float32, np.float32)
    assert (x.shape, after.shape) == ((6, 5, 4), (6, 2))
    for number in range(6):
        first = number + 1  # the day before gives the first return
        for step in range(5):
            day = first + step
            relative, daily = p[day] / p[first], p[day] / p[day - 1] - 1
            assert np.allclose(x[number, step], [*relative, *daily], rtol=1e-6)
        assert np.allclose(after[number], p[first + 5] / p[first + 4] - 1, rtol=1e-6)


def test_the_last_example_is_followed_by_the_newest_day():
    prices = rising(12)
    _, after = prices.examples(5)

    assert np.allclose(after[-1], prices.values[-1] / prices.values[-2] - 1, rtol=1e-6)


@pytest.mark.parametrize(("days", "enough"), [(7, False), (8, True)])
def test_two_windows_are_the_fewest_to_learn_from(days, enough):
    if enough:
        assert len(rising(days).examples(5)[0]) == 2
    else:
        with pytest.raises(BadInput, match="expected at least 8 days to learn from"):
            rising(days).examples(5)


@pytest.fixture(scope="module")
def portfolio(train):
    """One epoch of the paper's model on the prices that come with the package."""
    with pytest.MonkeyPatch.context() as patch:
        steps = Steps(patch)
        return train("portfolio_flatten", epochs=1), steps


@group("portfolio")
def test_a_portfolio_learns_in_step(portfolio):
    evidence, _ = portfolio

    assert evidence.settings["loss"] == "negative_sharpe_ratio"
    assert evidence.done == 25
    assert evidence.in_step, evidence.deciding


def each_example(windows, returns):
    """Each as bytes."""
    both = zip(windows, returns, strict=True)
    return [(window.tobytes(), days.tobytes()) for window, days in both]


@group("portfolio")
def test_a_portfolio_learns_from_the_first_three_quarters_of_the_days(portfolio, etfs):
    """No example that it is tested on, and none twice."""
    _, steps = portfolio
    x, after = etfs.examples(FIXED)
    learnt = int(0.75 * len(x))
    early = each_example(x[:learnt], after[:learnt])
    late = each_example(x[learnt:], after[learnt:])
    taken = [
        example
        for (windows,), returns, _ in steps.taken["keras", "float32"]
        for example in each_example(windows, returns)
    ]

    assert len(set(taken)) == len(taken) == 25 * 64
    assert set(taken) <= set(early)
    assert not set(taken) & set(late)


@group("portfolio")
def test_sharpe_ratios_of_both_are_the_same(portfolio):
    evidence, _ = portfolio

    assert set(evidence.sharpe) == {"in sample", "out of sample"}
    for by in evidence.sharpe.values():
        assert set(by) == {"days", "torch", "keras", "equal"}
        assert by["torch"] == pytest.approx(by["keras"], abs=1e-5)
        assert by["torch"] != pytest.approx(by["equal"], abs=1e-5)


@group("portfolio")
@pytest.mark.parametrize("part", ["in sample", "out of sample"])
def test_sharpe_ratio_of_equal_weights_is_that_of_the_mean_return(
    portfolio, etfs, part
):
    """A year has 252 days of trading; the deviation divides by the number of days."""
    evidence, _ = portfolio
    p = etfs.values[FIXED:]
    daily = (p[1:] / p[:-1] - 1).mean(axis=1)
    learnt = int(0.75 * len(daily))
    days = daily[:learnt] if part == "in sample" else daily[learnt:]
    expected = np.sqrt(252) * days.mean() / np.sqrt((days**2).mean() - days.mean() ** 2)

    assert evidence.sharpe[part]["equal"] == pytest.approx(expected, rel=1e-5)
