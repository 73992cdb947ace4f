"""Training runs of two twins, and why they part where they do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from compare.in_pytorch import precision as in_pytorch_precision
from compare.judging.optimizers import VARIANCE, Optimizer, Recipe
from compare.judging.result import SAME, SIDES
from compare.judging.training import Cause, TrainingEvidence
from compare.judging.words import Side
from compare.twins import drift
from compare.twins.interrupting import Interruption
from compare.twins.task import Progress, Task
from compare.twins.training_run import TrainingRun
from compare.twins.versions import versions

DAYS_PER_YEAR = 252  # of trading
FEWEST_DAYS = 20  # a month of trading; a ratio of fewer means nothing


def train(
    task: Task,
    recipe: Recipe,
    started: float,
    progress: Progress,
    interruption: Interruption | None = None,
) -> TrainingEvidence:
    """Train both twins of a pair, and find out whether and why they part.

    Ctrl-C or SIGTERM ends the run after the step that it is in; so does a loss or a
    weight that is not finite.

    Args:
        task: what learns, and from what.
        recipe: how.
        started: `time.perf_counter()` when all began, for the seconds it took.
        progress: is called after each step.
        interruption: tells the caller which signal ended the run.

    Raises:
        BadInput: if there are fewer examples than a batch, or nothing is learnt.
    """
    if interruption is None:
        interruption = Interruption()
    with in_pytorch_precision.one_thread(), interruption as interrupted:
        run = TrainingRun(task, recipe, interrupted)
        recipe = run.recipe
        optimizers = run.optimizers(recipe.removed)
        course = run.in_step(optimizers, progress)
        drifting = {
            name: sentence
            for name, sentence in run.causes.items()
            if name not in recipe.removed
        }
        sharpe = {}
        if task.portfolios and not course.stopped:
            sharpe = sharpe_ratios(run)
        causes: tuple[Cause, ...] = ()
        gap_left = None
        complete = len(course.losses["torch64"]) == run.steps
        complete &= not interrupted.is_set()
        # A loss shows a step only when the next begins.
        if drifting and complete and course.tensors[0].verdict != SAME:
            causes, gap_left = drift.explain(run, course.losses, drifting, progress)
    return TrainingEvidence(
        versions=versions(),
        settings=_settings(run, optimizers),
        steps=run.steps,
        gradients=run.gradients,
        losses=course.losses,
        tensors=course.tensors,
        stopped=course.stopped,
        interrupted=interrupted.is_set(),
        drift=drifting,
        causes=causes,
        left=gap_left,
        sharpe=sharpe,
        seconds=time.perf_counter() - started,
        notes=run.notes(),
    )


def _settings(run: TrainingRun, optimizers: Mapping[Side, Optimizer]) -> dict[str, Any]:
    """What was run, as the evidence says it."""
    return {
        "pair": run.task.name,
        "source": run.data.source,
        "loss": run.task.loss,
        "optimizer": run.recipe.optimizer,
        **{side: _stepping(optimizer) for side, optimizer in optimizers.items()},
        "epochs": run.epochs,
        "batch_size": run.batch_size,
        "steps_per_epoch": run.steps_per_epoch,
        "seed": run.recipe.seed,
        "follow": run.recipe.follow,
        "removed": sorted(run.recipe.removed),
        "variances_aligned": VARIANCE in run.recipe.removed and VARIANCE in run.causes,
    }


def _stepping(optimizer: Optimizer) -> dict[str, Any]:
    """What a side steps with; what it clips only where it does."""
    document = asdict(optimizer)
    if not optimizer.clips:
        del document["clips"]
    return document


def sharpe_ratios(run: TrainingRun) -> dict[str, dict[str, float | None]]:
    """Annual Sharpe ratios of the learnt portfolios and of equal weights.

    Returns:
        "days", their number, and the ratio of "torch", "keras" and "equal", for the
        examples "in sample" and those "out of sample".
    """
    returns = run.data.target.astype(np.float64)  # (days, assets)
    weights: dict[str, np.ndarray] = {}
    for side in SIDES:
        weights[side] = run.twins.twin(side, "float32")(*run.data.inputs)["weights"]
    weights["equal"] = np.full_like(returns, 1 / returns.shape[1])
    samples = {
        "in sample": slice(run.data.learnt),
        "out of sample": slice(run.data.learnt, None),
    }
    ratios: dict[str, dict[str, float | None]] = {}
    for sample, days in samples.items():
        ratios[sample] = {"days": len(returns[days])}
        for portfolio, shares in weights.items():
            daily = (shares[days] * returns[days]).sum(axis=1)  # (days,)
            ratios[sample][portfolio] = _sharpe_ratio(daily)
    return ratios


def _sharpe_ratio(returns: np.ndarray) -> float | None:
    """E[R] / sqrt(E[R^2] - E[R]^2) of daily returns, annual; None of too few days."""
    spread = returns.std()
    if len(returns) < FEWEST_DAYS or not spread:
        return None
    return float(returns.mean() / spread * np.sqrt(DAYS_PER_YEAR))
