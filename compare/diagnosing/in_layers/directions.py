"""The direction in which recurrent layers read a sequence.

PyTorch's user turns the input round; Keras's layer does so itself, go_backwards=True.
Both hand on the steps in the order in which they were read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

from compare.diagnosing.finding import Finding, Reading, named
from compare.diagnosing.from_the_end import (
    LAST_FIRST,
    NOT_TURNED,
    REVERSED,
    are_turned,
    makes,
)
from compare.judging.distances import near
from compare.judging.evidence import OTHER, SIDES
from compare.mistakes.ways import WRITTEN

if TYPE_CHECKING:
    from compare.diagnosing.finding import Link
    from compare.diagnosing.isolated import Isolated


def uncrossed(found: Sequence[Finding], isolated: Isolated) -> Iterator[Finding]:
    """Findings, told otherwise where two layers read in each other's direction.

    They may have been told apart by their order alone, and wrongly.

    Args:
        found: in the order in which the model meets them.
        isolated: as `isolation.isolate` gives it.
    """
    twins = crossed(isolated)
    for each in found:
        told = any(named(REVERSED) in reading.faults for reading in each.readings)
        if each.layer in twins and told:
            reading = _exchanged(each.layer, twins[each.layer], isolated)
            each = replace(each, readings=(reading, *each.readings))
        yield each


def crossed(isolated: Isolated) -> dict[str, str]:
    """Layers that read in each other's direction, each with the other.

    Args:
        isolated: as `isolation.isolate` gives it.
    """
    both = isolated.relayed.calls.keys() & isolated.keras.calls.keys()
    layers = [name for name in isolated.kinds if name in both]
    pairs = [pair for pair in permutations(layers, 2) if _are_crossed(*pair, isolated)]
    return {one: other for pair in pairs for one, other in (pair, pair[::-1])}


def _are_crossed(first, second, isolated):
    """Whether Keras's first reads from the end, and of PyTorch's the second."""
    keras = isolated.keras
    one, two = keras.calls[first], keras.calls[second]
    shapes = [{n: a.shape for n, a in each.arrays.items()} for each in (one, two)]
    mine = isolated.relayed.calls[first], isolated.relayed.calls[second]
    return (
        shapes[0] == shapes[1]
        and not any(isolated.name(each, "keras") == each for each in (first, second))
        and near(one.x, two.x)
        and near(mine[0].x, one.x)
        and are_turned(mine[1], two)
        and makes(replace(one, x=one.x[:, ::-1]), keras.handed[first])
        and not makes(replace(two, x=two.x[:, ::-1]), keras.handed[second])
    )


def _exchanged(layer, other, isolated):
    names = {each: isolated.name(each, "keras") for each in (layer, other)}
    first, second = sorted(names)
    said = (
        f"{first} and {second} of PyTorch seem to be each other's twins: one of them "
        f"reads the sequence from its end, and so does the other of Keras"
    )
    table = f'{{"{first}": "{names[second]}", "{second}": "{names[first]}"}}'
    return Reading("", (), said, f"give names, {table}")


def left_turned(place: Link, names: Mapping[str, Sequence[str]]) -> tuple[Reading, ...]:
    """That one side leaves the steps of a layer in the order in which it read them.

    Args:
        place: behind a layer that reads from the end on both sides.
        names: by side, the ways in which its steps may be handed on.

    Returns:
        Nothing where the sides differ in another way.
    """
    readings = []
    for side, other in OTHER.items():
        if "every step" in names[side] and LAST_FIRST in names[other]:
            who, whose = SIDES[side], SIDES[other]
            code = WRITTEN[LAST_FIRST][side == "keras"]
            said = (
                f"{place.where}, {who} does not turn round the steps of {place.layer}, "
                f"which reads from the end, and {whose} does"
            )
            fix = f"{who}: hand on {code} of {place.layer}, not output"
            readings.append(Reading(side, (named(NOT_TURNED),), said, fix))
            said = f"{place.where}, {whose} should do as {who} does"
            fix = f"{whose}: hand on the output of {place.layer} as it is"
            readings.append(Reading(other, (), said, fix))
    return tuple(readings)
