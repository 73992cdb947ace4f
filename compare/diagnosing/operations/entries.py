"""Entries along an axis that an operation hands on, whatever shape it gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from compare.diagnosing.operations.recognised import Recognised
from compare.judging.explanation import listed

MOST_NUMBERS = 100_000  # in an array; larger ones are not tried
FEWEST = 4  # numbers of an entry, by which it is known


def entries_of(output: np.ndarray, x: np.ndarray) -> Recognised | None:
    """Which entries of an array an output holds, as of heads that are split.

    Args:
        output: of fewer numbers, in any order.
        x: what it may be taken of, in the same layout.

    Returns:
        None where it holds anything else, or where the numbers of x are too alike to
        tell.
    """
    if not 0 < output.size < x.size <= MOST_NUMBERS or output.dtype.kind != "f":
        return None
    if len(np.unique(x)) < x.size:
        return None
    for axis in range(x.ndim - 1, 0, -1):
        size = x.shape[axis]
        rows = np.moveaxis(x, axis, 0).reshape(size, -1)
        if rows.shape[1] < FEWEST:
            continue
        places = [int(place) for place in np.flatnonzero(_are_held(rows, output))]
        if len(places) * rows.shape[1] == output.size:
            return Recognised("entries", f"{_in_words(places)} of axis {axis}")
    return None


def _are_held(rows: np.ndarray, output: np.ndarray) -> np.ndarray:
    """Which rows an output holds up to rounding, (rows,)."""
    held = np.sort(output, axis=None)
    near = np.searchsorted(held, rows).clip(1, held.size - 1)
    gaps = np.minimum(np.abs(held[near] - rows), np.abs(held[near - 1] - rows))
    are_held: np.ndarray = (gaps <= 1e-9 * np.abs(rows).max()).all(1)
    return are_held


def _in_words(places: Sequence[int]) -> str:
    """Places, those in a row by the first and the last: `0 to 2 and 9 to 11`."""
    return listed([*_runs(places)])


def _runs(places: Sequence[int]) -> Iterator[str]:
    """Places that follow one another, as the first and the last."""
    first = last = places[0]
    for place in [*places[1:], -1]:
        if place == last + 1:
            last = place
            continue
        yield f"{first}" if first == last else f"{first} to {last}"
        first = last = place
