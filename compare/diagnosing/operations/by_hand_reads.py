"""What is taken of a recurrent layer that one side writes out with operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from compare.diagnosing.operations.by_hand import (
    SideOfLayer,
    otherwise_made,
    value_of,
)
from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.layer_calls import Layer, forms, layer_at
from compare.diagnosing.operations.naming import at
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.mistake import RecurrentOutput
from compare.mistakes.traces import Step
from compare.mistakes.ways import STEPS_OF_IMAGES, WAYS, WRITTEN, taken

# How Keras takes these of images, where others are taken of a layer of the same name.
OF_IMAGES_IN_KERAS = {
    "the mean of all steps": "ops.mean(output, axis=1)",
    "the largest of all steps": "ops.max(output, axis=1)",
}


def read_otherwise(regions: Regions) -> Iterator[Candidate]:
    """What a side takes of a layer that the opposite side writes out."""
    sides: SideOfLayer = {"torch": regions.torch, "keras": regions.keras}
    layers = {side: [*_recurrent(sides, side)] for side in sides}
    for side in sides:
        if layers[OTHER[side]]:  # is not written out
            continue
        for step, layer in layers[side]:
            yield from _of_layer(step, layer, side, sides)


def _recurrent(regions: SideOfLayer, side: Side) -> Iterator[tuple[Step, Layer]]:
    """The recurrent layers of a side."""
    trace = regions[side].trace
    for step in trace.steps.values():
        layer = layer_at(step, trace, side) if step.is_layer else None
        if layer is not None and layer.kind.cell is not None:
            yield step, layer


def _of_layer(
    step: Step, layer: Layer, side: Side, regions: SideOfLayer
) -> Iterator[Candidate]:
    """Other ways to take what a layer makes than that of its own side."""
    results = layer.computed
    if results is None:
        return
    if not any(same(form, layer.output) for form in forms(results)):
        return
    arrays = _taken_of(results)
    by_hand = OTHER[side]
    for name, array in arrays.items():
        value = value_of(array, regions[side].trace, side, is_last=True)
        if value is None or value_of(array, regions[by_hand].trace, by_hand) is None:
            continue  # else it is not made there, as without the last step
        for wrong_name, wrong_array in arrays.items():
            is_like = wrong_array.shape == array.shape
            if not is_like or same(wrong_array, array):
                continue
            trace = regions[by_hand].trace
            wrong_value = value_of(wrong_array, trace, by_hand, is_last=True)
            if wrong_value is None:
                continue
            maker = trace.maker(wrong_value.number)
            if maker is None:
                continue
            names = {side: name, by_hand: wrong_name}
            words = _words(side, layer, names, step, maker)
            values = {side: value, by_hand: wrong_value}
            yield from otherwise_made(values, regions, words)


def _taken_of(results: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What may be taken of a layer's results, by name."""
    last_cell_state = None
    if results.get("c_n") is not None:
        last_cell_state = results["c_n"][-1]
    output = RecurrentOutput(
        results["output"],
        results["h_n"][-1],
        last_cell_state,
        states=results["h_n"],
    )
    takers = STEPS_OF_IMAGES
    if results["output"].ndim == 3:
        takers = WAYS
    return taken(takers, output)


def _words(
    side: Side, layer: Layer, names: Mapping[Side, str], step: Step, maker: Step
) -> Worded:
    """What both sides take, in words.

    Args:
        side: of the layer.
        layer: at work.
        names: by side, what it takes.
        step: the layer's.
        maker: the step by which the opposite side takes something else.
    """
    by_hand = OTHER[side]
    right, wrong = names[side], names[by_hand]
    sentence = (
        f"{SIDES[by_hand]} takes {wrong} of the {layer.kind.name} that it writes out"
        f"{at(maker)}, and {SIDES[side]} {right} of `{step.layer}`"
    )
    fixes: dict[Side, str] = {
        by_hand: f"{SIDES[by_hand]}{at(maker)}: take {right}",
        side: f"{SIDES[side]}: take {wrong}, {_written(wrong, layer, side)}",
    }
    return Worded(f"{wrong} for {right}", sentence, fixes)


def _written(name: str, layer: Layer, side: Side) -> str:
    """How what is taken of a layer's results is written on its side."""
    if side == "torch":
        return WRITTEN[name][0]
    written = WRITTEN[name][1]
    if layer.output.ndim > 3:
        written = OF_IMAGES_IN_KERAS.get(name, written)
    if "return_" in written:
        return written
    return f"return_sequences=True and {written}"
