"""The one operand in which two expressions of the same operations differ."""

from __future__ import annotations

from collections.abc import Mapping

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.naming import at, name_of, value_in_words
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.words import Side
from compare.mistakes.traces import Step

DEEPEST = 4  # operations that are followed
# What Keras calls operations that Python has a sign for.
SIGNS: Mapping[str, str] = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "truedivide": "/",
    "matmul": "@",
}


def unlike_operand(change: Candidate, regions: Regions) -> Worded | None:
    """Say what one operation of each side takes that the other one does not.

    Args:
        change: a step of PyTorch takes what Keras's step makes. What it takes now is
            made by the same operations, as far as they are followed.
        regions: where the twins differ.

    Returns:
        None where other operations make it, or they differ in more than one operand.
    """
    assert change.keras is not None
    torch, keras = regions.torch.trace, regions.keras.trace
    own = change.torch.inputs[change.place]
    right = change.keras.outputs[change.keras_place]
    pair: tuple[Step, Step] | None = None
    for _ in range(DEEPEST):
        step, keras_step = torch.maker(own), keras.maker(right)
        if step is None or keras_step is None or not _are_alike(step, keras_step):
            break
        operands = _unlike(step, keras_step, regions)
        if operands is None:
            return None
        own, right = operands
        pair = step, keras_step
    return None if pair is None else _words(*pair, own, right, regions)


def _are_alike(step: Step, keras_step: Step) -> bool:
    """Whether two steps are one operation, and no layers."""
    if step.is_layer or keras_step.is_layer:
        return False
    name = SIGNS.get(keras_step.name, keras_step.name)
    return name == SIGNS.get(step.name, step.name) and name in SIGNS.values()


def _unlike(step: Step, keras_step: Step, regions: Regions) -> tuple[int, int] | None:
    """The operand of each side that the opposite side does not take."""
    if len(step.inputs) != 2 or len(keras_step.inputs) != 2:
        return None
    twins = regions.shared.of_keras
    for place, value in enumerate(step.inputs):
        for keras_place, keras_value in enumerate(keras_step.inputs):
            if value in twins.get(keras_value, ()):
                return step.inputs[1 - place], keras_step.inputs[1 - keras_place]
    return None


def _words(
    step: Step, keras_step: Step, own: int, right: int, regions: Regions
) -> Worded | None:
    """Say what the operation of each side takes."""
    torch, keras = regions.torch.trace, regions.keras.trace
    own_words, right_words = value_in_words(own, torch), value_in_words(right, keras)
    if own_words == right_words:
        return None
    name, keras_name = name_of(step, torch), name_of(keras_step, keras)
    where, keras_where = at(step), at(keras_step)
    sentence = (
        f"{name} of PyTorch{where} takes {own_words}, where {keras_name} of Keras"
        f"{keras_where} takes {right_words}"
    )
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: give {name} {right_words}",
        "keras": f"Keras{keras_where}: give {keras_name} {own_words}",
    }
    return Worded(f"{own_words} for {right_words}", sentence, fixes)
