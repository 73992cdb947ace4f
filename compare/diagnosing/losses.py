"""Why the gradients of a loss differ: its terms, or a factor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing import loss_terms
from compare.diagnosing.conclusion import Diagnosis
from compare.diagnosing.finding import Finding, known_mistakes, reading
from compare.judging.explanation import Explanation
from compare.judging.result import DIFFERENT, SAME, SIDES, Judgement, StageResult
from compare.judging.words import Side
from compare.kinds.mistake import LossFactor
from compare.mistakes import Mistake
from compare.twins.injecting import injected_everywhere

if TYPE_CHECKING:
    from compare.twins.twins import Twins


@dataclass(frozen=True)
class _Suspect:
    """A mistake in a loss that explains why its gradients differ.

    Args:
        side: where it is.
        mistake: of the library.
        cure: what makes PyTorch's loss the same as Keras's loss.
        after: the judgement with the cure.
    """

    side: Side
    mistake: Mistake[LossFactor]
    cure: LossFactor
    after: Judgement


def diagnose(
    twins: Twins,
    loss: str,
    arrays: tuple[np.ndarray, ...],
    targets: Sequence[np.ndarray],
    stages: Sequence[StageResult],
) -> Explanation:
    """Find out why the gradients of a loss differ: by its terms, or by a factor.

    Args:
        twins: loaded, and the same on these arrays.
        loss: name of the loss.
        arrays: one for each input.
        targets: one for each result that counts.
        stages: as `Twins.gradients` judges them; at least one differs.
    """
    explanation = loss_terms.explain(twins, loss, arrays, targets, stages)
    if explanation is not None:
        return explanation
    stage = next(stage for stage in stages if stage.verdict == DIFFERENT)
    suspects = []
    if stage.stage == "loss":
        suspects = _suspects(twins, loss, arrays, targets)
    findings, after = [], None
    if suspects:
        readings = tuple(reading("loss", s.side, s.mistake) for s in suspects)
        findings = [Finding("loss", readings, cure=suspects[-1].cure)]
        after = suspects[-1].after
    tried = len(known_mistakes(LossFactor, loss))
    diagnosis = Diagnosis(findings, stage, after, tried, _observation_of(stage))
    return replace(diagnosis.explanation(), layer=stage.stage)


def _suspects(
    twins: Twins,
    loss: str,
    arrays: tuple[np.ndarray, ...],
    targets: Sequence[np.ndarray],
) -> list[_Suspect]:
    """Try every mistake in the loss, on either side.

    Only PyTorch's loss is changed: a mistake on Keras's side is made in it, one on its
    own side is taken back. The arguments are those of `diagnose`.
    """
    suspects = []
    for side in SIDES:
        for mistake in known_mistakes(LossFactor, loss):
            factor = mistake.effect.factor
            if all(factor(target.shape) is None for target in targets):
                continue
            if side == "torch":
                factor = _inverse(factor)
            cure = LossFactor(factor)
            with injected_everywhere(twins, cure):
                judgement = twins.gradients(loss, arrays, targets)
            if judgement.verdict == SAME:  # of the gradients as well
                suspects.append(_Suspect(side, mistake, cure, judgement))
    return suspects


Factor = Callable[[tuple[int, ...]], float | None]  # of a result's shape


def _inverse(factor: Factor) -> Factor:
    """The function that takes a factor of a loss back."""

    def inverse(shape: tuple[int, ...]) -> float | None:
        number = factor(shape)
        return None if number is None else 1 / number

    return inverse


def _observation_of(stage: StageResult) -> str:
    """What a stage of gradients shows, in words, where nothing explains it."""
    if stage.stage != "loss":
        return f"the loss is the same, its gradient by {stage.stage} is not"
    if not stage.worst or not stage.worst.keras:
        return "the loss is not the same"
    factor = stage.worst.torch / stage.worst.keras
    return f"PyTorch's loss is {factor:.6g} times Keras's loss"
