"""At which sizes a module's comparisons of sizes would come out otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.in_pytorch.watched_sizes import (
    Comparison,
    Origin,
    SizeNotes,
    computed,
    origins_in,
)

LARGEST = 2_100  # a size that is tried: attention makes a square of it
# All sizes that are tried, and some of those that are not.
GRID = np.concatenate(
    [np.arange(1, LARGEST + 1), np.geomspace(LARGEST + 1, 1e8, 500).astype(int)]
)

# Runs of a module by the size of one axis.
Runs = Mapping[int, SizeNotes]
Key = tuple[str, int, bool]


@dataclass(frozen=True)
class Bound:
    """A size at which a comparison of a module comes out otherwise.

    Args:
        place: of the comparison.
        size: the nearest on the other side.
        beside: its neighbours, nearest first: one on the side of the sizes that were
            run, and one beyond.
        is_slice: whether it is a slice that ends, or begins, at a fixed place.
    """

    place: str
    size: int
    beside: tuple[int, int]
    is_slice: bool = False


def bounds_of(runs: Runs) -> list[Bound]:
    """The sizes to try beside those that were run.

    Args:
        runs: of other sizes of one axis; the first is that of all others.

    Returns:
        For each comparison that came out alike in all runs the nearest size where it
        would not, below and above, be it larger than any that is tried.
    """
    sizes = _sizes(runs)
    first = next(iter(runs))
    bounds: dict[Bound, None] = {}
    for comparison in _one_sided(runs):
        if not _depends(comparison, sizes):
            continue
        outcomes = np.broadcast_to(comparison.outcomes(sizes), GRID.shape)
        others = GRID[outcomes != comparison.outcome]
        above, below = others[others > first], others[others < first]
        ends = []
        if above.size:
            ends.append((int(above.min()), -1))
        if below.size and not comparison.is_slice:
            ends.append((int(below.max()), 1))
        for size, step in ends:
            if size not in runs:
                place, is_slice = comparison.place, comparison.is_slice
                beside = size + step, size - step
                bounds.setdefault(Bound(place, size, beside, is_slice))
    return list(bounds)


def lost_places(runs: Runs) -> list[str]:
    """Where numbers that depend on the axis are followed no longer."""
    sizes = _sizes(runs)
    places: dict[str, None] = {}
    for notes in runs.values():
        for place, formula in notes.lost:
            is_known = all(origin in sizes for origin in origins_in(formula))
            if is_known and np.unique(computed(formula, sizes)).size > 1:
                places.setdefault(place)
    return list(places)


def _one_sided(runs: Runs) -> list[Comparison]:
    """One comparison of each place and turn that came out alike in all runs."""
    outcomes: dict[Key, set[object]] = {}
    comparisons: dict[Key, Comparison] = {}
    for notes in runs.values():
        for comparison in notes.comparisons:
            key = comparison.place, comparison.turn, comparison.is_value
            outcome = comparison.outcome
            outcomes.setdefault(key, set()).add(
                comparison.right if comparison.is_value else outcome
            )
            comparisons.setdefault(key, comparison)
    return [c for key, c in comparisons.items() if len(outcomes[key]) == 1]


def _depends(comparison: Comparison, sizes: Mapping[Origin, np.ndarray]) -> bool:
    """Whether both sides are known, and one of them depends on the axis."""
    origins = [*origins_in(comparison.left), *origins_in(comparison.right)]
    if not all(origin in sizes for origin in origins):
        return False
    return any(np.unique(sizes[origin]).size > 1 for origin in origins)


def _sizes(runs: Runs) -> dict[Origin, np.ndarray]:
    """What each size that a module was told is at each size of the axis.

    Between two runs it grows evenly, and beyond them as between the outermost two.
    """
    values: dict[Origin, dict[int, int]] = {}
    for size, notes in runs.items():
        for origin, value in notes.told.items():
            values.setdefault(origin, {})[size] = value
    return {o: _line(of_run) for o, of_run in values.items() if len(of_run) > 1}


def _line(values: Mapping[int, int]) -> np.ndarray:
    places = sorted(values)
    heights = [values[place] for place in places]
    line = np.interp(GRID, places, heights)
    slope = (heights[-1] - heights[0]) / (places[-1] - places[0])
    before = np.searchsorted(GRID, places[0])
    after = np.searchsorted(GRID, places[-1], side="right")
    line[:before] = heights[0] + slope * (GRID[:before] - places[0])
    line[after:] = heights[-1] + slope * (GRID[after:] - places[-1])
    return np.floor(line + 1e-9)
