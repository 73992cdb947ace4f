"""Causes between operations in words: what each side does, and on which line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compare.diagnosing.operations.candidates import Candidate
from compare.diagnosing.operations.causes import Cause
from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.layouts import layouts
from compare.diagnosing.operations.recognised import Recognised, recognised
from compare.diagnosing.operations.regions import Region, Regions
from compare.diagnosing.operations.scaled import moved
from compare.judging.explanation import listed
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.mistakes.traces import RETURN, Step, Trace

MOST_LETTERS = 40  # of what a step is told


@dataclass(frozen=True)
class Worded:
    """A cause in words.

    Args:
        fault: short.
        sentence: what differs, and where.
        fixes: by side, what to change there.
        is_cause: whether it says what is wrong, and not only where.
    """

    fault: str
    sentence: str
    fixes: dict[Side, str]
    is_cause: bool


def worded(cause: Cause) -> Worded:
    """Say what a change of PyTorch's model is, and on which lines."""
    change = cause.change
    match change.manner:
        case "torch alone":
            return _alone("torch", change.torch, cause.found)
        case "keras alone":
            assert change.keras is not None
            return _alone("keras", change.keras, cause.found, change)
        case "another input":
            return _another_input(change, cause.found)
        case "another constant":
            return _another_constant(change, cause.found)
        case "another layout":
            return _another_layout(change, cause.found)
        case _:
            return _otherwise(change, cause.found)


def _alone(
    side: Side, step: Step, found: Regions, change: Candidate | None = None
) -> Worded:
    """One side has a step that the other one lacks."""
    region = found.torch if side == "torch" else found.keras
    other: Side = "keras" if side == "torch" else "torch"
    steps = [step] if change is None else _up_to(region, step)
    names = listed([_name(each, region.trace) for each in steps])
    where = at(step)
    sentence = f"{SIDES[side]} has {names}{_source(steps[0], region)}{where}"
    sentence += f", and {SIDES[other]} does not"
    if change is not None and change.torch.number != RETURN:
        torch = found.torch.trace
        taken = _value(change.torch.inputs[change.place], torch)
        name = _name(change.torch, torch)
        sentence += f": its {name}{at(change.torch)} takes {taken}"
    fault = f"{names} in {SIDES[side]} alone"
    fixes = {
        side: f"{SIDES[side]}{where}: leave out {names}",
        other: f"{SIDES[other]}: do what {SIDES[side]} does{where}, {names}",
    }
    return Worded(fault, sentence, fixes, is_cause=True)


def _another_input(change: Candidate, found: Regions) -> Worded:
    """A step of each side takes something else that both sides have."""
    assert change.keras is not None
    torch, keras = found.torch.trace, found.keras.trace
    own = _value(change.torch.inputs[change.place], torch)
    right = _value(change.value, torch)
    name = _name(change.torch, torch)
    keras_name = _name(change.keras, keras)
    where, keras_where = at(change.torch), at(change.keras)
    sentence = (
        f"{name} of PyTorch{where} takes {own}, where {keras_name} of Keras"
        f"{keras_where} takes {right}"
    )
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: take {right}",
        "keras": f"Keras{keras_where}: take {own}",
    }
    return Worded(f"{own} for {right}", sentence, fixes, is_cause=True)


def _another_constant(change: Candidate, found: Regions) -> Worded:
    """A step of each side takes something else that depends on no input."""
    assert change.keras is not None
    torch, keras = found.torch.trace, found.keras.trace
    own, right = (
        change.torch.inputs[change.place],
        change.keras.inputs[change.keras_place],
    )
    name, keras_name = _value(own, torch), _value(right, keras)
    makes, keras_makes = _numbers(torch.array(own)), _numbers(keras.array(right))
    where, keras_where = at(change.torch), at(change.keras)
    sentence = (
        f"{_name(change.torch, torch)} of PyTorch{where} takes {name}, {makes}, where "
        f"{_name(change.keras, keras)} of Keras{keras_where} takes {keras_name}, "
        f"{keras_makes}"
    )
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: take {keras_makes}, as Keras does",
        "keras": f"Keras{keras_where}: take {makes}, as PyTorch does",
    }
    return Worded(f"{makes} for {keras_makes}", sentence, fixes, is_cause=True)


def _numbers(array: np.ndarray) -> str:
    """The numbers of a constant, in words."""
    if array.dtype == bool:
        words = f"True in {array.sum()} of {array.size} places"
    elif array.min() == array.max():
        words = f"all {array.min():g}"
    else:
        words = f"numbers from {array.min():g} to {array.max():g}"
    band = _band(array)
    return f"{words}, {band}" if band else words


def _band(array: np.ndarray) -> str:
    """From which diagonal on a mask is set, in words; "" where it is no such mask."""
    if array.ndim < 2 or array.min() == array.max():
        return ""
    set_there = array != array.reshape(-1)[0]
    rows, columns = array.shape[-2:]
    for diagonal in range(1 - rows, columns):
        band = np.triu(np.ones((rows, columns), bool), diagonal)
        for mask in (band, ~band):
            if np.array_equal(set_there, np.broadcast_to(mask, array.shape)):
                return f"another one from diagonal {diagonal} on"
    return ""


def _another_layout(change: Candidate, found: Regions) -> Worded:
    """A layer of each side is given the same numbers, in another order."""
    assert change.keras is not None
    assert change.arrangement is not None
    torch, keras = found.torch.trace, found.keras.trace
    own = torch.array(change.torch.inputs[change.place])
    keras_value = change.keras.inputs[change.keras_place]
    words = layouts(own, keras, keras_value, change.arrangement.order)
    name, keras_name = _name(change.torch, torch), _name(change.keras, keras)
    where, keras_where = at(change.torch), at(change.keras)
    sentence = (
        f"{name} of PyTorch{where} takes its input with the axes in another order, "
        f"{words.torch}, where {keras_name} of Keras{keras_where} takes {words.keras}"
    )
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: permute before, so that {name} takes {words.keras}",
        "keras": f"Keras{keras_where}: give {keras_name} {words.torch}",
    }
    return Worded("axes in another order", sentence, fixes, is_cause=True)


def _otherwise(change: Candidate, found: Regions) -> Worded:
    """A step of each side makes something else of what both sides have."""
    assert change.keras is not None
    torch, keras = found.torch, found.keras
    labels = _labels(change, found)
    torch_steps, keras_steps = (
        _up_to(torch, change.torch),
        _up_to(keras, change.keras),
    )
    torch_names = listed([_name(step, torch.trace) for step in torch_steps])
    keras_names = listed([_name(step, keras.trace) for step in keras_steps])
    does, keras_does = torch_names, keras_names
    fault = f"{torch_names} for {keras_names}"
    if labels is not None:
        label, keras_label = labels
        does, keras_does = f"{torch_names}, {label},", f"{keras_names}, {keras_label},"
        fault = f"{label} for {keras_label}"
        if label.family == keras_label.family and keras_label.detail:
            fault = f"{label} for {keras_label.detail}"
    where, keras_where = at(change.torch), at(change.keras)
    source = _source(torch_steps[0], torch)
    sentence = f"PyTorch has {does}{source}{where}, where Keras has {keras_does}"
    sentence = f"{sentence}{keras_where}".replace(",,", ",")
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: do as Keras does, {keras_does.rstrip(',')}",
        "keras": f"Keras{keras_where}: do as PyTorch does, {does.rstrip(',')}",
    }
    added = _added_to_each(change, found) or _moved(change, found)
    if labels is None and added:
        sentence, fault = f"{sentence}: {added}", added
    # Two layers with weights may differ in those, which are no operations.
    with_weights = any(step.has_weights for step in (*torch_steps, *keras_steps))
    is_told_apart = labels is not None or torch_names != keras_names
    is_known = labels is not None or added != ""
    is_cause = is_known or (is_told_apart and not with_weights)
    return Worded(fault, sentence, fixes, is_cause)


# ---------------------------------------------------------------- what is computed


def _labels(change: Candidate, found: Regions) -> tuple[Recognised, Recognised] | None:
    """What either side computes, if that is known and not the same."""
    assert change.keras is not None
    torch = found.torch.trace
    inputs = [torch.array(value) for value in _shared_inputs(change, found)]
    output = torch.array(change.torch.outputs[change.place])
    array = change.array(found)
    names = list(recognised(output, inputs))
    keras_names = list(recognised(array, inputs))
    both = [(a, b) for a in names for b in keras_names if str(a) != str(b)]
    if not both:
        return None
    both.sort(key=lambda pair: pair[0].family != pair[1].family)
    return both[0]


def _added_to_each(change: Candidate, found: Regions) -> str:
    """Say that one side alone adds a bias, if it does: a number for each entry.

    What is added is a weight of that side as it is; where both add biases that differ,
    their difference is no weight of either.
    """
    output = found.torch.trace.array(change.torch.outputs[change.place])
    array = change.array(found)
    if array.shape != output.shape or array.ndim < 2 or array.dtype.kind != "f":
        return ""
    if not (np.isfinite(array).all() and np.isfinite(output).all()):
        return ""  # as scores that a mask hides
    for axis in (1, array.ndim - 1):
        others = tuple(other for other in range(array.ndim) if other != axis)
        bias = (array - output).mean(others, keepdims=True)
        if not bias.any() or not same(output + bias, array):
            continue
        in_keras = _is_weight(bias.ravel(), found.keras.trace)
        if in_keras or _is_weight(-bias.ravel(), found.torch.trace):
            return f"they differ by a bias, {bias.size} numbers along axis {axis}"
    return ""


def _moved(change: Candidate, found: Regions) -> str:
    """Say by how many entries one side has the numbers of the other, if it has."""
    output = found.torch.trace.array(change.torch.outputs[change.place])
    return moved(output, change.array(found))


def _is_weight(numbers: np.ndarray, trace: Trace) -> bool:
    """Whether a model holds these numbers as a weight."""
    return any(
        value.source.startswith("the weight") and same(value.array, numbers)
        for value in trace.values
    )


def _shared_inputs(change: Candidate, found: Regions) -> list[int]:
    """The values of PyTorch's trace that either side's step begins with."""
    assert change.keras is not None
    values: dict[int, None] = {}
    for step in _up_to(found.torch, change.torch):
        for value in step.inputs:
            is_weight = found.torch.trace.values[value].source.startswith("the weight")
            if value in found.shared.of_torch and not is_weight:
                values[value] = None
    for step in _up_to(found.keras, change.keras):
        for value in step.inputs:
            counterparts = found.shared.of_keras.get(value, ())
            if counterparts and not set(counterparts) & set(values):
                values[counterparts[0]] = None
    return list(values)


def _up_to(region: Region, step: Step) -> list[Step]:
    """A step and those of its region that it rests on, in the order of the run."""
    numbers, waiting = set(), [step.number]
    while waiting:
        number = waiting.pop()
        if number in numbers or number not in region.depths:
            continue
        numbers.add(number)
        for value in region.trace.steps[number].inputs:
            maker = region.trace.values[value].maker
            if maker is not None:
                waiting.append(maker)
    ordered = sorted(numbers - {RETURN})
    return [region.trace.steps[number] for number in ordered] or [step]


# ------------------------------------------------------------------------- words


def _name(step: Step, trace: Trace) -> str:
    """A step in words."""
    if step.number == RETURN:
        return "the result"
    if step.is_layer:
        return f"`{step.layer}` ({step.name})"
    if step.name == "[]":
        return f"`{_index(step)}`"
    told = []
    if step.name.isidentifier():
        for key, value in step.arguments.items():
            if isinstance(value, bool | int | float | str | tuple) and _is_plain(value):
                told.append(f"{value}" if key.isdigit() else f"{key}={value}")
    words = ", ".join(told)
    if not words or len(words) > MOST_LETTERS:
        return f"`{step.name}`"
    return f"`{step.name}({words})`"


def _is_plain(value: object) -> bool:
    """Whether an argument is short in words."""
    if isinstance(value, tuple):
        return all(isinstance(part, int | float | str) for part in value)
    return value != ""


def _index(step: Step) -> str:
    """An index as it is written, where that is known: `[:, -1]`."""
    index = step.arguments.get("1")
    if index is None:
        return "[]"
    parts = index if isinstance(index, tuple) else (index,)
    words = []
    for part in parts:
        if isinstance(part, slice):
            start = "" if part.start is None else part.start
            stop = "" if part.stop is None else part.stop
            by = "" if part.step is None else f":{part.step}"
            words.append(f"{start}:{stop}{by}")
        elif part is Ellipsis:
            words.append("...")
        elif part is None or isinstance(part, int):
            words.append(str(part))
        else:
            return "[]"
    return f"[{', '.join(words)}]"


def _value(number: int, trace: Trace) -> str:
    """A value in words: by what made it."""
    maker = trace.maker(number)
    if maker is None:
        return trace.values[number].source
    which = _again(maker, trace)
    if len(maker.outputs) > 1:
        which += f" (result {maker.outputs.index(number) + 1})"
    line = (
        "" if maker.is_layer or maker.line is None else f" of line {maker.line.number}"
    )
    return f"what {_name(maker, trace)}{line}{which} makes"


def _again(step: Step, trace: Trace) -> str:
    """Which time it is that a step's line runs, where it does more than once."""
    times = [
        other.number
        for other in trace.steps.values()
        if (other.name, other.layer, other.line) == (step.name, step.layer, step.line)
    ]
    if len(times) < 2:
        return ""
    return f" (time {times.index(step.number) + 1} of {len(times)})"


def _source(step: Step, region: Region) -> str:
    """What a step takes, in words."""
    trace = region.trace
    values = [
        number
        for number in dict.fromkeys(step.inputs)
        if not trace.values[number].source.startswith(("the weight", "a const"))
    ]
    if not values or len(values) > 2:
        return ""
    return f" of {listed([_value(number, trace) for number in values])}"


def at(step: Step) -> str:
    """The line of a step, in brackets; nothing where none is known."""
    if step.line is None:
        return f" (in {step.layer})" if step.layer and not step.is_layer else ""
    return f" ({step.line.file}:{step.line.number})"
