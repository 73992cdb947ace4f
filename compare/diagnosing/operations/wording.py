"""Causes between operations in words: what each side does, and on which line."""

from __future__ import annotations

from collections.abc import Sequence

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
    if words := change.words or moved_index(change, cause.found):
        return words
    match change.manner:
        case "torch alone":
            return _alone("torch", change.torch, cause.found)
        case "keras alone":
            assert change.keras is not None
            operand = unlike_operand(change, cause.found)
            return operand or _alone("keras", change.keras, cause.found, change)
        case "another input":
            return _another_input(change, cause.found)
        case "another constant":
            return _another_constant(change, cause.found)
        case "another order":
            return another_order(change, cause.found)
        case "another layout":
            return another_layout(change, cause.found)
        case _:
            return _otherwise(change, cause.found)


def _alone(
    side: Side, step: Step, found: Regions, change: Candidate | None = None
) -> Worded:
    """One side has a step that the other one lacks."""
    if change is not None and _is_another_part(change, found):
        return _another_part(change, found)
    region = found.torch if side == "torch" else found.keras
    other: Side = "keras" if side == "torch" else "torch"
    steps = [step] if change is None else steps_up_to(region, step)
    names = names_and_result(steps, region.trace)
    where = at(step)
    sentence = f"{SIDES[side]} has {names}{source_of(steps[0], region)}{where}"
    sentence += f", and {SIDES[other]} does not"
    is_cause = True
    if change is not None:
        is_cause = _is_between(change, steps, found)
    if change is not None and change.torch.number != RETURN:
        torch = found.torch.trace
        taken = value_in_words(change.torch.inputs[change.place], torch)
        name = name_of(change.torch, torch)
        sentence += f": its {name}{at(change.torch)} takes {taken}"
    fault = f"{names} in {SIDES[side]} alone"
    fixes = {
        side: f"{SIDES[side]}{where}: leave out {names}",
        other: f"{SIDES[other]}: have {in_code(names, other)}, as {SIDES[side]}{where}",
    }
    return Worded(fault, sentence, fixes, is_cause)


def _is_another_part(change: Candidate, found: Regions) -> bool:
    """Whether both sides take something else of one value that they share."""
    assert change.keras is not None
    value = change.keras.outputs[change.keras_place]
    base = base_of(change.torch.inputs[change.place], found.torch.trace)
    keras_base = base_of(value, found.keras.trace)
    shared = found.shared.of_torch.get(base, ())
    return any(counterpart.number == keras_base for counterpart in shared)


def _another_part(change: Candidate, found: Regions) -> Worded:
    """A step of each side takes something else of what both sides have."""
    assert change.keras is not None
    torch, keras = found.torch.trace, found.keras.trace
    value = change.keras.outputs[change.keras_place]
    values: dict[Side, int] = {
        "torch": change.torch.inputs[change.place],
        "keras": value,
    }
    alone = operations_alone(values, {"torch": change.torch}, found)
    if alone is not None:
        return alone
    own = value_in_words(change.torch.inputs[change.place], torch)
    right = value_in_words(value, keras)
    name, where, keras_where = (
        name_of(change.torch, torch),
        at(change.torch),
        at(change.keras),
    )
    sentence = f"{name} of PyTorch{where} takes {own}, where Keras takes {right}"
    sentence += keras_where
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: give {name} {right}",
        "keras": f"Keras{keras_where}: take {own}",
    }
    return Worded(f"{own} for {right}", sentence, fixes, is_cause=own != right)


def _is_between(change: Candidate, steps: Sequence[Step], found: Regions) -> bool:
    """Whether steps of Keras stand between two of PyTorch's, or are very few.

    Else they stand in the place of something that is not known.
    """
    value = change.torch.inputs[change.place]
    taken = {number for step in steps for number in step.inputs}
    shared = found.shared.of_torch.get(value, ())
    if any(counterpart.number in taken for counterpart in shared):
        return True
    return len(steps) <= FEW and not is_own(found.torch.trace, value)


def _another_input(change: Candidate, found: Regions) -> Worded:
    """A step of each side takes something else that both sides have."""
    assert change.keras is not None
    torch, keras = found.torch.trace, found.keras.trace
    values: dict[Side, int] = {
        "torch": change.torch.inputs[change.place],
        "keras": change.input_of_keras,
    }
    takers: dict[Side, Step] = {"torch": change.torch, "keras": change.keras}
    known = flattened_otherwise(values, takers, found)
    if known is None:
        known = operations_alone(values, takers, found)
    if known is not None:
        return known
    own = value_in_words(change.torch.inputs[change.place], torch)
    if own == CONSTANT:  # or what NumPy makes of the input: one run does not tell
        own = "an array that no operation of PyTorch makes"
    right = value_in_words(change.value, torch)
    if change.arrangement is not None:  # another order of its axes than PyTorch has
        right = value_in_words(change.input_of_keras, keras)
    elif _are_of_one_line(change, found):  # which makes them of others
        own += _made_of(change.torch.inputs[change.place], found)
        right += _made_of(change.value, found)
    name = name_of(change.torch, torch)
    keras_name = name_of(change.keras, keras)
    where, keras_where = at(change.torch), at(change.keras)
    sentence = (
        f"{name} of PyTorch{where} takes {own}, where {keras_name} of Keras"
        f"{keras_where} takes {right}"
    )
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: give {name} {right}",
        "keras": f"Keras{keras_where}: give {keras_name} {own}",
    }
    return Worded(f"{own} for {right}", sentence, fixes, is_cause=own != right)


def _are_of_one_line(change: Candidate, found: Regions) -> bool:
    """Whether one line makes what PyTorch's step takes, and what it should take."""
    trace = found.torch.trace
    taken = trace.maker(change.torch.inputs[change.place])
    right = trace.maker(change.value)
    if change.arrangement is not None or taken is None or right is None:
        return False
    lines = {str(taken.line), str(right.line)}
    return taken is not right and taken.name == right.name and len(lines) == 1


def _made_of(value: int, found: Regions) -> str:
    """What PyTorch's step makes a value of, in words."""
    maker = found.torch.trace.maker(value)
    return "" if maker is None else source_of(maker, found.torch)


def _another_constant(change: Candidate, found: Regions) -> Worded:
    """A step of each side takes something else that depends on no input."""
    assert change.keras is not None
    torch, keras = found.torch.trace, found.keras.trace
    own, right = (
        change.torch.inputs[change.place],
        change.keras.inputs[change.keras_place],
    )
    name, keras_name = value_in_words(own, torch), value_in_words(right, keras)
    related = relation(torch.array(own), keras.array(right))
    factor = multiplied(torch.array(own), change.array(found))
    related = related or factor
    if related:
        makes, keras_makes = in_words(torch.array(own)), in_words(keras.array(right))
    else:
        makes, keras_makes = told_apart(torch.array(own), change.array(found))
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


def _otherwise(change: Candidate, found: Regions) -> Worded:
    """A step of each side makes something else of what both sides have."""
    assert change.keras is not None
    torch, keras = found.torch, found.keras
    known = unlike_settings(change, found) or unlike_folds(change, found)
    known = known or unlike_responses(change) or shifted_arrays(change, found)
    if known is not None:
        return known
    labels = labels_of(change, found)
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
        own_label = as_keras_counts(keras_label, change, found)
        counted = f"{own_label}"
        if own_label != keras_label:
            counted += f" ({keras_label.detail} in PyTorch's order)"
        does, keras_does = f"{label}, by {does}", f"{counted}, by {keras_does}"
        fault = f"{label} for {keras_label}"
        if label.family == keras_label.family and keras_label.detail:
            fault = f"{label} for {keras_label.detail}"
        in_keras = as_keras_counts(label, change, found)
        fixes = {
            "torch": f"PyTorch{where}: have {keras_label}, as Keras{keras_where}",
            "keras": f"Keras{keras_where}: have {in_keras}, as PyTorch{where}",
        }
    source = source_of(torch_steps[0], torch)
    sentence = f"PyTorch has {does}, where Keras has {keras_does}{source}"
    added = added_to_each(change, found) or moved_or_multiplied(change, found)
    added = added or other_windows(torch_steps, keras_steps)
    added = added or transposed_weight(change, found)
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
