"""What operations say where layers alone do not explain why twins differ."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.conclusion import deciding_stage
from compare.diagnosing.operations.causes import causes
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.wording import Worded, worded
from compare.in_pytorch.traces import replaced
from compare.judging.explanation import Alternative, Explanation
from compare.judging.result import Judgement
from compare.judging.words import Verdict
from compare.mistakes.traces import RETURN, Replacement, Step

if TYPE_CHECKING:
    from compare.twins.twins import Twins


def explained_by_operations(
    twins: Twins,
    arrays: tuple[np.ndarray, ...],
    before: Explanation,
    proofs: Collection[Verdict],
) -> Explanation:
    """Explain by operations what layers do not, or say where the difference begins.

    Args:
        twins: different on these arrays.
        arrays: one for each input.
        before: what is explained without.
        proofs: verdicts that prove an explanation.
    """
    if before.gap_before is None or len(twins.precisions) < 2:
        return before  # one refuses, or there is no float64
    found = causes(twins, arrays)
    if found is None or found.begin.are_empty:
        return before
    explanation = with_place(before, found.begin)
    if not found.causes:
        return explanation
    words = [worded(cause) for cause in found.causes]
    after = _judged(twins, arrays, found.replacements)
    if not found.are_all or after is None or after.verdict not in proofs:
        return _in_part(explanation, words)
    if not all(said.is_cause for said in words):
        return _in_part(explanation, words)
    return _explained(explanation, words, after)


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
    for number, said in enumerate(words, start=1):
        alternatives.append(
            Alternative(
                side="keras",
                faults=(said.fault,),
                sentence="Keras is the one to change",
                fix=said.fixes["keras"],
                instead_of=number if len(words) > 1 else 0,
            )
        )
    return replace(
        before,
        explained=True,
        faults=tuple(dict.fromkeys(said.fault for said in words)),
        sentence="; and ".join(dict.fromkeys(said.sentence for said in words)),
        fix="; and ".join(dict.fromkeys(said.fixes["torch"] for said in words)),
        indistinguishable_from=(),
        gap_after=last.gap64,
        limit=last.limit64,
        alternatives=tuple(alternatives),
        part="",
        rest="",
    )


def _in_part(before: Explanation, words: Sequence[Worded]) -> Explanation:
    """What is seen of operations, beside what was said before."""
    if before.part:
        return before
    sentence = "; and ".join(dict.fromkeys(said.sentence for said in words))
    rest = f"{sentence}; {before.rest}" if before.rest else sentence
    return replace(before, sentence=rest, rest=rest)


# ------------------------------------------------------------------------- place


def with_place(before: Explanation, begin: Regions) -> Explanation:
    """Say on which lines the difference begins, and in which layer if that is sure."""
    torch, keras = _only(begin.torch.sources), _only(begin.keras.sources)
    changes = {}
    if torch is not None and torch.line is not None:
        changes["torch_line"] = str(torch.line)
    if keras is not None and keras.line is not None:
        changes["keras_line"] = str(keras.line)
    if torch is not None and torch.number != RETURN and torch.layer:
        if torch.layer != before.layer:
            changes |= {"timestep": None, "unit": None, "gates": ()}
        changes["layer"] = torch.layer
    return replace(before, **changes)


def _only(steps: Sequence[Step]) -> Step | None:
    """The one step where a side begins to differ, if there is one.

    Steps of the same line count as one: a loop runs it again and again.
    """
    if not steps:
        return None
    lines = {(step.name, step.layer, step.line) for step in steps}
    return steps[0] if len(lines) == 1 else None
