"""Operations that one side alone has ahead of what both sides do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compare.diagnosing.operations.arrangements import CHANNELS_REVERSED
from compare.diagnosing.operations.candidate import is_own
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
        None where both sides have operations there, or the values are made of others;
        also where the opposite side makes the value as well, and takes another one.
    """
    traces: dict[Side, Trace] = {
        "torch": regions.torch.trace,
        "keras": regions.keras.trace,
    }
    alone = _alone_after_all(values, regions, traces)
    if alone is None:
        alone = _alone_after_base(values, regions, traces)
    if alone is None:
        return None
    has, base_value, steps = alone
    shared = regions.shared
    makes = shared.of_torch if has == "torch" else shared.of_keras
    if makes.get(values[has]):
        return None
    lacks = OTHER[has]
    names = names_and_result(steps, traces[has])
    where, lacking = at(steps[-1]), ""
    base = value_in_words(base_value, traces[has])
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


def _alone_after_all(
    values: Mapping[Side, int], regions: Regions, traces: Mapping[Side, Trace]
) -> tuple[Side, int, Sequence[Step]] | None:
    """Which side has operations on the very value that the opposite side takes.

    Returns:
        That side, the value on it, and the operations; None where neither has.
    """
    counterparts: dict[Side, Sequence[int]] = {
        "keras": [v.number for v in regions.shared.of_torch.get(values["torch"], ())],
        "torch": regions.shared.of_keras.get(values["keras"], ()),
    }
    for side, trace in traces.items():
        number, steps = values[side], list[Step]()
        while number not in counterparts[side]:
            maker = trace.maker(number)
            if maker is None or maker.is_layer:
                break
            sources = [v for v in dict.fromkeys(maker.inputs) if not is_own(trace, v)]
            if len(sources) != 1:
                break
            steps.insert(0, maker)
            number = sources[0]
        else:
            if steps:
                return side, number, steps
    return None


def _alone_after_base(
    values: Mapping[Side, int], regions: Regions, traces: Mapping[Side, Trace]
) -> tuple[Side, int, Sequence[Step]] | None:
    """Which side has operations on what both make their values of.

    Returns:
        As `_alone_after_all`; None where both have, or the values are made of others.
    """
    bases: dict[Side, int] = {}
    operations: dict[Side, Sequence[Step]] = {}
    for side in SIDES:
        bases[side], operations[side] = chain(values[side], traces[side])
    shared = regions.shared.of_torch.get(bases["torch"], ())
    if not any(value.number == bases["keras"] for value in shared):
        return None
    has: Side = "torch" if operations["torch"] else "keras"
    if operations[OTHER[has]] or not operations[has]:
        return None
    return has, bases[has], operations[has]


def names_and_result(steps: Sequence[Step], trace: Trace) -> str:
    """Steps in words; of a single operator also what it makes, where that is known."""
    names = names_of(steps, trace)
    if len(steps) == 1 and not steps[0].name.isidentifier():
        names += _result_of(steps[0], trace)
    return names


def _result_of(step: Step, trace: Trace) -> str:
    """What an operator makes, or takes of the model's own, in brackets.

    "" where neither is known.
    """
    for value in step.inputs:
        if trace.values[value].source.startswith("the weight"):
            return f" (with {value_in_words(value, trace)})"
    arrays = [trace.array(value) for value in step.inputs]
    arrays = [_in_floats(array) for array in arrays if array.size > 1]
    for label in recognised(_in_floats(trace.array(step.outputs[0])), arrays):
        return f" ({label})"
    return ""


def _in_floats(array: np.ndarray) -> np.ndarray:
    """An array of indices as floats, of which it is known what makes them."""
    return array.astype("float64") if array.dtype.kind in "iu" else array


def in_code(names: str, side: Side) -> str:
    """Operations of the other side as a side writes them, where that is known."""
    if CHANNELS_REVERSED in names:
        return CODE_OF_REVERSED[side]
    return names
