"""Causes of values whose axes stand in another order on one side, in words."""

from __future__ import annotations

from compare.diagnosing.operations.candidate import Candidate, is_own
from compare.diagnosing.operations.counterparts import is_turned, order_of_axes
from compare.diagnosing.operations.layouts import layouts
from compare.diagnosing.operations.naming import (
    at,
    base_in_words,
    name_of,
    value_in_words,
)
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.explanation import listed
from compare.judging.words import Side
from compare.mistakes.traces import RETURN, Step


def another_layout(change: Candidate, regions: Regions) -> Worded:
    """A layer of each side is given the same numbers, in another order."""
    assert change.keras is not None
    assert change.arrangement is not None
    torch, keras = regions.torch.trace, regions.keras.trace
    torch_array = torch.array(change.torch.inputs[change.place])
    keras_value = change.keras.inputs[change.keras_place]
    words = layouts(torch_array, keras, keras_value, change.arrangement.order)
    name, keras_name = name_of(change.torch, torch), name_of(change.keras, keras)
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


def another_order(change: Candidate, regions: Regions) -> Worded:
    """A step of each side makes the same numbers, with some axes exchanged."""
    assert change.keras is not None
    torch, keras = regions.torch.trace, regions.keras.trace
    value, keras_value = change.torch.inputs[change.place], change.input_of_keras
    step, keras_step = _first_of_order(value, keras_value, regions)
    torch_array, right = torch.array(value), keras.array(keras_value)
    axes = order_of_axes(torch_array, right)
    assert axes is not None  # as `is_turned` has seen
    moved = listed([str(place) for place, axis in enumerate(axes) if place != axis])
    where, keras_where = at(change.torch), at(change.keras)
    name = value_in_words(value, torch)
    keras_name = value_in_words(keras_value, keras)
    order = ""
    if step is not None and keras_step is not None:
        where, keras_where = at(step), at(keras_step)
        name = f"what {name_of(step, torch)} of PyTorch{where} makes"
        keras_name = f"what {name_of(keras_step, keras)} of Keras{keras_where} makes"
        order = _order_of_inputs(step, keras_step, regions)
    along = ""
    if step is not None and step.is_layer and change.torch.number != RETURN:
        # A layer has its axes where its framework has them: what takes them is told.
        taking, keras_taking = (
            name_of(change.torch, torch),
            name_of(change.keras, keras),
        )
        order += f", as {taking}{at(change.torch)} takes it and {keras_taking} does not"
        along = f", or let {taking} work along the other axis"
    sentence = f"{name} is {keras_name}, transposed: axes {moved} are exchanged{order}"
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: exchange axes {moved}, or what goes into it{along}",
        "keras": f"Keras{keras_where}: exchange axes {moved}, or what goes into it",
    }
    return Worded(f"axes {moved} exchanged", sentence, fixes, is_cause=True)


def _order_of_inputs(step: Step, keras_step: Step, regions: Regions) -> str:
    """In which order steps of both sides take the same two values, if they differ."""
    torch = regions.torch.trace
    own = [base_in_words(v, torch) for v in step.inputs if not is_own(torch, v)]
    right = []
    for value in keras_step.inputs:
        counterparts = regions.shared.of_keras.get(value, ())
        right += [base_in_words(counterpart, torch) for counterpart in counterparts[:1]]
    if own == right or sorted(own) != sorted(right):
        return ""
    return f"; it takes {listed(own)} in this order, that of Keras {listed(right)}"


def _first_of_order(
    value: int, keras_value: int, regions: Regions
) -> tuple[Step | None, Step | None]:
    """The first steps that make two values with axes exchanged.

    Args:
        value: of PyTorch's trace.
        keras_value: its counterpart, of the same shape.
        regions: knows what goes into them.
    """
    torch, keras = regions.torch.trace, regions.keras.trace
    while True:
        step, keras_step = torch.maker(value), keras.maker(keras_value)
        if step is None or keras_step is None:
            return step, keras_step
        before = []
        for own in step.inputs:
            if is_own(torch, own):
                continue
            for counterpart in regions.shared.of_torch.get(own, ()):
                number = counterpart.number
                is_taken = number in keras_step.inputs
                if is_taken and is_turned(torch.array(own), keras.array(number)):
                    before.append((own, number))
        if len(before) != 1:
            return step, keras_step
        value, keras_value = before[0]
