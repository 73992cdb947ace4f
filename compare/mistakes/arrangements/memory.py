"""Reading off, number by number, by what steps one array runs through another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from compare.mistakes.arrangements.rearrangement import (
    Level,
    Order,
    Rearrangement,
    of_levels,
)

READ = 3e8  # numbers that are read in all in search of single ones
SORTED = 2_000_000  # up to so many numbers, sorting is cheaper than reading
ALIKE = 4  # numbers that are the same, of which each may be the one
TABLE = 16  # blocks that may come in any order
Where = Callable[[float], np.ndarray]


def decoded(
    held: np.ndarray, right: np.ndarray, rounded: float
) -> Iterator[Rearrangement]:
    """Rearrangements that may make one array of another, not proved yet.

    The numbers of `right` are met in memory order. Where the second of them is in
    `held` tells the innermost loop's stride, the first that breaks the rule its length
    and the next loop's stride, and so on: no shape need be guessed. A loop of few steps
    may have its steps in any order, such as gates.

    Args:
        held: contiguous.
        right: contiguous, of as many numbers.
        rounded: how far numbers that are the same may be apart, in parts of the
            largest.
    """
    numbers, target = held.reshape(-1), right.reshape(-1)
    limit = rounded * float(np.abs(numbers).max())
    where = _lookup(numbers, limit)
    for start in where(target[0]):
        search = _Search(numbers, target, limit, where, int(start))
        for levels in search.loops(1, ()):
            ordered = [_in_memory_order(level) for level in levels]
            rearrangement = of_levels(ordered, held.shape, right.shape)
            if rearrangement is not None:
                yield rearrangement


def _lookup(numbers: np.ndarray, limit: float) -> Where:
    """What finds the places of a number, a few at most."""
    if numbers.size <= SORTED:
        places = np.argsort(numbers, kind="stable")
        in_order = numbers[places]

        def found_in_order(number: float) -> np.ndarray:
            ends = np.searchsorted(in_order, (number - limit, number + limit))
            near = places[ends[0] : ends[1] + 1][: 64 * ALIKE]
            gaps = np.abs(numbers[near] - number)
            near = near[gaps <= limit]
            nearest = np.argsort(np.abs(numbers[near] - number), kind="stable")
            return near[nearest][:ALIKE]

        return found_in_order
    budget = [int(READ // numbers.size)]

    def found_by_reading(number: float) -> np.ndarray:
        if budget[0] <= 0:
            return np.empty(0, int)
        budget[0] -= 1
        return np.flatnonzero(numbers == number)[:ALIKE]

    return found_by_reading


@dataclass(frozen=True)
class _Steps:
    """A loop as it was read off: where each of its steps is, less the first."""

    offsets: tuple[int, ...] | None  # None: the step's number times the stride
    length: int
    stride: int


def _in_memory_order(steps: _Steps) -> Level:
    """A loop in the order of memory, with the order in which it was met beside it."""
    if steps.offsets is None:
        order: Order | None = None
        if steps.stride < 0:
            order = tuple(range(steps.length))[::-1]
        return Level(steps.length, abs(steps.stride), order)
    places = np.argsort(steps.offsets)
    order = tuple(int(rank) for rank in np.argsort(places))
    return Level(steps.length, steps.stride, order)


@dataclass
class _Search:
    """The loops that begin at one place.

    Args:
        numbers: of the array that is held, (count,).
        target: in the order that is to be made, (count,).
        limit: how far the same numbers may be apart.
        where: finds the places of a number.
        start: the place of the first number.
        tries: how many loops may still be tried.
    """

    numbers: np.ndarray
    target: np.ndarray
    limit: float
    where: Where
    start: int
    tries: list[int] = field(default_factory=lambda: [200])

    def loops(
        self, done: int, inner: tuple[_Steps, ...]
    ) -> Iterator[tuple[_Steps, ...]]:
        """All loops, from the outermost, of which the inner ones are known.

        Args:
            done: how many numbers the inner loops meet.
            inner: those, from the outermost.
        """
        if done == self.target.size:
            yield inner
            return
        if self.tries[0] <= 0:
            return
        self.tries[0] -= 1
        remaining = self.target.size // done
        for place in self.where(self.target[done]):
            stride = int(place) - self.start
            if stride == 0:
                continue
            run = self._run(done, stride)
            lengths = [n for n in range(run, 1, -1) if remaining % n == 0][:6]
            for length in lengths:
                loop = _Steps(None, length, stride)
                yield from self.loops(done * length, (loop, *inner))
        yield from self._in_any_order(done, inner, remaining)

    def _run(self, done: int, stride: int) -> int:
        """How many steps of a stride meet what they should, the first counted."""
        targets = self.target[::done]
        if stride > 0:
            fitting = (self.numbers.size - 1 - self.start) // stride + 1
        else:
            fitting = self.start // -stride + 1
        count = min(len(targets), fitting)
        places = self.start + stride * np.arange(count)
        wrong = np.abs(self.numbers[places] - targets[:count]) > self.limit
        return int(np.argmax(wrong)) if wrong.any() else count

    def _in_any_order(
        self, done: int, inner: tuple[_Steps, ...], remaining: int
    ) -> Iterator[tuple[_Steps, ...]]:
        """Loops of a few steps that are in an order of their own, such as gates."""
        offsets = [0]
        for count in range(2, min(remaining, TABLE) + 1):
            place = self.where(self.target[done * (count - 1)])
            if not len(place):
                return
            offsets.append(int(place[0]) - self.start)
            if remaining % count or count < 3:
                continue
            gaps = np.diff(np.sort(offsets))
            if gaps.min() <= 0 or gaps.min() != gaps.max():
                continue
            loop = _Steps(tuple(offsets), count, int(gaps[0]))
            if offsets in (sorted(offsets), sorted(offsets, reverse=True)):
                continue  # a loop of one stride, which was tried
            # The first step of such a loop need not be the first in memory.
            yield from self.loops(done * count, (loop, *inner))
