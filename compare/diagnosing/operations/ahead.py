"""Operations that one side alone has ahead of what both sides do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compare.diagnosing.operations.arrangements import CHANNELS_REVERSED
from compare.diagnosing.operations.naming import (
    at,
    chain,
    name_of,
    names_of,
    value_in_words,
)
from compare.diagnosing.operations.recognised import recognised
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.mistakes.traces import Step, Trace

# Of images: (batch, channels, ...) in PyTorch, (batch, ..., channels) in Keras.
CODE_OF_REVERSED: Mapping[Side, str] = {
    "torch": "the channels reversed, x.flip(1)",
    "keras": "the channels reversed, x[..., ::-1]",
}


def operations_alone(
    values: Mapping[Side, int], takers: Mapping[Side, Step], regions: Regions
) -> Worded | None:
    """Operations that one side alone has between a shared value and what takes it.

    Args:
        values: by side, what is taken.
        takers: the steps that take them, of the sides where that is known.
        regions: both sides.

    Returns:
        None where both sides have operations there, or the values are made of others.
    """
    traces: dict[Side, Trace] = {
        "torch": regions.torch.trace,
        "keras": regions.keras.trace,
    }
    bases: dict[Side, int] = {}
    operations: dict[Side, Sequence[Step]] = {}
    for side in SIDES:
        bases[side], operations[side] = chain(values[side], traces[side])
    shared = regions.shared.of_torch.get(bases["torch"], ())
    if not any(value.number == bases["keras"] for value in shared):
        return None
    has: Side = "torch" if operations["torch"] else "keras"
    lacks = OTHER[has]
    if operations[lacks] or not operations[has]:
        return None
    steps = operations[has]
    names = names_and_result(steps, traces[has])
    where, lacking = at(steps[-1]), ""
    base = value_in_words(bases[has], traces[has])
    sentence = f"{SIDES[has]} has {names} of {base}{where}, and {SIDES[lacks]} does not"
    if lacks in takers:
        lacking = at(takers[lacks])
        name = name_of(takers[lacks], traces[lacks])
        taken = value_in_words(values[lacks], traces[lacks])
        sentence += f": its {name}{lacking} takes {taken}"
    code = in_code(names, lacks)
    fixes: dict[Side, str] = {
        has: f"{SIDES[has]}{where}: leave out {names}",
        lacks: f"{SIDES[lacks]}{lacking}: have {code}, as {SIDES[has]}{where}",
    }
    return Worded(f"{names} in {SIDES[has]} alone", sentence, fixes, is_cause=True)


def names_and_result(steps: Sequence[Step], trace: Trace) -> str:
    """Steps in words; of a single operator also what it makes, where that is known."""
    names = names_of(steps, trace)
    if len(steps) == 1 and not steps[0].name.isidentifier():
        names += _result_of(steps[0], trace)
    return names


def _result_of(step: Step, trace: Trace) -> str:
    """What an operator makes, in brackets; "" where that is not known."""
    arrays = [trace.array(v) for v in step.inputs if trace.array(v).size > 1]
    for label in recognised(trace.array(step.outputs[0]), arrays):
        return f" ({label})"
    return ""


def in_code(names: str, side: Side) -> str:
    """Operations of the other side as a side writes them, where that is known."""
    if CHANNELS_REVERSED in names:
        return CODE_OF_REVERSED[side]
    return names
