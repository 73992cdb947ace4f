"""What makes twins drift apart as they learn: each cause removed, and each alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from compare.judging.model_causes import OF_SIDE
from compare.judging.optimizers import CAUSES
from compare.judging.result import OTHER
from compare.judging.training import Cause
from compare.judging.words import Side
from compare.twins.task import Progress
from compare.twins.training_run import TrainingRun


def explain(
    run: TrainingRun,
    losses: Mapping[str, Sequence[float]],
    drift: Mapping[str, str],
    progress: Progress,
) -> tuple[tuple[Cause, ...], float | None]:
    """What each cause explains, and what is left without all.

    The weights that were learnt are gone afterwards.

    Args:
        run: whose twins have parted.
        losses: of its steps, by side and precision.
        drift: the causes that were not removed, and what each is.
        progress: is called after each step.

    Returns:
        All causes, and the gap without them, as a part of the whole gap. After Ctrl-C,
        the causes before it, and None.
    """
    leads = losses[f"{run.recipe.follow}64"]
    whole = _mean_gap(losses["torch64"], losses["keras64"])
    every = (*CAUSES, *OF_SIDE)
    causes: list[Cause] = []
    for name, sentence in drift.items():
        removed = {*run.recipe.removed, name}
        gap_without = _gap(run, removed, leads, f"without {name}", progress)
        all_but_this = set(every) - {name}
        gap_alone = _gap(run, all_but_this, leads, f"{name} alone", progress)
        if gap_without is None or gap_alone is None:
            return tuple(causes), None
        share = 1 - gap_without / whole
        causes.append(Cause(name, sentence, share, alone=gap_alone / whole))
    gap_left = _gap(run, every, leads, "without all", progress)
    if gap_left is None:
        return tuple(causes), None
    return tuple(causes), gap_left / whole


def _gap(
    run: TrainingRun,
    removed: Collection[str],
    leads: Sequence[float],
    name: str,
    progress: Progress,
) -> float | None:
    """The mean gap of the losses with some causes removed; None after Ctrl-C.

    Args:
        run: whose side that follows takes all steps again, in float64, and the other as
            well where one of the causes is in its model.
        removed: the causes.
        leads: losses of the side that leads.
        name: of this part of the work, for `progress`.
        progress: is called after each step.
    """
    leader, follower = run.recipe.follow, OTHER[run.recipe.follow]
    sides = [follower]
    if any(OF_SIDE.get(name) == leader for name in set(removed) - run.recipe.removed):
        sides.append(leader)  # it does otherwise than in the run as well
    run.restart()
    optimizers = run.optimizers(removed)
    trainers = {
        side: run.trainer(side, "float64", optimizers[side], removed) for side in sides
    }
    losses: dict[Side, list[float]] = {side: [] for side in sides}
    for inputs, target in run.batches():
        if len(losses[follower]) == len(leads):
            break
        if run.interrupted.is_set():
            return None
        for side, trainer in trainers.items():
            loss, _ = trainer(inputs, target)
            losses[side].append(float(loss))
        latest = {follower: losses[follower][-1]}
        progress(name, len(losses[follower]), len(leads), latest)
    return _mean_gap(losses.get(leader, leads), losses[follower])


def _mean_gap(leads: Sequence[float], follows: Sequence[float]) -> float:
    """The mean difference of two loss curves of as many steps."""
    return float(np.mean(np.abs(np.subtract(leads, follows))))
