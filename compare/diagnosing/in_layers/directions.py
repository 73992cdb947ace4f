"""The direction in which recurrent layers read a sequence.

PyTorch's user turns the input round; Keras's layer does so itself, go_backwards=True.
Both hand on the steps in the order in which they were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

from compare.diagnosing.finding import Finding, Reading, mistake_named
from compare.diagnosing.from_the_end import (
    LAST_FIRST,
    NOT_TURNED,
    REVERSED,
    are_reversed,
    hands_on,
)
from compare.judging.distances import near
from compare.judging.result import OTHER, SIDES
from compare.kinds.recurrent_computations import FROM_THE_END
from compare.mistakes.ways import WRITTEN

if TYPE_CHECKING:
    import numpy as np

    from compare.diagnosing.finding import Link
    from compare.diagnosing.isolated import Isolated
    from compare.judging.words import Side
    from compare.kinds.mistake import Computation
    from compare.mistakes import Call, Mistake

FIRST_STEP_FIRST = (
    "go through the steps from the first to the last, for t in range(x.shape[1]), and "
    "do not flip the input along time"
)


# ------------------------------------------------- layers taken for each other's twins


def uncrossed(findings: Sequence[Finding], isolated: Isolated) -> Iterator[Finding]:
    """The findings, with another reading where two layers may be each other's twins.

    Layers that are told apart by their order alone may be paired wrongly: then each
    seems to read in the wrong direction.

    Args:
        findings: in the order in which the model meets them.
        isolated: as `isolation.isolate` gives it.
    """
    twins = crossed(isolated)
    for finding in findings:
        if finding.layer in twins and _reads_reversed(finding):
            reading = _exchanged(finding.layer, twins[finding.layer], isolated)
            yield replace(finding, readings=(reading, *finding.readings))
        else:
            yield finding


def _reads_reversed(finding: Finding) -> bool:
    """Whether one of the readings is that a layer reads in the wrong direction."""
    for reading in finding.readings:
        if any(mistake.name == REVERSED for mistake in reading.mistakes):
            return True
    return False


def crossed(isolated: Isolated) -> dict[str, str]:
    """Layers that may be each other's twins, since they read in opposite directions.

    Args:
        isolated: as `isolation.isolate` gives it.

    Returns:
        The name of the other one, by layer.
    """
    torch_calls, keras_calls = (
        isolated.relayed.recurrent_calls,
        isolated.keras.recurrent_calls,
    )
    layers = [
        name for name in isolated.kinds if name in torch_calls and name in keras_calls
    ]
    twins = {}
    for layer, twin in permutations(layers, 2):
        if _are_crossed(layer, twin, isolated):
            twins[layer] = twin
            twins[twin] = layer
    return twins


def _are_crossed(layer: str, twin: str, isolated: Isolated) -> bool:
    """Whether the first reads from the end in Keras, and the second in PyTorch.

    Both must take the same input and have arrays of the same shapes. Layers that have
    one name on both sides are twins, as the user says.
    """
    keras = isolated.keras
    keras_first, keras_second = (
        keras.recurrent_calls[layer],
        keras.recurrent_calls[twin],
    )
    torch_first = isolated.relayed.recurrent_calls[layer]
    torch_second = isolated.relayed.recurrent_calls[twin]
    if _shapes(keras_first) != _shapes(keras_second):
        return False
    if isolated.name(layer, "keras") == layer:
        return False
    if isolated.name(twin, "keras") == twin:
        return False
    if not near(keras_first.x, keras_second.x):
        return False
    if not near(torch_first.x, keras_first.x):
        return False
    if not are_reversed(torch_second, keras_second):
        return False
    reads_from_the_end = hands_on(_turned(keras_first), keras.recurrent_outputs[layer])
    return reads_from_the_end and not hands_on(
        _turned(keras_second), keras.recurrent_outputs[twin]
    )


def _shapes(call: Call) -> dict[str, tuple[int, ...]]:
    """The shapes of a layer's arrays, by name."""
    return {name: array.shape for name, array in call.arrays.items()}


def _turned(call: Call) -> Call:
    """A layer at work on its input, (batch, time, features), the last step first."""
    return replace(call, x=call.x[:, ::-1])


def _exchanged(layer: str, twin: str, isolated: Isolated) -> Reading:
    """The reading in which two layers were paired with each other's twins."""
    former, latter = sorted([layer, twin])
    first_in_keras = isolated.name(former, "keras")
    second_in_keras = isolated.name(latter, "keras")
    sentence = (
        f"{former} and {latter} of PyTorch seem to be each other's twins: one of them "
        f"reads the sequence from its end, and in Keras the other one does"
    )
    table = f'{{"{former}": "{second_in_keras}", "{latter}": "{first_in_keras}"}}'
    return Reading("", (), sentence, f"give names, {table}")


# ------------------------------------------------------ inputs that are turned round


def turned_round(
    layer: str, isolated: Isolated
) -> list[tuple[Side, Mistake[Computation]]]:
    """The mistake that a side gives a layer the steps from the last to the first.

    Either side could be said to do so of the other side's input. What an earlier layer
    makes, or the model is given, is in the right order.

    Args:
        layer: recurrent on both sides.
        isolated: the twins at work, the model's inputs among the layers.

    Returns:
        The side and the mistake, which says what to change there; empty where the sides
        do not give the layer the same steps in opposite orders.
    """
    torch_call = isolated.relayed.recurrent_calls[layer]
    keras_call = isolated.keras.recurrent_calls[layer]
    if not are_reversed(torch_call, keras_call):
        return []
    if _is_handed_on(torch_call.x, isolated) and not _is_handed_on(
        keras_call.x, isolated
    ):
        return [("keras", replace(FROM_THE_END, keras=FROM_THE_END.torch))]
    if layer in isolated.looped:
        return [("torch", replace(FROM_THE_END, torch=FIRST_STEP_FIRST))]
    return [("torch", FROM_THE_END)]


def _is_handed_on(x: np.ndarray, isolated: Isolated) -> bool:
    """Whether a layer of Keras, or the model's input, is an array, (batch, time, size).

    PyTorch's layers hand on the same here.
    """
    outputs = [*isolated.keras.layer_outputs.values()]
    for recurrent_output in isolated.keras.recurrent_outputs.values():
        outputs.append(recurrent_output.output)
    return any(near(x, output) for output in outputs if output.shape == x.shape)


# ------------------------------------------------ steps in the order they were read in


def left_reversed(
    place: Link, names: Mapping[Side, Sequence[str]]
) -> tuple[Reading, ...]:
    """Readings in which one side leaves the steps in the order it read them in.

    Args:
        place: after a layer that reads from the end on both sides.
        names: by side, the ways in which its steps may be handed on.

    Returns:
        Nothing where the sides differ in another way.
    """
    torch_code, keras_code = WRITTEN[LAST_FIRST]
    codes: dict[Side, str] = {"torch": torch_code, "keras": keras_code}
    readings = []
    for side, opposite in OTHER.items():
        if "every step" not in names[side] or LAST_FIRST not in names[opposite]:
            continue
        leaving, turning = SIDES[side], SIDES[opposite]
        sentence = (
            f"{place.where}, {leaving} does not turn round the steps of {place.layer}, "
            f"which reads from the end, and {turning} does"
        )
        fix = f"{leaving}: hand on {codes[side]} of {place.layer}, not output"
        readings.append(Reading(side, (mistake_named(NOT_TURNED),), sentence, fix))
        sentence = f"{place.where}, {turning} should do as {leaving} does"
        fix = f"{turning}: hand on the output of {place.layer} as it is"
        readings.append(Reading(opposite, (), sentence, fix))
    return tuple(readings)
