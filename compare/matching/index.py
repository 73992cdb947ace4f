"""Layers in an order, found by keys and not one by one.

What asks for the first layer that fits looks at as many layers as there are sorts of
them under its keys, so a model of 1,000 layers is matched in about the time of ten of
100.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field

Fits = Callable[[str], bool]  # whether a layer, by its name, is what is looked for


@dataclass
class _Group:
    """Layers of one key, of one sort or of all.

    Args:
        places: of those that are not taken, ascending.
    """

    places: list[int] = field(default_factory=list)


class Index:
    """Names of layers in their order, of which some are taken in the course of time."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._places: dict[str, int] = {}  # of those that are not taken
        self._in_order: list[int] = []  # the same places, ascending
        self._of_key: dict[Hashable, _Group] = {}  # those of all sorts
        self._groups: dict[Hashable, dict[Hashable, _Group]] = {}
        self._groups_of: list[list[_Group]] = []  # by place

    def add(self, name: str, sort: Hashable, keys: Iterable[Hashable]) -> None:
        """Put a layer after all others.

        Args:
            name: of the layer.
            sort: layers of one sort fit the same.
            keys: by which the layer is to be found.
        """
        place = len(self._names)
        self._names.append(name)
        self._places[name] = place
        self._in_order.append(place)
        groups = []
        for key in dict.fromkeys(keys):
            group = self._groups.setdefault(key, {}).setdefault(sort, _Group())
            group.places.append(place)
            of_key = self._of_key.setdefault(key, _Group())
            of_key.places.append(place)
            groups += [group, of_key]
        self._groups_of.append(groups)

    def take(self, name: str) -> None:
        """Let a layer be found no longer; nothing where it was taken before."""
        place = self._places.pop(name, None)
        if place is None:
            return
        _remove(self._in_order, place)
        for group in self._groups_of[place]:
            _remove(group.places, place)

    def first(
        self,
        keys: Iterable[Hashable],
        fits: Fits,
        after: str | None = None,
        but: Collection[str] = (),
    ) -> str | None:
        """Return the first layer of any of these keys that fits; None if none does.

        Args:
            keys: of which it has to have one.
            fits: asked about one layer of each sort.
            after: the layer that it has to come after; None for any place.
            but: layers that it may not be.
        """
        earliest: int | None = None
        for group in self._of(keys):
            place = self._first_of(group, after, but)
            if place is None or (earliest is not None and place >= earliest):
                continue
            if fits(self._names[place]):
                earliest = place
        return None if earliest is None else self._names[earliest]

    def first_of_each(self, keys: Iterable[Hashable]) -> list[str]:
        """Return the first layer of each sort that has one of these keys, in order."""
        places = {group.places[0] for group in self._of(keys)}
        return [self._names[place] for place in sorted(places)]

    def __contains__(self, name: object) -> bool:
        """Return whether there is a layer of this name that is not taken."""
        return isinstance(name, str) and name in self._places

    def is_before(self, name: str, later_name: str) -> bool:
        """Return whether a layer comes before another; neither is taken."""
        return self._places[name] < self._places[later_name]

    def in_order(self, key: Hashable) -> Iterator[tuple[str, bool]]:
        """Yield the layers of a key, one after the other.

        Yields:
            The name; and whether between it and the one before there is no other layer
            that is not taken.
        """
        rank = -1
        for place in self._of_key[key].places if key in self._of_key else ():
            is_beside = rank + 1 < len(self._in_order)
            is_beside = is_beside and self._in_order[rank + 1] == place
            rank = bisect_left(self._in_order, place)
            yield self._names[place], is_beside

    def _of(self, keys: Iterable[Hashable]) -> Iterator[_Group]:
        """The groups of some keys, each once, those that are taken left out."""
        groups: dict[int, _Group] = {}
        for key in keys:
            for group in self._groups.get(key, {}).values():
                groups[id(group)] = group
        for group in groups.values():
            if group.places:
                yield group

    def _first_of(
        self, group: _Group, after: str | None, but: Collection[str]
    ) -> int | None:
        start = 0
        if after is not None:
            start = bisect_right(group.places, self._places[after])
        for place in group.places[start : start + len(but) + 1]:
            if self._names[place] not in but:
                return place
        return None


def _remove(places: list[int], place: int) -> None:
    """Remove a place from a list of them that ascends."""
    del places[bisect_left(places, place)]
