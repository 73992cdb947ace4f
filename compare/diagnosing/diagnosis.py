"""Why twins differ: which named mistakes take one to the other.

Both twins are looked into while they run. What is found in one place or several is then
made in PyTorch's twin, and explains the difference only if the twins are the same with
it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from compare.diagnosing import isolation, search
from compare.diagnosing.finding import Finding, Reading, known_mistakes, reading
from compare.diagnosing.in_layers.directions import uncrossed
from compare.diagnosing.isolated import Place
from compare.diagnosing.places import place_of
from compare.errors import BadInput
from compare.judging.explanation import Alternative, Explanation
from compare.judging.result import (
    DIFFERENT,
    ILL_CONDITIONED,
    SAME,
    SIDES,
    Judgement,
    StageResult,
    deciding,
)
from compare.judging.words import Side, Verdict
from compare.kinds.mistake import (
    Activation,
    ArraysOfAnotherLayer,
    ArraysOfLayer,
    Computation,
    FinalActivation,
    Handover,
    InitialStates,
    JoinedInput,
    LayerInput,
    LossFactor,
    ResultOrder,
)
from compare.mistakes import MISTAKES, Mistake
from compare.twins.injecting import injected_everywhere

if TYPE_CHECKING:
    from compare.twins.twins import Twins

# Effects in the order in which cures are made; HANDED are those on the next layer.
HANDED = (Handover, Activation, LayerInput, JoinedInput)
ORDER = (
    ArraysOfLayer,
    InitialStates,
    Computation,
    *HANDED,
    FinalActivation,
    ResultOrder,
)
TRIED = sum(
    isinstance(mistake.effect, (*ORDER, ArraysOfAnotherLayer)) for mistake in MISTAKES
)

ItemT = TypeVar("ItemT")


def diagnose(twins: Twins, arrays: tuple[np.ndarray, ...]) -> Explanation:
    """Find out why twins differ, or where, if no mistake of the library explains it.

    Args:
        twins: loaded, and different on these arrays, or one of them refuses.
        arrays: one for each input.
    """
    return _diagnosed(twins, arrays).explanation()


def proved(
    twins: Twins, arrays: tuple[np.ndarray, ...], whole: tuple[np.ndarray, ...]
) -> Explanation | None:
    """Explain twins by little, if that explains all: it takes a part of the time.

    Args:
        twins: as in `diagnose`.
        arrays: few samples and steps, on which they differ.
        whole: on which they differ as well, and are to be the same once cured.

    Returns:
        The explanation, its figures those of `whole`; None where no proof is found that
        holds on both.
    """
    diagnosis = _diagnosed(twins, arrays)
    if not diagnosis.is_proved():
        return None
    try:
        after = _judge_cured(twins, whole, diagnosis.findings, diagnosis.turned)
    except (ValueError, RuntimeError):  # a cure that is made for fewer steps
        return None
    if after is None or after.verdict not in (SAME, ILL_CONDITIONED):
        return None
    stages, refusals = twins.run(*whole)
    if refusals:
        return None
    last = _deciding(after)
    return replace(
        diagnosis.explanation(),
        gap_before=_deciding(twins.judge(stages, whole)).gap64,
        gap_after=last.gap64,
        limit=last.limit64,
    )


def _diagnosed(twins: Twins, arrays: tuple[np.ndarray, ...]) -> _Diagnosis:
    """What is found out about twins that differ; arguments as in `diagnose`."""
    stages, refusals = twins.run(*arrays)
    before = None
    if not refusals:
        before = _deciding(twins.judge(stages, arrays))
    try:
        isolated = isolation.isolate(twins, arrays)
    except BadInput as error:
        return _Diagnosis([], before, None, str(error))
    findings = list(search.findings(twins, isolated, arrays))
    findings = list(uncrossed(findings, isolated))
    after = None
    if any(finding.cure for finding in findings):
        after = _judge_cured(twins, arrays, findings, isolated.time_major)
    proofs = [SAME]
    if isolated.judged_steps:  # where float32 loses its digits, twins come no nearer
        proofs.append(ILL_CONDITIONED)
    first_finding = None
    if findings:
        first_finding = findings[0]
    return _Diagnosis(
        findings,
        before,
        after,
        isolated.in_words(),
        proofs,
        turned=isolated.time_major,
        place=place_of(first_finding, isolated, before),
    )


@dataclass(frozen=True)
class _Diagnosis:
    """What was found, and what became of the difference once it was cured.

    Args:
        findings: in the order in which the model meets them.
        before: the stage that decides the verdict without cures; None where a twin
            refuses.
        after: the judgement of twins with every cure that there is; None where there is
            none, or a twin refuses with them.
        observation: what is seen beside the findings, in words.
        proofs: verdicts of `after` that prove the findings.
        tried: how many mistakes were looked for.
        turned: as `_judge_cured` takes it.
        place: where the difference begins, if that is known.
    """

    findings: Sequence[Finding]
    before: StageResult | None
    after: Judgement | None
    observation: str = ""
    proofs: Collection[Verdict] = (SAME,)
    tried: int = TRIED
    turned: Collection[str] = ()
    place: Place | None = None

    def explanation(self) -> Explanation:
        """Explain the difference by the findings, as far as they are proved to."""
        is_proved = self.is_proved()
        chosen: list[Reading] = []
        alternatives: list[Reading] = []
        for finding in self.findings:  # the first reading of each is the one reported
            chosen += finding.readings[:1]
            alternatives += finding.readings[1:]
        gap_before = gap_after = limit = None
        last = self.before
        if self.before is not None:
            gap_before = self.before.gap64
        if is_proved and self.after is not None:
            last = _deciding(self.after)
        if last is not None:
            gap_after, limit = last.gap64, last.limit64
        causes = "; and ".join(_distinct(cause.sentence for cause in chosen))
        unexplained = self._unexplained()
        sentence, explained_part, unexplained_part = causes, "", ""
        if not is_proved:
            sentence = f"explains part: {causes}; beyond that {unexplained}"
            explained_part, unexplained_part = causes, unexplained
        if not causes:
            sentence = unexplained
        explanation = Explanation(
            explained=is_proved,
            faults=_mistake_names(chosen),
            sentence=sentence,
            fix="; and ".join(_distinct(cause.fix for cause in chosen)),
            indistinguishable_from=_named_by_side(alternatives),
            gap_before=gap_before,
            gap_after=gap_after,
            limit=limit,
            tried=self.tried,
            alternatives=_distinct(map(_alternative, alternatives)),
            part=explained_part,
            rest=unexplained_part,
        )
        if self.place is None:
            return explanation
        return replace(explanation, **asdict(self.place))

    def is_proved(self) -> bool:
        """Whether there is a cure for every finding, and with them no difference."""
        if self.after is None or not all(finding.cure for finding in self.findings):
            return False
        return self.after.verdict in self.proofs

    def _unexplained(self) -> str:
        """What is seen that no mistake explains, in words."""
        sentences = []
        for finding in self.findings:
            if not finding.readings:
                relation = "after" if finding.following else "in"
                sentences.append(f"{relation} {finding.layer}, {finding.unknown}")
        if not sentences and self.after is not None and self.after.stages:
            gap = _deciding(self.after).gap64
            if np.isfinite(gap):
                proof = f"with that alike on both sides the gap is still {gap:.1e}"
                sentences.append(proof)
        texts = ["; and ".join(_distinct(sentences)), self.observation]
        return "; ".join(text for text in texts if text)


def _distinct(items: Iterable[ItemT]) -> tuple[ItemT, ...]:
    """Leave out repetitions: one mistake may show in two layers."""
    return tuple(dict.fromkeys(items))


def _mistake_names(readings: Sequence[Reading]) -> tuple[str, ...]:
    """The names of all mistakes that readings name, each once."""
    mistakes: list[Mistake] = []
    for cause in readings:
        mistakes += cause.mistakes
    return _distinct(mistake.name for mistake in mistakes)


def _named_by_side(readings: Sequence[Reading]) -> tuple[str, ...]:
    """Readings that name mistakes, each as "PyTorch: name and name"."""
    texts = []
    for cause in readings:
        if cause.side and cause.mistakes:
            mistakes = " and ".join(mistake.name for mistake in cause.mistakes)
            texts.append(f"{SIDES[cause.side]}: {mistakes}")
    return _distinct(texts)


def _alternative(cause: Reading) -> Alternative:
    """A reading as evidence has it."""
    mistakes = tuple(mistake.name for mistake in cause.mistakes)
    side = cast("Side", cause.side)  # a reading of neither side is never an alternative
    return Alternative(side, mistakes, cause.sentence, cause.fix)


def _deciding(judgement: Judgement) -> StageResult:
    """The stage that the verdict rests on; after a refusal, the first that differs."""
    decider = deciding(judgement.verdict, judgement.stages)
    if decider is not None:
        return decider
    for stage in judgement.stages:
        if stage.verdict != SAME:
            return stage
    return judgement.stages[0]


# ------------------------------------------------------------------------------- cures


def _judge_cured(
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    findings: Sequence[Finding],
    turned: Collection[str],
) -> Judgement | None:
    """Judge the twins with PyTorch's twin doing as Keras's twin in every place found.

    Args:
        twins: loaded.
        arrays: one for each input.
        findings: those that have no cure are left as they are.
        turned: layers of PyTorch that take batch and time for each other; their
            stages are judged in Keras's order, (batch, time, features).

    Returns:
        None where a twin refuses.
    """
    with ExitStack() as stack:
        for finding in sorted(findings, key=_number_of_cure):
            if finding.cure is None:
                continue
            following = None  # is not read, but for what is handed on
            if isinstance(finding.cure, HANDED):
                following = finding.following
            stack.enter_context(
                injected_everywhere(twins, finding.cure, finding.layer, following)
            )
        try:
            stages, refusals = twins.run(*arrays)
            if refusals:
                return None
            for (side, _), arrays_by_stage in stages.items():
                if side == "torch":
                    _turn_back(arrays_by_stage, turned)
            return twins.judge(stages, arrays)
        except IndexError:  # the code between layers may not take what it gets now
            return None


def _number_of_cure(finding: Finding) -> int:
    """The place in ORDER of a finding's cure, or the number after the last for none."""
    if finding.cure is None:
        return len(ORDER)
    return ORDER.index(type(finding.cure))


def _turn_back(stages: dict[str, np.ndarray], turned: Collection[str]) -> None:
    """Give the stages of some layers their batch and time in the right places."""
    for layer in turned:
        if layer in stages:
            stages[layer] = stages[layer].swapaxes(0, 1)  # (batch, time, features)


# -------------------------------------------------------------------------------- loss


@dataclass(frozen=True)
class _LossSuspect:
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


def diagnose_loss(
    twins: Twins,
    loss: str,
    arrays: tuple[np.ndarray, ...],
    targets: Sequence[np.ndarray],
    stages: Sequence[StageResult],
) -> Explanation:
    """Find out why the gradients of a loss differ, if its value is wrong by a factor.

    Args:
        twins: loaded, and the same on these arrays.
        loss: name of the loss.
        arrays: one for each input.
        targets: one for each result that counts.
        stages: as `Twins.gradients` judges them; at least one differs.
    """
    stage = next(stage for stage in stages if stage.verdict == DIFFERENT)
    suspects = []
    if stage.stage == "loss":
        suspects = _suspects_of_loss(twins, loss, arrays, targets)
    findings, after = [], None
    if suspects:
        readings = tuple(reading("loss", s.side, s.mistake) for s in suspects)
        findings = [Finding("loss", readings, cure=suspects[-1].cure)]
        after = suspects[-1].after
    tried = len(known_mistakes(LossFactor, loss))
    diagnosis = _Diagnosis(findings, stage, after, _observation_of(stage), tried=tried)
    return replace(diagnosis.explanation(), layer=stage.stage)


def _suspects_of_loss(
    twins: Twins,
    loss: str,
    arrays: tuple[np.ndarray, ...],
    targets: Sequence[np.ndarray],
) -> list[_LossSuspect]:
    """Try every mistake in the loss, on either side.

    Only PyTorch's loss is changed: a mistake on Keras's side is made in it, one on its
    own side is taken back. The arguments are those of `diagnose_loss`.
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
                suspects.append(_LossSuspect(side, mistake, cure, judgement))
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
