"""A recurrent layer of one side that is written out with operations on the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.layer_calls import Layer, forms, layer_at
from compare.diagnosing.operations.naming import at
from compare.diagnosing.operations.orders import Arrangement
from compare.diagnosing.operations.regions import Region, Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds import by_hand_mistakes
from compare.kinds.mistake import Computation, Mistake
from compare.mistakes.traces import Step, Trace

SideOfLayer = Mapping[Side, Region]
Maker = Mistake[Computation] | None  # None for what the kind should compute


@dataclass(frozen=True)
class Computed:
    """What a layer computes of its input and arrays, rightly or by a mistake.

    Args:
        mistake: None where there is none.
        forms: what it may return of it.
    """

    mistake: Maker
    forms: Sequence[np.ndarray]


@dataclass(frozen=True)
class Found:
    """A value of a trace that is an array.

    Args:
        number: of the value.
        axes: the order of the array's axes that the value has.
    """

    number: int
    axes: tuple[int, ...]


def recurrent_by_hand(regions: Regions) -> Iterator[Candidate]:
    """Mistakes by which operations make of a layer's input what they make."""
    sides: SideOfLayer = {"torch": regions.torch, "keras": regions.keras}
    for side, region in sides.items():
        for step in region.sources:
            layer = layer_at(step, region.trace, side)
            if layer is not None and layer.kind.cell is not None:
                yield from _of_layer(step, layer, side, sides)


def _of_layer(
    step: Step, layer: Layer, side: Side, regions: SideOfLayer
) -> Iterator[Candidate]:
    """The mistakes that make the other side's values differ from a layer's.

    Args:
        step: the layer's.
        layer: at work.
        side: whose it is.
        regions: of both sides.
    """
    by_hand = OTHER[side]
    of_layer = _as_it_ran(layer)
    if of_layer is None:
        return
    for of_hand in _computed(layer, by_hand_mistakes.of_kind(layer.call.kind)):
        if of_hand.mistake is None and of_layer.mistake is None:
            continue
        pairs = zip(of_layer.forms, of_hand.forms, strict=True)
        for right, wrong in pairs:
            values = {side: value_of(right, regions[side].trace, side)}
            values[by_hand] = value_of(wrong, regions[by_hand].trace, by_hand)
            steps = {side: step, by_hand: _maker(values, by_hand, regions) or step}
            words = _words(
                {side: of_layer.mistake, by_hand: of_hand.mistake}, steps, side, layer
            )
            yield from otherwise_made(values, regions, words)
            if all(values.values()):
                return


def _maker(
    values: Mapping[Side, Found | None], side: Side, regions: SideOfLayer
) -> Step | None:
    """The step that made a value of a side, if one is found."""
    value = values[side]
    return None if value is None else regions[side].trace.maker(value.number)


def otherwise_made(
    values: Mapping[Side, Found | None], regions: SideOfLayer, words: Worded
) -> Iterator[Candidate]:
    """Put the value of Keras in the place of that of PyTorch, if both are there.

    Args:
        values: by side.
        regions: of both sides.
        words: what the change is.
    """
    torch, keras = values["torch"], values["keras"]
    torch_step = _maker(values, "torch", regions)
    keras_step = _maker(values, "keras", regions)
    if torch is None or keras is None or torch_step is None or keras_step is None:
        return
    yield Candidate(
        "otherwise",
        torch_step,
        torch_step.outputs.index(torch.number),
        0,
        keras_step,
        keras_step.outputs.index(keras.number),
        Arrangement(torch.axes),
        words=words,
    )


def _as_it_ran(layer: Layer) -> Computed | None:
    """What makes of a layer's input what the layer made, if that is known."""
    for computed in _computed(layer, by_hand_mistakes.of_layers(layer.call.kind)):
        if any(same(form, layer.output) for form in computed.forms):
            return computed
    return None


def _computed(
    layer: Layer, mistakes: Sequence[Mistake[Computation]]
) -> Iterator[Computed]:
    """What a layer should compute, and what it would by each mistake."""
    right = layer.computed
    if right is None:
        return
    yield Computed(None, forms(right))
    for mistake in mistakes:
        result = mistake.effect.compute(layer.call)
        if isinstance(result, Mapping):
            yield Computed(mistake, forms(result))


def value_of(
    array: np.ndarray, trace: Trace, side: Side, is_last: bool = False
) -> Found | None:
    """The value of a trace that is an array, if a step made one.

    Args:
        array: features last, (batch, ..., features).
        trace: of that side.
        side: whose trace it is; PyTorch's may have the features first.
        is_last: whether the last one is wanted, not the first.
    """
    plain = list(range(array.ndim))
    orders = [tuple(plain)]
    if side == "torch" and array.ndim > 3:
        for place in (1, 2):  # of the features of an image, and of those of a film
            orders.append((*plain[:place], plain[-1], *plain[place:-1]))
    for value in trace.values[:: -1 if is_last else 1]:
        if value.maker is None:
            continue
        for order in orders:
            if same(value.array, array.transpose(order)):
                return Found(value.number, order)
    return None


def _words(
    mistakes: Mapping[Side, Maker],
    steps: Mapping[Side, Step],
    side: Side,
    layer: Layer,
) -> Worded:
    """The mistakes of both sides in words.

    Args:
        mistakes: by side, None where there is none.
        steps: the layer's, and that which ends what is written by hand.
        side: of the layer.
        layer: at work.
    """
    by_hand = OTHER[side]
    names = {
        side: f"`{steps[side].layer}` of {SIDES[side]}",
        by_hand: (
            f"the {layer.kind.name} that {SIDES[by_hand]} writes out"
            f"{at(steps[by_hand])}"
        ),
    }
    sentences, faults, fixes = [], [], {}
    for place, mistake in mistakes.items():
        if mistake is None:
            continue
        sentences.append(f"in {names[place]}, {mistake.sentence}")
        faults.append(mistake.name)
        fix = mistake.torch if place == "torch" else mistake.keras
        fixes[place] = f"{names[place]}: {fix}"
    if len(faults) > 1:
        every_fix = "; and ".join(fixes.values())
        fixes = dict.fromkeys(fixes, every_fix)
    for place in mistakes:
        wrong = names[OTHER[place]]
        fixes.setdefault(place, f"{names[place]}: do as {wrong} does")
    return Worded("; ".join(faults), "; and ".join(sentences), fixes)
