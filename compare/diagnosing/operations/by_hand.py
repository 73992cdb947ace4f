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


def recurrent_by_hand(found: Regions) -> Iterator[Candidate]:
    """Mistakes by which operations make of a layer's input what they make."""
    regions: SideOfLayer = {"torch": found.torch, "keras": found.keras}
    for side, region in regions.items():
        for step in region.sources:
            layer = layer_at(step, region.trace, side)
            if layer is not None and layer.kind.cell is not None:
                yield from _of_layer(step, layer, side, regions)


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
            value = _value(right, regions[side].trace)
            hand_value = _value(wrong, regions[by_hand].trace)
            if value is None or hand_value is None:
                continue
            values = {side: value, by_hand: hand_value}
            makers = {s: regions[s].trace.maker(v) for s, v in values.items()}
            torch, keras = makers["torch"], makers["keras"]
            if torch is None or keras is None:
                continue
            axes = tuple(range(right.ndim))
            yield Candidate(
                "otherwise",
                torch,
                torch.outputs.index(values["torch"]),
                0,
                keras,
                keras.outputs.index(values["keras"]),
                Arrangement(axes),
                words=_words(
                    {side: of_layer.mistake, by_hand: of_hand.mistake},
                    {side: step, by_hand: makers[by_hand] or step},
                    side,
                    layer,
                ),
            )
            return


def _as_it_ran(layer: Layer) -> Computed | None:
    """What makes of a layer's input what the layer made, if that is known."""
    for computed in _computed(layer, by_hand_mistakes.OF_LAYERS):
        if any(same(form, layer.output) for form in computed.forms):
            return computed
    return None


def _computed(
    layer: Layer, mistakes: Sequence[Mistake[Computation]]
) -> Iterator[Computed]:
    """What a layer should compute, and what it would by each mistake."""
    right = layer.call.run()
    yield Computed(None, forms(right))
    for mistake in mistakes:
        result = mistake.effect.compute(layer.call)
        if isinstance(result, Mapping):
            yield Computed(mistake, forms(result))


def _value(array: np.ndarray, trace: Trace) -> int | None:
    """The last value of a trace that is an array, if a step made one."""
    for value in reversed(trace.values):
        if value.maker is not None and same(value.array, array):
            return value.number
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
    for place in mistakes:
        wrong = names[OTHER[place]]
        fixes.setdefault(place, f"{names[place]}: do as {wrong} does")
    return Worded("; ".join(faults), "; and ".join(sentences), fixes)
