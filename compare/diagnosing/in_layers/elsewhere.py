"""Which array of another layer has the numbers that one holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compare.diagnosing.in_layers.own_layout import OwnArrays, in_own_layout
from compare.diagnosing.isolated import Isolated
from compare.judging.words import Side
from compare.mistakes.arrangements.orders import (
    are_alike,
    may_be_reordered,
    order_of,
    sums_of,
)
from compare.mistakes.arrangements.rearrangement import Rearrangement
from compare.mistakes.runs import is_later, layer_of


@dataclass(frozen=True)
class Source:
    """An array of another layer that holds the same numbers.

    Args:
        layer: the name of that layer.
        arrays: of that layer.
        name: of the array.
        order: brings the numbers into its order; None where they have it.
    """

    layer: str
    arrays: OwnArrays
    name: str
    order: Rearrangement | None


@dataclass(frozen=True)
class _Entry:
    """An array of a layer, by the sums that no order of its numbers changes."""

    layer: str
    name: str
    size: int
    sums: np.ndarray


class Elsewhere:
    """The right arrays of all layers, which are found by their numbers.

    They are summed up once: with many wrong layers each is asked about each other.

    Args:
        isolated: the twins at work.
    """

    def __init__(self, isolated: Isolated) -> None:
        self._isolated = isolated
        self._entries: dict[Side, list[_Entry]] = {}

    def source(self, held: np.ndarray, side: Side, layer: str) -> Source | None:
        """Find the array of another layer that holds the same numbers, if one does.

        Args:
            held: the array of which they are.
            side: whose it is, and in whose layout.
            layer: the one that holds it.
        """
        if side not in self._entries:
            self._entries[side] = self._summed_up(side)
        sums = sums_of(held)
        for entry in self._entries[side]:
            if entry.size != held.size or entry.layer == layer_of(layer):
                continue
            if not may_be_reordered(sums, entry.sums, held.size):
                continue
            arrays = self._own_layout(entry.layer, side)
            if arrays is None:
                continue
            array = arrays.right[entry.name]
            if are_alike(held, array):
                return Source(entry.layer, arrays, entry.name, None)
            order = order_of(held, array)
            if order is not None:
                return Source(entry.layer, arrays, entry.name, order)
        return None

    def _summed_up(self, side: Side) -> list[_Entry]:
        """The right arrays of all layers on a side."""
        entries = []
        for layer in self._isolated.kinds:
            arrays = None
            if not is_later(layer):
                arrays = self._own_layout(layer, side)
            if arrays is None:
                continue
            for name, array in arrays.right.items():
                sums = sums_of(array)
                entries.append(_Entry(layer, name, array.size, sums))
        return entries

    def _own_layout(self, layer: str, side: Side) -> OwnArrays | None:
        kind = self._isolated.kinds[layer].replace("Cell", "")
        return in_own_layout(layer, kind, side, self._isolated)
