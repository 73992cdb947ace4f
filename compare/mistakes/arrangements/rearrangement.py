"""One way to bring the numbers of an array into another order, and its line of code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

Order = tuple[int, ...]
MANY = 32  # places that a line of code lists


@dataclass(frozen=True)
class Rearrangement:
    """The numbers of an array in another order: read, reordered, transposed, read.

    Args:
        held: shape of the array that is rearranged.
        factors: the shape into which it is read first, in memory order.
        orders: for each axis of that, which place comes first, second ...; None where
            they stay.
        axes: the order of the axes of that, afterwards.
        shape: into which the result is read, in memory order.
    """

    held: tuple[int, ...]
    factors: tuple[int, ...]
    orders: tuple[Order | None, ...]
    axes: tuple[int, ...]
    shape: tuple[int, ...]

    def of(self, array: np.ndarray) -> np.ndarray:
        """Rearrange an array of the shape `held`; the result has the shape `shape`."""
        result = array.reshape(self.factors)
        for axis, order in enumerate(self.orders):
            if order is not None:
                result = result.take(order, axis)
        return result.transpose(self.axes).reshape(self.shape)

    def positions(self, places: np.ndarray) -> np.ndarray:
        """Where the numbers at some places of the result come from, both counted flat.

        Args:
            places: (count,), in the memory order of the result.
        """
        moved = tuple(self.factors[axis] for axis in self.axes)
        digits = np.unravel_index(places, moved)
        by_axis: list[np.ndarray] = [places] * len(self.axes)
        for axis, digit in zip(self.axes, digits, strict=True):
            order = self.orders[axis]
            by_axis[axis] = digit if order is None else np.asarray(order)[digit]
        return np.ravel_multi_index(tuple(by_axis), self.factors)

    def inverse(self) -> Rearrangement:
        """Bring them back: the result of this is what the inverse takes."""
        moved = tuple(self.factors[axis] for axis in self.axes)
        orders = []
        for axis in self.axes:
            order = self.orders[axis]
            back = None
            if order is not None:
                back = tuple(int(place) for place in np.argsort(order))
            orders.append(back)
        axes = tuple(int(axis) for axis in np.argsort(self.axes))
        return Rearrangement(self.shape, moved, tuple(orders), axes, self.held)

    def code(self, name: str) -> str:
        """The same as an expression of NumPy.

        Args:
            name: of the array, or an expression for it.
        """
        text = name
        if self.factors != self.held:
            text += f".reshape({_listed(self.factors)})"
        for axis, order in enumerate(self.orders):
            if order is not None:
                text = code_of_order(text, order, axis)
        moved = tuple(self.factors[axis] for axis in self.axes)
        if self.axes == (1, 0):
            text += ".T"
        elif self.axes != tuple(range(len(self.axes))):
            text += f".transpose({_listed(self.axes)})"
        if moved != self.shape:
            text += f".reshape({_listed(self.shape)})"
        return text


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


# ------------------------------------------------------------------ orders of one axis


def blocks_of(order: Order) -> tuple[int, Order] | None:
    """Read an order as one of a few blocks of equal size.

    Args:
        order: which place comes first, second ...

    Returns:
        How many blocks, at most 16 and as few as do, and which of them comes first,
        second ...; None where there are none.
    """
    size = len(order)
    places = np.asarray(order)
    for count in range(2, min(size, 16) + 1):
        if size % count:
            continue
        length = size // count
        if length == 1 and count > 4:
            return None  # single places: any order is one
        table = places.reshape(count, length)
        starts = table[:, 0]
        if (starts % length).any():
            continue
        if (table == starts[:, None] + np.arange(length)).all():
            return count, tuple(int(start) // length for start in starts)
    return None


def shift_of(order: Order) -> int | None:
    """By how many places `np.roll` moves to make this order; None where it does not."""
    size = len(order)
    places = np.asarray(order)
    if ((places - np.arange(size) - places[0]) % size).any():
        return None
    shift = -int(places[0]) % size
    return shift if shift <= size // 2 else shift - size


def is_reversed(order: Order) -> bool:
    """Whether the last place comes first."""
    return order == tuple(range(len(order)))[::-1]


def code_of_order(name: str, order: Order, axis: int) -> str:
    """An expression of NumPy that brings the places of an axis into an order.

    Args:
        name: of the array, or an expression for it.
        order: which place comes first, second ...
        axis: whose places they are.
    """
    if is_reversed(order):
        return f"np.flip({name}, {axis})"
    blocks = blocks_of(order)
    if blocks is not None and blocks[0] < len(order):
        count, block_order = blocks
        numbers = _listed(block_order)
        return (
            f"np.concatenate([np.split({name}, {count}, {axis})[block] "
            f"for block in ({numbers})], {axis})"
        )
    shift = shift_of(order)
    if shift is not None:
        return f"np.roll({name}, {shift}, {axis})"
    if len(order) > MANY:
        return f"np.take({name}, order, {axis})"
    return f"np.take({name}, [{_listed(order)}], {axis})"


def along(shape: tuple[int, ...], order: Order, axis: int) -> Rearrangement:
    """Bring the places of one axis into an order.

    Args:
        shape: of the array.
        order: which place comes first, second ...
        axis: whose places they are.
    """
    orders = tuple(order if number == axis else None for number in range(len(shape)))
    return Rearrangement(shape, shape, orders, tuple(range(len(shape))), shape)


# ---------------------------------------------------------------- by steps in memory


@dataclass(frozen=True)
class Level:
    """A loop over numbers in memory, one of those that together meet each number once.

    Args:
        length: how often it goes round.
        stride: how far neighbours are apart in memory.
        order: in which they are met; None where it is that of memory.
    """

    length: int
    stride: int
    order: Order | None = None

    def split(self, inner: int) -> tuple[Level, Level] | None:
        """Make two loops of it, the inner one of a length; None where that fails."""
        outer = self.length // inner
        if self.length % inner:
            return None
        orders: tuple[Order | None, Order | None] = (None, None)
        if self.order is not None:
            if not is_reversed(self.order):
                return None
            orders = tuple(range(outer))[::-1], tuple(range(inner))[::-1]
        return (
            Level(outer, self.stride * inner, orders[0]),
            Level(inner, self.stride, orders[1]),
        )


def of_levels(
    levels: Sequence[Level], held: tuple[int, ...], shape: tuple[int, ...]
) -> Rearrangement | None:
    """Write loops over the numbers of an array as a rearrangement, as short as it goes.

    Args:
        levels: from the outermost to the innermost, which goes round fastest.
        held: shape of the array.
        shape: of the result.

    Returns:
        None where the loops do not meet each number once.
    """
    choices = []
    for by_held, by_shape in product((True, False), (True, False)):
        refined: list[Level] | None = [level for level in levels if level.length > 1]
        if by_shape:
            refined = _split_by_result(refined or [], shape)
        if by_held and refined is not None:
            refined = _split_by_memory(refined, held)
        if refined is None:
            continue
        rearrangement = _written(refined, held, shape)
        if rearrangement is not None:
            choices.append(rearrangement)
    return min(choices, key=_length, default=None)


def _length(rearrangement: Rearrangement) -> tuple[int, int]:
    """How long the line of code is: the times it reshapes, and the axes."""
    moved = tuple(rearrangement.factors[axis] for axis in rearrangement.axes)
    reshapes = int(rearrangement.factors != rearrangement.held)
    reshapes += int(moved != rearrangement.shape)
    return reshapes, len(rearrangement.factors)


def _written(
    levels: Sequence[Level], held: tuple[int, ...], shape: tuple[int, ...]
) -> Rearrangement | None:
    """The loops as they are; None where they do not meet each number once."""
    in_memory = sorted(range(len(levels)), key=lambda number: -levels[number].stride)
    step = 1
    for number in reversed(in_memory):
        if levels[number].stride != step:
            return None
        step *= levels[number].length
    if step != prod(held):
        return None
    factors = tuple(levels[number].length for number in in_memory)
    orders = tuple(levels[number].order for number in in_memory)
    axes = tuple(in_memory.index(number) for number in range(len(levels)))
    return Rearrangement(held, factors, orders, axes, shape)


def _split_by_memory(
    levels: Sequence[Level], held: tuple[int, ...]
) -> list[Level] | None:
    """The loops with each axis of the array a loop of its own; None if they cannot."""
    result = list(levels)
    step = 1
    for length in reversed(held):
        for number, level in enumerate(result):
            if level.stride < step < level.stride * level.length:
                inner, remainder = divmod(step, level.stride)
                two_levels = None if remainder else level.split(inner)
                if two_levels is None:
                    return None
                result[number : number + 1] = two_levels
                break
        step *= length
    return result


def _split_by_result(
    levels: Sequence[Level], shape: tuple[int, ...]
) -> list[Level] | None:
    """The loops with each axis of the result a loop of its own; None if they cannot."""
    result = list(levels)
    boundary = 1
    for length in reversed(shape):
        done = 1
        for number in reversed(range(len(result))):
            level = result[number]
            if done < boundary < done * level.length:
                inner, remainder = divmod(boundary, done)
                two_levels = None if remainder else level.split(inner)
                if two_levels is None:
                    return None
                result[number : number + 1] = two_levels
                break
            done *= level.length
        boundary *= length
    return result
