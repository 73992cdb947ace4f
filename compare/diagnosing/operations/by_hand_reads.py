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
from compare.mistakes.ways import STEPS_OF_IMAGES, WAYS, WRITTEN

# How Keras takes these of images, where others are taken of a layer of the same name.
OF_IMAGES_IN_KERAS = {
    "the mean of all steps": "ops.mean(output, axis=1)",
    "the largest of all steps": "ops.max(output, axis=1)",
}


def read_otherwise(found: Regions) -> Iterator[Candidate]:
    """What a side takes of a layer that the opposite side writes out."""
    regions: SideOfLayer = {"torch": found.torch, "keras": found.keras}
    layers = {side: [*_recurrent(regions, side)] for side in regions}
    for side in regions:
        if layers[OTHER[side]]:  # is not written out
            continue
        for step, layer in layers[side]:
            yield from _of_layer(step, layer, side, regions)


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
    made = layer.computed
    if made is None:
        return
    if not any(same(form, layer.output) for form in forms(made)):
        return
    ways = _ways(made)
    by_hand = OTHER[side]
    for name, array in ways.items():
        own = value_of(array, regions[side].trace, side, is_last=True)
        if own is None or value_of(array, regions[by_hand].trace, by_hand) is None:
            continue  # else it is not made there, as without the last step
        for other, other_array in ways.items():
            is_like = other_array.shape == array.shape
            if not is_like or same(other_array, array):
                continue
            trace = regions[by_hand].trace
            taken = value_of(other_array, trace, by_hand, is_last=True)
            maker = None if taken is None else trace.maker(taken.number)
            if taken is None or maker is None:
                continue
            words = _words(side, layer, {side: name, by_hand: other}, step, maker)
            yield from otherwise_made({side: own, by_hand: taken}, regions, words)


def _ways(made: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What may be taken of a layer's results, by name."""
    cell_states = made.get("c_n")
    results = RecurrentOutput(
        made["output"],
        made["h_n"][-1],
        None if cell_states is None else cell_states[-1],
        states=made["h_n"],
    )
    ways = WAYS if made["output"].ndim == 3 else STEPS_OF_IMAGES
    arrays = {name: way(results) for name, way in ways.items()}
    return {name: array for name, array in arrays.items() if array is not None}


def _words(
    side: Side, layer: Layer, ways: Mapping[Side, str], step: Step, maker: Step
) -> Worded:
    """The ways of both sides in words.

    Args:
        side: of the layer.
        layer: at work.
        ways: by side, what it takes.
        step: the layer's.
        maker: the step by which the opposite side takes something else.
    """
    by_hand = OTHER[side]
    own, other = ways[side], ways[by_hand]
    sentence = (
        f"{SIDES[by_hand]} takes {other} of the {layer.kind.name} that it writes out"
        f"{at(maker)}, and {SIDES[side]} {own} of `{step.layer}`"
    )
    fixes: dict[Side, str] = {
        by_hand: f"{SIDES[by_hand]}{at(maker)}: take {own}",
        side: f"{SIDES[side]}: take {other}, {_written(other, layer, side)}",
    }
    return Worded(f"{other} for {own}", sentence, fixes)


def _written(way: str, layer: Layer, side: Side) -> str:
    """How a way to take a layer's results is written on its side."""
    if side == "torch":
        return WRITTEN[way][0]
    written = WRITTEN[way][1]
    if layer.output.ndim > 3:
        written = OF_IMAGES_IN_KERAS.get(way, written)
    if "return_" in written:
        return written
    return f"return_sequences=True and {written}"
