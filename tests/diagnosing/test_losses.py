"""Losses that are wrong by a factor: noticed by their gradients, and explained."""

import numpy as np
import pytest

from compare.diagnosing import losses as loss_diagnosis
from compare.judging.result import DIFFERENT, SAME, StageResult
from compare.mistakes import MISTAKES
from compare.twins import sensitivity
from compare.twins.models import losses
from compare.twins.targets import targets

X = np.random.default_rng(4).normal(0, 1, (4, 6, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def probe():
    """Modules that load PyTorch."""
    return sensitivity, loss_diagnosis


LOSSES = {
    "mean_squared_error": {
        "sum for mean",
        "mean for sum",
        "mean over the batch only",
        "half the squared error",
    },
    "negative_sharpe_ratio": {
        "ddof 1 for 0",
        "ddof 0 for 1",
        "annualised",
        "not annualised",
    },
    "cross_entropy": {"sum over the batch for mean"},
}


@pytest.mark.parametrize("loss", LOSSES)
def test_mistakes_in_a_loss_are_noticed_by_its_gradients(probe, last_step, loss):
    sensitivity, _ = probe
    aims = targets(loss, [(4, 4)], 0)
    probed = sensitivity.loss_sensitivity("small", last_step, loss, (X,), aims)

    assert {f.name for f in MISTAKES if loss in f.kinds} == LOSSES[loss]
    assert probed.noticed == probed.faults == len(LOSSES[loss])
    assert probed.place == f"small, gradients of {loss}"


def test_a_loss_that_is_zero_hides_its_mistakes(probe, last_step):
    """Constant returns have no Sharpe ratio."""
    sensitivity, _ = probe
    aims = [np.zeros((4, 4), np.float32)]
    probed = sensitivity.loss_sensitivity(
        "zero", last_step, "negative_sharpe_ratio", (X,), aims
    )

    assert probed.noticed == 0
    names = {each.fault for each in probed.survivors}
    assert names == LOSSES["negative_sharpe_ratio"]
    assert {each.reason for each in probed.survivors} == {sensitivity.HERE}


def test_a_loss_is_as_it_was_after_each_mistake(probe, last_step):
    loss, aims = "mean_squared_error", targets("mean_squared_error", [(4, 4)], 0)
    before = last_step.gradients(loss, (X,), aims)
    probe[0].loss_sensitivity("small", last_step, loss, (X,), aims)

    assert last_step.gradients(loss, (X,), aims) == before


FACTORS = {  # loss, what Keras's is times too much, and what says so
    "a sum": ("mean_squared_error", 16, "sum for mean"),
    "a mean twice": ("mean_squared_error", 1 / 16, "mean for sum"),
    "a sum over outputs": ("mean_squared_error", 4, "mean over the batch only"),
    "half": ("mean_squared_error", 1 / 2, "half the squared error"),
    "ddof 1": ("negative_sharpe_ratio", (3 / 4) ** 0.5, "ddof 1 for 0"),
    "ddof 0": ("negative_sharpe_ratio", (4 / 3) ** 0.5, "ddof 0 for 1"),
    "per year": ("negative_sharpe_ratio", 252**0.5, "annualised"),
    "per day": ("negative_sharpe_ratio", 252**-0.5, "not annualised"),
    "added up": ("cross_entropy", 4, "sum over the batch for mean"),
}


@pytest.fixture
def wrong_loss(probe, monkeypatch):
    """Keras's loss times a number, and what its gradients are said to differ by."""

    def told(twins, x, loss, factor):
        right = losses(loss)

        def wrong(y, aim):
            return factor * right["keras"](y, aim)

        monkeypatch.setattr(
            "compare.twins.twins.losses", lambda name, sides: {**right, "keras": wrong}
        )
        aims = targets(loss, [(4, 4)], 0)
        found = twins.gradients(loss, (x,), aims)
        return probe[1].diagnose(twins, loss, (x,), aims, found.stages)

    return told


@pytest.mark.parametrize("case", FACTORS)
def test_a_loss_with_a_factor_is_explained(last_step, wrong_loss, case):
    loss, factor, name = FACTORS[case]
    found = wrong_loss(last_step, X, loss, factor)

    assert found.explained, found
    first = f"{found.fix.split(': ')[0]}: {found.faults[0]}"
    others = (f"loss of {each}" for each in found.indistinguishable_from)
    assert f"loss of Keras: {name}" in (first, *others)
    assert found.layer == "loss"
    assert found.gap_after <= found.limit < found.gap_before
    assert "in loss of" in found.sentence
    assert found.fix


def test_a_loss_with_a_factor_that_nobody_knows_is_said(last_step, wrong_loss):
    found = wrong_loss(last_step, X, "mean_squared_error", 1.25)

    assert not found.explained
    assert found.sentence == "PyTorch's loss is 0.8 times Keras's loss"
    assert found.explain() == [
        "place     loss",
        f"unknown   none of 4 mistakes explains it; {found.sentence}",
    ]


def test_gradients_that_differ_behind_the_same_loss_are_not_blamed_on_it(
    probe, last_step
):
    """A loss that is the same where it is taken, with another slope."""
    figures = dict(
        gap64=0.1, limit64=1e-14, gap32=0.1, noise_torch=0.0, noise_keras=0.0
    )
    stages = [
        StageResult(name, verdict, **figures, horizon=1, steps=1)
        for name, verdict in (("loss", SAME), ("x", SAME), ("lstm.bias_ih", DIFFERENT))
    ]
    aims = targets("mean_squared_error", [(4, 4)], 0)
    found = probe[1].diagnose(last_step, "mean_squared_error", (X,), aims, stages)

    assert not found.explained
    assert found.layer == "lstm.bias_ih"
    assert found.sentence == "the loss is the same, its gradient by lstm.bias_ih is not"
