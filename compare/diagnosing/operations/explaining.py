"""What operations say where layers alone do not explain why twins differ."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from compare.diagnosing.conclusion import deciding_stage
from compare.diagnosing.operations.causes import Cause, Causes, begin, causes
from compare.diagnosing.operations.compared import compared, samples_are_mixed
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.rounded import is_rounding
from compare.diagnosing.operations.worded import Worded
from compare.diagnosing.operations.wording import worded
from compare.in_pytorch.traces import replaced
from compare.judging.explanation import Alternative, Explanation
from compare.judging.result import Judgement
from compare.judging.words import Verdict
from compare.mistakes.traces import RETURN, Line, Replacement, Step

if TYPE_CHECKING:
    from compare.twins.twins import Twins

MIXED = "of one sample alone both return the same, so samples are mixed"


def explained_by_operations(
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    before: Explanation,
    proofs: Collection[Verdict],
    cures: AbstractContextManager[Any],
) -> Explanation:
    """Explain by operations what layers do not, or say where the difference begins.

    Args:
        twins: different on these arrays.
        arrays: one for each input.
        before: what is explained without.
        proofs: verdicts that prove an explanation.
        cures: PyTorch's twins do as Keras's do in it, in the places that `before`
            explains in part.
    """
    if before.gap_before is None or len(twins.precisions) < 2:
        return before  # one refuses, or there is no float64
    if before.explained:
        if not before.faults:  # by values alone, which may be as they are by chance
            search_result = causes(twins, arrays, known_alone=True)
            by_mistakes = _by(search_result, twins, arrays, before, proofs)
            are_all = search_result is not None and search_result.are_all
            if are_all and by_mistakes is not before:
                return by_mistakes
        return with_place(before, begin(twins, arrays), lines_alone=True)
    search_result = causes(twins, arrays)
    explanation = _by(search_result, twins, arrays, before, proofs)
    if explanation.explained:
        return explanation
    is_cured = search_result is not None and search_result.are_all
    if is_cured and not before.part and not _is_of_layers(search_result):
        # What cures may be told by its parts, where it is not as a whole.
        by_parts = _by(
            causes(twins, arrays, is_told=_is_told), twins, arrays, before, proofs
        )
        if by_parts.explained:
            return by_parts
    if not before.part:
        return explanation
    with cures:
        search_result = causes(twins, arrays)
        beyond = _by(search_result, twins, arrays, before, proofs)
    if beyond.explained:
        return _both(before, beyond)
    return explanation


def _by(
    search_result: Causes | None,
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    before: Explanation,
    proofs: Collection[Verdict],
) -> Explanation:
    """What causes explain, if they are proved; else what was explained before.

    Args:
        search_result: the causes; None where the twins refuse to run.
        twins: both.
        arrays: one for each input.
        before: what is explained without the operations.
        proofs: verdicts of cured twins that prove the causes.
    """
    if search_result is None or search_result.begin.are_empty:
        return before
    explanation = with_place(before, search_result.begin)
    if not search_result.causes:
        return explanation
    words = _once_each(search_result.causes)
    if samples_are_mixed(twins, arrays):
        words[0] = replace(words[0], sentence=f"{words[0].sentence}; {MIXED}")
    after = _judged(twins, arrays, search_result.replacements)
    is_proved = search_result.are_all and after is not None and after.verdict in proofs
    if not is_proved or not all(wording.is_cause for wording in words):
        return _in_part(explanation, words, _relation(search_result))
    assert after is not None
    change = search_result.causes[0].change
    explained = _explained(explanation, words, after)
    explained = replace(
        explained,
        torch_line=_text(change.torch.line),
        is_rounding=all(map(is_rounding, search_result.causes)),
    )
    if change.keras is None:
        return explained
    return replace(explained, keras_line=_text(change.keras.line))


def _is_of_layers(search_result: Causes | None) -> bool:
    """Whether twin layers with weights make unlike results, each as a whole.

    What they compute has no parts in the models' source, and whatever comes after them
    would cure by what it takes over from Keras.
    """
    if search_result is None:
        return False
    for cause in search_result.causes:
        torch, keras = cause.change.torch, cause.change.keras
        if cause.change.manner != "otherwise" or keras is None:
            return False
        if not (torch.has_weights and keras.has_weights):
            return False
    return True


def _is_told(cause: Cause) -> bool:
    """Whether the words for a change say what is wrong."""
    return worded(cause).is_cause


def _once_each(cause_list: Sequence[Cause]) -> list[Worded]:
    """Causes in words, those that one line makes again and again only once."""
    words: dict[tuple[str, str], Worded] = {}
    times: dict[tuple[str, str], int] = {}
    for cause in cause_list:
        wording = worded(cause)
        key = wording.fault, _text(cause.change.torch.line) or wording.sentence
        words.setdefault(key, wording)
        is_cause = words[key].is_cause and wording.is_cause
        words[key] = replace(words[key], is_cause=is_cause)
        times[key] = times.get(key, 0) + 1
    once = []
    for key, wording in words.items():
        again = f", {times[key]} times in the same way" if times[key] > 1 else ""
        once.append(replace(wording, sentence=f"{wording.sentence}{again}"))
    return once


def _judged(
    twins: Twins, arrays: tuple[np.ndarray, ...], changes: Sequence[Replacement]
) -> Judgement | None:
    """Judge the twins with the changes made; None where PyTorch's twin refuses."""
    with ExitStack() as stack:
        for twin in twins.of_side("torch").values():
            stack.enter_context(replaced(twin, changes))
        stages, refusals = twins.run(*arrays)
    return None if refusals else twins.judge(stages, arrays)


def _explained(
    before: Explanation, words: Sequence[Worded], after: Judgement
) -> Explanation:
    """The explanation by causes that are proved."""
    last = deciding_stage(after)
    alternatives = []
    for number, wording in enumerate(words, start=1):
        instead_of = number if len(words) > 1 else 0
        alternative = Alternative(
            side="keras",
            faults=(wording.fault,),
            sentence="Keras is the one to change",
            fix=wording.fixes["keras"],
            instead_of=instead_of,
        )
        alternatives.append(alternative)
    return replace(
        before,
        explained=True,
        faults=tuple(dict.fromkeys(wording.fault for wording in words)),
        sentence="; and ".join(dict.fromkeys(wording.sentence for wording in words)),
        fix="; and ".join(dict.fromkeys(wording.fixes["torch"] for wording in words)),
        indistinguishable_from=(),
        gap_after=last.gap64,
        limit=last.limit64,
        alternatives=tuple(alternatives),
        part="",
        rest="",
    )


def _both(before: Explanation, beyond: Explanation) -> Explanation:
    """What layers explain in part, and what operations explain beyond it."""
    return replace(
        beyond,
        faults=(*before.faults, *beyond.faults),
        sentence=f"{before.part}; and {beyond.sentence}",
        fix=f"{before.fix}; and {beyond.fix}",
        indistinguishable_from=before.indistinguishable_from,
        alternatives=before.alternatives,
    )


def _relation(search_result: Causes) -> str:
    """What the first unlike values have to do with each other, in words."""
    change, regions = search_result.causes[0].change, search_result.causes[0].regions
    if change.manner != "otherwise":
        return ""
    array = regions.torch.trace.array(change.torch.outputs[change.place])
    return compared(array, change.array(regions))


def _in_part(
    before: Explanation, words: Sequence[Worded], relation: str
) -> Explanation:
    """What is seen of operations, beside what was said before."""
    if before.part:
        return before
    sentences = [*(wording.sentence for wording in words), relation]
    sentence = "; and ".join(dict.fromkeys(text for text in sentences if text))
    if before.rest:
        sentence = f"{sentence}; {before.rest}"
    return replace(before, sentence=sentence, rest=sentence)


# ------------------------------------------------------------------------- place


def with_place(
    before: Explanation, regions: Regions | None, lines_alone: bool = False
) -> Explanation:
    """Say on which lines the difference begins, and in which layer if that is sure.

    Args:
        before: without lines.
        regions: where the twins do different things; None where that is not known.
        lines_alone: whether the layer stays as it is.
    """
    if regions is None:
        return before
    torch, keras = _only(regions.torch.sources), _only(regions.keras.sources)
    changes: dict[str, Any] = {}
    if torch is not None:
        changes["torch_line"] = _text(torch.line)
    if keras is not None:
        changes["keras_line"] = _text(keras.line)
    is_inside = torch is not None and torch.number != RETURN and torch.layer != ""
    if torch is not None and is_inside and not lines_alone:
        if torch.layer != before.layer:
            changes |= {"timestep": None, "unit": None, "gates": ()}
        changes["layer"] = torch.layer
    return replace(before, **changes)


def _text(line: Line | None) -> str:
    """A line as text; "" for none."""
    return "" if line is None else str(line)


def _only(steps: Sequence[Step]) -> Step | None:
    """The one step where a side begins to differ, if there is one.

    Steps of the same line count as one: a loop runs it again and again.
    """
    if not steps:
        return None
    lines = set()
    for step in steps:
        line = step.line
        where = (line.file, line.number) if line is not None else step.layer
        lines.add((step.name, where))
    return steps[0] if len(lines) == 1 else None
