"""Several recordings of a module, at other sizes, made one with sizes that are open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.in_pytorch.recorded import Recording, Result, Step


@dataclass(frozen=True)
class Open:
    """A number that was another one in each of several runs, such as a length.

    Args:
        values: in each run.
    """

    values: tuple[Any, ...]

    def __str__(self) -> str:
        return "any"


Size = int | Open


class Unlike(Exception):
    """Two runs of a module did not do the same.

    Args:
        place: where they part.
    """

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


def unified(recordings: Sequence[Recording]) -> Recording:
    """One recording of several that differ in sizes alone.

    Returns:
        The first one, with `Open`s where numbers differ.

    Raises:
        Unlike: if the runs did not do the same.
    """
    first = recordings[0]
    steps = []
    counts = {len(recording.steps) for recording in recordings}
    for number in range(min(counts)):
        steps.append(_unified_step([r.steps[number] for r in recordings]))
    if len(counts) > 1:
        raise Unlike(steps[-1].place if steps else "")
    output = _unified([recording.output for recording in recordings], "its result")
    asked = list(dict.fromkeys(p for r in recordings for p in r.asked))
    return Recording(steps, first.inputs, output, asked)


def _unified_step(steps: Sequence[Step]) -> Step:
    first = steps[0]
    place = first.place
    names = {(s.function, s.name, s.alone, len(s.results)) for s in steps}
    if len(names) > 1:
        raise Unlike(place)
    results = []
    for alike in zip(*(step.results for step in steps), strict=True):
        shape = _unified([result.shape for result in alike], place)
        results.append(Result(shape, alike[0].dtype))
    return Step(
        first.function,
        first.name,
        place,
        _unified([step.args for step in steps], place),
        _unified([dict(step.kwargs or {}) for step in steps], place),
        tuple(results),
        first.alone,
        tuple(map(_unified_value, zip(*(s.values for s in steps), strict=True))),
        first.turn,
    )


def _unified_value(values: tuple[Any, ...]) -> Any:
    """A constant, or an `Open` of one that has other shapes or numbers in each run."""
    first = values[0]
    if first is None:
        return None
    for value in values[1:]:
        if value.shape != first.shape or not np.array_equal(value, first):
            return Open(tuple(values))
    return first


def _unified(values: Sequence[Any], place: str) -> Any:
    first = values[0]
    kinds = {type(value) for value in values}
    if len(kinds) > 1 and not kinds <= {int, float}:
        raise Unlike(place)
    if isinstance(first, list | tuple):
        if len({len(value) for value in values}) > 1:
            raise Unlike(place)
        items = [_unified(items, place) for items in zip(*values, strict=True)]
        return type(first)(items)
    if isinstance(first, Mapping):
        if len({tuple(value) for value in values}) > 1:
            raise Unlike(place)
        return {key: _unified([value[key] for value in values], place) for key in first}
    if isinstance(first, slice):
        parts = [(value.start, value.stop, value.step) for value in values]
        return slice(*_unified(parts, place))
    if isinstance(first, int | float) and not isinstance(first, bool):
        if all(v == first or (_is_nan(v) and _is_nan(first)) for v in values):
            return first
        return Open(tuple(values))
    try:
        alike = all(bool(value == first) for value in values)
    except Exception:  # of an object of the user's own
        alike = all(value is first for value in values)
    if not alike:
        raise Unlike(place)
    return first


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
