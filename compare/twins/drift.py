"""What makes twins drift apart as they learn: each cause removed, and each alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from compare.judging.evidence import OTHER
from compare.judging.optimizers import CAUSES
from compare.judging.training import Cause


class Run(Protocol):
    """What is needed of a training run to take it again with other settings."""

    recipe: Any
    interrupted: Any

    def restart(self) -> None:
        """Put the weights back with which the run began."""

    def training(self, side: str, dtype: str, optimizer: Any) -> Callable:
        """A function that takes one step on a batch and returns its loss."""

    def optimizers(self, removed: Any) -> Mapping[str, Any]:
        """The optimizer of each side, with the causes in `removed` taken away."""

    def batches(self) -> Any:
        """The batches of the run: inputs and target, in order."""


def explain(
    run: Run,
    losses: Mapping[str, Sequence[float]],
    drift: Mapping[str, str],
    progress: Callable,
) -> tuple[tuple[Cause, ...], float | None]:
    """What each cause explains, and what is left without all.

    The weights that were learnt are gone afterwards.

    Args:
        run: whose twins have parted.
        losses: of its steps, by side and precision.
        drift: the causes that were not removed, and what each is.
        progress: is called after each step.

    Returns:
        Of all causes, or of those before Ctrl-C, when nothing is said of what is left.
    """
    leads = losses[f"{run.recipe.follow}64"]
    whole = _gap(losses["torch64"], losses["keras64"])

    def left(removed, name):
        curve = _curve(run, removed, len(leads), name, progress)
        if len(curve) < len(leads):
            return None  # interrupted
        return _gap(leads, curve) / whole

    found = []
    for name, sentence in drift.items():
        without = left({*run.recipe.removed, name}, f"without {name}")
        alone = left(set(CAUSES) - {name}, f"{name} alone")
        if without is None or alone is None:
            return tuple(found), None
        found.append(Cause(name, sentence, 1 - without, alone))
    return tuple(found), left(CAUSES, "without all")


def _curve(run, removed, steps, name, progress):
    """The losses in float64 of the side that follows, other causes removed."""
    side = OTHER[run.recipe.follow]
    run.restart()
    training = run.training(side, "float64", run.optimizers(removed)[side])
    losses = []
    for arrays, target in run.batches():
        if len(losses) == steps or run.interrupted.is_set():
            break
        losses.append(float(training(arrays, target)[0]))
        progress(name, len(losses), steps, {side: losses[-1]})
    return losses


def _gap(first, second):
    """Mean difference of two loss curves."""
    return float(np.mean(np.abs(np.subtract(first, second))))
