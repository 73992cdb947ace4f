"""Causes between operations in words: what each side does, and on which line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compare.diagnosing.operations.ahead import (
    in_code,
    names_and_result,
    operations_alone,
)
from compare.diagnosing.operations.axes import as_keras_counts
from compare.diagnosing.operations.candidate import Candidate, is_own
from compare.diagnosing.operations.causes import Cause
from compare.diagnosing.operations.computed import (
    added_to_each,
    labels_of,
    moved_or_multiplied,
    transposed_weight,
)
from compare.diagnosing.operations.flattened import flattened_otherwise
from compare.diagnosing.operations.folds import unlike_folds
from compare.diagnosing.operations.indices import moved_index
from compare.diagnosing.operations.naming import (
    at,
    base_of,
    name_of,
    names_of,
    source_of,
    steps_up_to,
    value_in_words,
)
from compare.diagnosing.operations.numbers import in_words, told_apart
from compare.diagnosing.operations.operands import unlike_operand
from compare.diagnosing.operations.recognised import recognised
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.responses import unlike_responses
from compare.diagnosing.operations.scaled import multiplied
from compare.diagnosing.operations.settings import unlike_settings
from compare.diagnosing.operations.shifted import shifted_arrays
from compare.diagnosing.operations.sizes import other_windows
from compare.diagnosing.operations.turned import another_layout, another_order
from compare.diagnosing.operations.unlike_constants import relation
from compare.diagnosing.operations.worded import Worded
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.mistakes.traces import CONSTANT, RETURN, Step

FEW = 2  # steps of one side that are told though they replace something

# Operations that say how something is written, and not what it is.
GENERIC = (
    *("+", "-", "*", "/", "@", "[]", "add", "subtract", "multiply", "divide", "sum"),
    *("matmul", "bmm", "baddbmm", "einsum", "dot", "tensordot", "pow", "power"),
    *("where", "maskedfill", "select", "reshape", "view", "transpose", "permute"),
    *("squeeze", "unsqueeze", "expanddims", "concatenate", "concat", "cat", "stack"),
    *("lambda", "identity"),
)


def worded(cause: Cause) -> Worded:
    """Say what a change of PyTorch's model is, and on which lines."""
    change = cause.change
    if words := change.words or moved_index(change, cause.regions):
        return words
    match change.manner:
        case "torch alone":
            return _alone("torch", change.torch, cause.regions)
        case "keras alone":
            assert change.keras is not None
            operand = unlike_operand(change, cause.regions)
            return operand or _alone("keras", change.keras, cause.regions, change)
        case "another input":
            return _another_input(change, cause.regions)
        case "another constant":
            return _another_constant(change, cause.regions)
        case "another order":
            return another_order(change, cause.regions)
        case "another layout":
            return another_layout(change, cause.regions)
        case _:
            return _otherwise(change, cause.regions)


def _alone(
    side: Side, step: Step, regions: Regions, change: Candidate | None = None
) -> Worded:
    """One side has a step that the other one lacks."""
    if change is not None and _is_another_part(change, regions):
        return _another_part(change, regions)
    region = regions.torch if side == "torch" else regions.keras
    other: Side = "keras" if side == "torch" else "torch"
    steps = [step] if change is None else steps_up_to(region, step)
    names = names_and_result(steps, region.trace)
    where = at(step)
    sentence = f"{SIDES[side]} has {names}{source_of(steps[0], region)}{where}"
    sentence += f", and {SIDES[other]} does not"
    is_cause = True
    if change is not None:
        is_cause = _is_between(change, steps, regions)
    if change is not None and change.torch.number != RETURN:
        torch = regions.torch.trace
        taken = value_in_words(change.torch.inputs[change.place], torch)
        name = name_of(change.torch, torch)
        sentence += f": its {name}{at(change.torch)} takes {taken}"
    fault = f"{names} in {SIDES[side]} alone"
    fixes = {
        side: f"{SIDES[side]}{where}: leave out {names}",
        other: f"{SIDES[other]}: have {in_code(names, other)}, as {SIDES[side]}{where}",
    }
    return Worded(fault, sentence, fixes, is_cause)


def _is_another_part(change: Candidate, regions: Regions) -> bool:
    """Whether both sides take something else of one value that they share."""
    assert change.keras is not None
    value = change.keras.outputs[change.keras_place]
    base = base_of(change.torch.inputs[change.place], regions.torch.trace)
    keras_base = base_of(value, regions.keras.trace)
    shared = regions.shared.of_torch.get(base, ())
    return any(counterpart.number == keras_base for counterpart in shared)


def _another_part(change: Candidate, regions: Regions) -> Worded:
    """A step of each side takes something else of what both sides have."""
    assert change.keras is not None
    torch, keras = regions.torch.trace, regions.keras.trace
    value = change.keras.outputs[change.keras_place]
    values: dict[Side, int] = {
        "torch": change.torch.inputs[change.place],
        "keras": value,
    }
    alone = operations_alone(values, {"torch": change.torch}, regions)
    if alone is not None:
        return alone
    ends = _taken_of_base(values, regions)
    taken = value_in_words(values["torch"], torch) + ends["torch"]
    right = value_in_words(value, keras) + ends["keras"]
    name, where, keras_where = (
        name_of(change.torch, torch),
        at(change.torch),
        at(change.keras),
    )
    sentence = f"{name} of PyTorch{where} takes {taken}, where Keras takes {right}"
    sentence += keras_where
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: give {name} {right}",
        "keras": f"Keras{keras_where}: take {taken}",
    }
    return Worded(f"{taken} for {right}", sentence, fixes, is_cause=taken != right)


def _taken_of_base(values: Mapping[Side, int], regions: Regions) -> dict[Side, str]:
    """What each side takes of the value that they share, such as its last entry.

    Args:
        values: what is taken, by side.
        regions: where the twins differ.

    Returns:
        By side, behind a comma; "" where that is not known of both, or is the same.
    """
    traces = {"torch": regions.torch.trace, "keras": regions.keras.trace}
    taken: dict[Side, str] = {"torch": "", "keras": ""}
    for side, value in values.items():
        trace = traces[side]
        base = trace.array(base_of(value, trace))
        for label in recognised(trace.array(value), [base]):
            taken[side] = f", {label}"
            break
    if "" in taken.values() or taken["torch"] == taken["keras"]:
        return {"torch": "", "keras": ""}
    return taken


def _is_between(change: Candidate, steps: Sequence[Step], regions: Regions) -> bool:
    """Whether steps of Keras stand between two of PyTorch's, or are very few.

    Else they stand in the place of something that is not known.
    """
    value = change.torch.inputs[change.place]
    taken: set[int] = set()
    for step in steps:
        taken |= {*step.inputs}
    shared = regions.shared.of_torch.get(value, ())
    if any(counterpart.number in taken for counterpart in shared):
        return True
    return len(steps) <= FEW and not is_own(regions.torch.trace, value)


def _another_input(change: Candidate, regions: Regions) -> Worded:
    """A step of each side takes something else that both sides have."""
    assert change.keras is not None
    torch, keras = regions.torch.trace, regions.keras.trace
    values: dict[Side, int] = {
        "torch": change.torch.inputs[change.place],
        "keras": change.input_of_keras,
    }
    takers: dict[Side, Step] = {"torch": change.torch, "keras": change.keras}
    wording = flattened_otherwise(values, takers, regions)
    if wording is None:
        wording = operations_alone(values, takers, regions)
    if wording is not None:
        return wording
    taken = value_in_words(change.torch.inputs[change.place], torch)
    if taken == CONSTANT:  # or what NumPy makes of the input: one run does not tell
        taken = "an array that no operation of PyTorch makes"
    right = value_in_words(change.value, torch)
    if change.arrangement is not None:  # another order of its axes than PyTorch has
        right = value_in_words(change.input_of_keras, keras)
    elif _are_of_one_line(change, regions):  # which makes them of others
        taken += _made_of(change.torch.inputs[change.place], regions)
        right += _made_of(change.value, regions)
    name = name_of(change.torch, torch)
    keras_name = name_of(change.keras, keras)
    where, keras_where = at(change.torch), at(change.keras)
    sentence = (
        f"{name} of PyTorch{where} takes {taken}, where {keras_name} of Keras"
        f"{keras_where} takes {right}"
    )
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: give {name} {right}",
        "keras": f"Keras{keras_where}: give {keras_name} {taken}",
    }
    return Worded(f"{taken} for {right}", sentence, fixes, is_cause=taken != right)


def _are_of_one_line(change: Candidate, regions: Regions) -> bool:
    """Whether one line makes what PyTorch's step takes, and what it should take."""
    trace = regions.torch.trace
    taken = trace.maker(change.torch.inputs[change.place])
    right = trace.maker(change.value)
    if change.arrangement is not None or taken is None or right is None:
        return False
    lines = {str(taken.line), str(right.line)}
    return taken is not right and taken.name == right.name and len(lines) == 1


def _made_of(value: int, regions: Regions) -> str:
    """What PyTorch's step makes a value of, in words."""
    maker = regions.torch.trace.maker(value)
    return "" if maker is None else source_of(maker, regions.torch)


def _another_constant(change: Candidate, regions: Regions) -> Worded:
    """A step of each side takes something else that depends on no input."""
    assert change.keras is not None
    torch, keras = regions.torch.trace, regions.keras.trace
    value, right = (
        change.torch.inputs[change.place],
        change.keras.inputs[change.keras_place],
    )
    name, keras_name = value_in_words(value, torch), value_in_words(right, keras)
    related = relation(torch.array(value), keras.array(right))
    factor = multiplied(torch.array(value), change.array(regions))
    related = related or factor
    if related:
        makes, keras_makes = in_words(torch.array(value)), in_words(keras.array(right))
    else:
        makes, keras_makes = told_apart(torch.array(value), change.array(regions))
    where, keras_where = at(change.torch), at(change.keras)
    sentence = (
        f"{name_of(change.torch, torch)} of PyTorch{where} takes {name}, {makes}, "
        f"where {name_of(change.keras, keras)} of Keras{keras_where} takes "
        f"{keras_name}, {keras_makes}"
    )
    if related:
        sentence += f"; {related}"
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: take {keras_makes}, as Keras does",
        "keras": f"Keras{keras_where}: take {makes}, as PyTorch does",
    }
    if factor or (related and makes == keras_makes):
        fixes = {
            "torch": f"PyTorch{where}: take the numbers of Keras: {related}",
            "keras": f"Keras{keras_where}: take the numbers of PyTorch: {related}",
        }
    return Worded(f"{makes} for {keras_makes}", sentence, fixes, is_cause=True)


def _otherwise(change: Candidate, regions: Regions) -> Worded:
    """A step of each side makes something else of what both sides have."""
    assert change.keras is not None
    torch, keras = regions.torch, regions.keras
    wording = unlike_settings(change, regions) or unlike_folds(change, regions)
    wording = wording or unlike_responses(change) or shifted_arrays(change, regions)
    if wording is not None:
        return wording
    labels = labels_of(change, regions)
    torch_steps, keras_steps = (
        steps_up_to(torch, change.torch),
        steps_up_to(keras, change.keras),
    )
    torch_names = names_of(torch_steps, torch.trace)
    keras_names = names_of(keras_steps, keras.trace)
    where, keras_where = at(change.torch), at(change.keras)
    does, keras_does = f"{torch_names}{where}", f"{keras_names}{keras_where}"
    fault = f"{torch_names} for {keras_names}"
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: do as Keras does, {keras_does}",
        "keras": f"Keras{keras_where}: do as PyTorch does, {does}",
    }
    if labels is not None:
        label, keras_label = labels
        own_label = as_keras_counts(keras_label, change, regions)
        counted = f"{own_label}"
        if own_label != keras_label:
            counted += f" ({keras_label.detail} in PyTorch's order)"
        does, keras_does = f"{label}, by {does}", f"{counted}, by {keras_does}"
        fault = f"{label} for {keras_label}"
        if label.family == keras_label.family and keras_label.detail:
            fault = f"{label} for {keras_label.detail}"
        in_keras = as_keras_counts(label, change, regions)
        fixes = {
            "torch": f"PyTorch{where}: have {keras_label}, as Keras{keras_where}",
            "keras": f"Keras{keras_where}: have {in_keras}, as PyTorch{where}",
        }
    source = source_of(torch_steps[0], torch)
    sentence = f"PyTorch has {does}, where Keras has {keras_does}{source}"
    added = added_to_each(change, regions) or moved_or_multiplied(change, regions)
    added = added or other_windows(torch_steps, keras_steps)
    added = added or transposed_weight(change, regions)
    if labels is None and added:
        sentence, fault = f"{sentence}: {added}", added
    is_known = labels is not None or added != ""
    is_cause = is_known or _are_told_apart(torch_steps, keras_steps)
    return Worded(fault, sentence, fixes, is_cause)


def _are_told_apart(torch_steps: Sequence[Step], keras_steps: Sequence[Step]) -> bool:
    """Whether the names of steps alone say what differs.

    Many operations are ways to write the same, and two layers with weights may differ
    in those, which are no operations.
    """
    if any(step.has_weights for step in (*torch_steps, *keras_steps)):
        return False
    names, keras_names = _plain_names(torch_steps), _plain_names(keras_steps)
    if sorted(names) == sorted(keras_names):
        return names != keras_names  # in another order
    return bool(({*names} ^ {*keras_names}) - {*GENERIC})


def _plain_names(steps: Sequence[Step]) -> list[str]:
    """What steps are called, without what is written otherwise in each framework."""
    return [step.name.lower().replace("_", "") for step in steps]
