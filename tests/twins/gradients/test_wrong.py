"""Gradients of wrong weights, losses and targets are different."""

import keras
import numpy as np
import pytest
from gradient_models import (
    gradients,
    last_step_group,
)
from helpers import tampered

from compare.judging.result import DIFFERENT
from compare.twins.models import losses


def swap_gates(arrays):
    """i, f, g, o becomes f, i, g, o in every array of the layer."""
    i, f, g, o = np.split(np.arange(4 * 64), 4)
    return {name: array[..., np.r_[f, i, g, o]] for name, array in arrays.items()}


WRONG = {
    "lstm kernel times 1 + 1e-6": (
        "lstm",
        lambda arrays: {"kernel": arrays["kernel"] * (1 + 1e-6)},
    ),
    "dense kernel times 1 + 1e-6": (
        "logits",
        lambda arrays: {"kernel": arrays["kernel"] * (1 + 1e-6)},
    ),
    "swapped gates": ("lstm", swap_gates),
}


@last_step_group
@pytest.mark.parametrize("mistake", WRONG)
def test_gradients_of_wrong_weights_are_different(last_step, etfs, mistake):
    with tampered(last_step, *WRONG[mistake]):
        found = gradients(last_step, etfs)

    assert found.verdict == DIFFERENT


WRONG_LOSSES = {
    "a sum for the mean": (
        "mean_squared_error",
        lambda ops, right: lambda y, aim: ops.sum(ops.square(y - aim)),
    ),
    "labels of the next sequence": (
        "cross_entropy",
        lambda ops, right: lambda y, labels: right(y, ops.roll(labels, 1)),
    ),
    "a Sharpe ratio with ddof 1": (
        "negative_sharpe_ratio",
        lambda ops, right: lambda y, returns: right(y, returns) * (3 / 4) ** 0.5,
    ),
}


@last_step_group
@pytest.mark.parametrize("mistake", WRONG_LOSSES)
def test_a_loss_of_another_formula_is_caught(last_step, etfs, monkeypatch, mistake):
    loss, another = WRONG_LOSSES[mistake]
    right = losses(loss)
    wrong = {**right, "keras": another(keras.ops, right["keras"])}
    monkeypatch.setattr("compare.twins.twins.losses", lambda name, sides: wrong)
    found = gradients(last_step, etfs, loss)

    assert found.verdict == DIFFERENT
    assert found.stages[0].stage == "loss"
    assert found.stages[0].verdict == DIFFERENT


@last_step_group
def test_a_target_that_is_nan_is_caught(last_step, etfs):
    """Both sides then have NaN everywhere; NaN is the same as nothing."""
    aim = np.full((4, 4), np.nan, np.float32)
    found = last_step.gradients("mean_squared_error", (etfs.windows(50, 4),), [aim])

    assert found.verdict == DIFFERENT
    assert {stage.verdict for stage in found.stages} == {DIFFERENT}
    assert all("NaN in float64" in stage.reason for stage in found.stages)
