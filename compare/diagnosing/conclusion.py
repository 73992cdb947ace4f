"""What was found out about twins that differ, and the explanation that it makes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar, cast

import numpy as np

from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.isolated import Place
from compare.judging.explanation import Alternative, Explanation
from compare.judging.result import SAME, SIDES, Judgement, StageResult, deciding
from compare.judging.words import Side, Verdict
from compare.matching.unmatched import called
from compare.mistakes import Mistake

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class Diagnosis:
    """What was found, and what became of the difference once it was cured.

    Args:
        findings: in the order in which the model meets them.
        before: the stage that decides the verdict without cures; None where a twin
            refuses.
        after: the judgement of twins with every cure that there is; None where there is
            none, or a twin refuses with them.
        tried: how many mistakes were looked for.
        observation: what is seen beside the findings, in words.
        proofs: verdicts of `after` that prove the findings.
        turned: as `_judge_cured` takes it.
        place: where the difference begins, if that is known.
    """

    findings: Sequence[Finding]
    before: StageResult | None
    after: Judgement | None
    tried: int
    observation: str = ""
    proofs: Collection[Verdict] = (SAME,)
    turned: Collection[str] = ()
    place: Place | None = None

    def explanation(self) -> Explanation:
        """Explain the difference by the findings, as far as they are proved to."""
        is_proved = self.is_proved()
        with_readings = _together(self.findings)
        # The first reading of each finding is the one reported.
        chosen = [finding.readings[0] for finding in with_readings]
        sentences = _distinct(cause.sentence for cause in chosen)
        readings: list[Reading] = []
        alternatives: list[Alternative] = []
        for finding, cause in zip(with_readings, chosen, strict=True):
            number = 0
            if len(sentences) > 1:
                number = 1 + sentences.index(cause.sentence)
            readings += finding.readings[1:]
            alternatives += [_alternative(r, number) for r in finding.readings[1:]]
        gap_before = gap_after = limit = None
        last = self.before
        if self.before is not None:
            gap_before = self.before.gap64
        if is_proved and self.after is not None:
            last = deciding_stage(self.after)
        if last is not None:
            gap_after, limit = last.gap64, last.limit64
        causes = "; and ".join(sentences)
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
            indistinguishable_from=_named_by_side(readings),
            gap_before=gap_before,
            gap_after=gap_after,
            limit=limit,
            tried=self.tried,
            alternatives=_distinct(alternatives),
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
            if not finding.readings and not finding.is_repeated:
                relation = "after" if finding.following else "in"
                name = called(finding.layer)
                sentences.append(f"{relation} {name}, {finding.unknown}")
        if not sentences and self.after is not None and self.after.stages:
            gap = deciding_stage(self.after).gap64
            if np.isfinite(gap):
                proof = f"with that alike on both sides the gap is still {gap:.1e}"
                sentences.append(proof)
        texts = ["; and ".join(_distinct(sentences)), self.observation]
        return "; ".join(text for text in texts if text)


def _together(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that have readings, those that say one thing of several layers as one.

    It stands where the first of them stood.
    """
    groups: dict[object, list[Finding]] = {}
    for number, finding in enumerate(findings):
        if not finding.readings:
            continue
        wordings = [(reading.side, reading.wording) for reading in finding.readings]
        is_of_layer = any(wording is None for _, wording in wordings)
        key = number if is_of_layer else tuple(wordings)
        groups.setdefault(key, []).append(finding)
    return [_as_one(group) for group in groups.values()]


def _as_one(group: Sequence[Finding]) -> Finding:
    """One finding that says of all layers what each says of its own."""
    finding = group[0]
    if len(group) == 1:
        return finding
    readings = []
    for number, reading in enumerate(finding.readings):
        assert reading.wording is not None
        names = [of_layer.readings[number].names for of_layer in group]
        sentence, fix = reading.wording.of_layers(names)
        readings.append(replace(reading, sentence=sentence, fix=fix))
    return replace(finding, readings=tuple(readings))


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


def _alternative(cause: Reading, number: int) -> Alternative:
    """A reading as evidence has it, in the place of the cause of a number."""
    mistakes = tuple(mistake.name for mistake in cause.mistakes)
    side = cast("Side", cause.side)  # a reading of neither side is never an alternative
    return Alternative(side, mistakes, cause.sentence, cause.fix, number)


def deciding_stage(judgement: Judgement) -> StageResult:
    """The stage that the verdict rests on; after a refusal, the first that differs."""
    decider = deciding(judgement.verdict, judgement.stages)
    if decider is not None:
        return decider
    for stage in judgement.stages:
        if stage.verdict != SAME:
            return stage
    return judgement.stages[0]
