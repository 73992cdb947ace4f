"""Finding the order in which one array holds the numbers of another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice, permutations
from math import prod

import numpy as np

from compare.judging.distances import near
from compare.mistakes.arrangements.memory import decoded
from compare.mistakes.arrangements.rearrangement import (
    Order,
    Rearrangement,
    along,
    blocks_of,
    is_reversed,
    shift_of,
)

ROUNDED = float(np.finfo(np.float32).eps)  # of the largest value
SAMPLE = 512  # numbers that are compared before all are
CORNER = 8  # places along each axis that are compared before all are
ALIKE = 1e-5  # of the largest mark: what two rows that are the same may differ by
SHIFTS = 64  # that are tried
DECODED = 16  # rearrangements that are read off before the shortest is taken


def have_same_numbers(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays may hold the same numbers, in whatever order.

    Sums that no order changes are compared; arrays of one number alone, such as zeros,
    have no order.
    """
    if a.size != b.size or a.size < 2:
        return False
    return may_be_reordered(sums_of(a), sums_of(b), a.size)


def may_be_reordered(
    sums_of_held: np.ndarray, sums_of_right: np.ndarray, size: int
) -> bool:
    """Whether two arrays may hold the same numbers, by what `sums_of` gives of each.

    Args:
        sums_of_held: of the first.
        sums_of_right: of the second.
        size: how many numbers each has.
    """
    if (
        not np.isfinite(sums_of_held).all()
        or not sums_of_held[0]
        or sums_of_held[0] == sums_of_held[1]
    ):
        return False
    powers = np.array([1, 1, 1, 2, 3])
    limits = 4 * ROUNDED * powers * sums_of_held[0] ** powers
    limits[2:] *= size
    return bool((np.abs(sums_of_held - sums_of_right) <= limits).all())


def sums_of(array: np.ndarray) -> np.ndarray:
    """Return what no order of the numbers changes, (5,).

    That is the largest of the absolute numbers, the least, and the sums of the numbers,
    of their squares and of their cubes. The least is 0 where signs alone differ.
    """
    numbers = np.asarray(array, "float64").reshape(-1)
    if not numbers.size:
        return np.zeros(5)
    squares = numbers * numbers
    largest, least = np.sqrt(squares.max()), np.sqrt(squares.min())
    if numbers.max() != numbers.min() and largest == least:
        least = 0.0
    return np.array(
        [largest, least, numbers.sum(), squares.sum(), float(squares @ numbers)]
    )


def are_alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays have the same numbers in the same places, and one shape."""
    return are_near(a, b, ROUNDED)


def are_near(a: np.ndarray, b: np.ndarray, limit: float) -> bool:
    """Whether two arrays are near; a corner of them is compared before all is.

    Args:
        a: of any shape.
        b: the same.
        limit: how far apart numbers may be, in parts of the largest.
    """
    if a.shape != b.shape:
        return False
    corner = tuple(slice(CORNER) for _ in a.shape)
    gaps = np.abs(a[corner] - b[corner])
    # Nothing is copied: an array may be transposed, and large.
    ends = [a.max(initial=0), b.max(initial=0)]
    ends += [-a.min(initial=0), -b.min(initial=0)]
    if (gaps > 2 * limit * max(ends)).any():
        return False
    return near(a, b, limit)


def order_of(
    held: np.ndarray, right: np.ndarray, blocks: tuple[int, Order] | None = None
) -> Rearrangement | None:
    """Find what brings the numbers of an array into the order of another.

    Args:
        held: of any shape.
        right: as many numbers, of any shape.
        blocks: an order of blocks that is tried before others: how many there are, and
            which of them comes first, second ...

    Returns:
        None where they hold other numbers, the same in no order that is known, or are
        the same.
    """
    held, right = np.ascontiguousarray(held), np.ascontiguousarray(right)
    if not have_same_numbers(held, right) or are_alike(held, right):
        return None
    for candidate in _in_blocks(held.shape, right.shape, blocks):
        if fits(candidate, held, right):
            return candidate
    for candidate in _simple(held.shape, right.shape):
        if fits(candidate, held, right):
            return candidate
    if held.shape == right.shape:
        for axis in range(held.ndim):
            order = _order_along(held, right, axis)
            if order is not None:
                return _in_steps(held.shape, order, axis)
    return _shortest(held, right)


def _shortest(held: np.ndarray, right: np.ndarray) -> Rearrangement | None:
    """The order that splits the numbers least, among those that can be read off."""
    candidates = islice(decoded(held, right, ROUNDED), DECODED)
    for candidate in sorted(candidates, key=_parts):
        if fits(candidate, held, right):
            return candidate
    return None


def _parts(rearrangement: Rearrangement) -> tuple[int, int, int]:
    """How much there is to say: long lists, loops, and loops in another order."""
    orders = [order for order in rearrangement.orders if order is not None]
    lists = [order for order in orders if len(order) > 4 and not is_reversed(order)]
    return len(lists), len(rearrangement.factors), len(orders)


def orders_of_two_axes(
    held: np.ndarray, right: np.ndarray
) -> tuple[Rearrangement, Rearrangement] | None:
    """Find the orders of two axes that bring an array into the order of another.

    Args:
        held: of two axes or more.
        right: of that shape.

    Returns:
        What is done first and then, along an axis each; None where nothing is.
    """
    if held.shape != right.shape or not have_same_numbers(held, right):
        return None
    for axis, other_axis in combinations(range(held.ndim), 2):
        order = _matched(_regardless(held, axis), _regardless(right, axis))
        if order is None:
            continue
        earlier = along(held.shape, order, axis)
        moved = earlier.of(held)
        last = _order_along(moved, right, other_axis)
        if last is not None:
            return earlier, along(held.shape, last, other_axis)
    return None


def fits(candidate: Rearrangement, held: np.ndarray, right: np.ndarray) -> bool:
    """Whether a rearrangement of an array is another; a few numbers are tried first."""
    rng = np.random.default_rng(0)
    places = rng.integers(0, right.size, min(SAMPLE, right.size))
    few = held.reshape(-1)[candidate.positions(places)]
    limit = ROUNDED * float(np.abs(right).max())
    if (np.abs(few - right.reshape(-1)[places]) > limit).any():
        return False
    return near(candidate.of(held), right, ROUNDED)


# --------------------------------------------------------------------- simple orders


def _simple(held: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[Rearrangement]:
    """Axes in another order, read where they should be transposed, and flipped ones."""
    count = len(held)
    if count > 5:
        return
    stay: tuple[Order | None, ...] = (None,) * count
    if count == len(shape):
        for axes in permutations(range(count)):
            if tuple(held[axis] for axis in axes) == shape:
                yield Rearrangement(held, held, stay, axes, shape)
        for axes in permutations(range(count)):
            factors = [0] * count
            for axis, length in zip(axes, shape, strict=True):
                factors[axis] = length
            if tuple(factors) != held:
                yield Rearrangement(held, tuple(factors), stay, axes, shape)
    elif prod(held) == prod(shape):
        yield Rearrangement(held, held, stay, tuple(range(count)), shape)
    if held == shape:
        for number in range(1, count + 1):
            for flipped in combinations(range(count), number):
                orders: list[tuple[int, ...] | None] = [None] * count
                for axis in flipped:
                    orders[axis] = tuple(reversed(range(held[axis])))
                axes = tuple(range(count))
                yield Rearrangement(held, held, tuple(orders), axes, shape)


def _in_blocks(
    held: tuple[int, ...], shape: tuple[int, ...], blocks: tuple[int, Order] | None
) -> Iterator[Rearrangement]:
    """The order of blocks that another array has, along any axis."""
    if blocks is None or held != shape:
        return
    count, block_order = blocks
    for axis, length in enumerate(held):
        if length % count == 0 and length > 1:
            places = np.arange(length).reshape(count, -1)[list(block_order)]
            yield along(held, tuple(places.reshape(-1).tolist()), axis)


# ------------------------------------------------------------------- along one axis


def _order_along(held: np.ndarray, right: np.ndarray, axis: int) -> Order | None:
    """Which place of an axis comes first, second ... in another array."""
    marks, right_marks = _marks(held, axis), _marks(right, axis)
    matched = _matched(marks, right_marks)
    if matched is None:
        return None
    # Rows that are alike, such as zeros, match in many ways: the regular ones first.
    for order in (*_regular(marks, right_marks), matched):
        if near(held.take(order, axis), right, ROUNDED):
            return order
    return None


def _regular(marks: np.ndarray, right_marks: np.ndarray) -> Iterator[Order]:
    """Orders of 2 to 4 blocks, and shifts, that bring marks to the right places."""
    size = len(marks)
    scale = np.abs(marks).max() or 1.0
    places = np.arange(size)
    candidates = []
    for count in (2, 3, 4):
        if size % count == 0:
            blocks = places.reshape(count, -1)
            candidates += [
                blocks[list(order)].reshape(-1) for order in permutations(range(count))
            ]
    firsts = np.flatnonzero(np.abs(marks - right_marks[0]) <= ALIKE * scale)
    candidates += [np.roll(places, -shift) for shift in firsts[:SHIFTS]]
    for candidate in candidates:
        if np.abs(marks[candidate] - right_marks).max() <= ALIKE * scale:
            yield tuple(candidate.tolist())


def _in_steps(shape: tuple[int, ...], order: Order, axis: int) -> Rearrangement:
    """An order along an axis, as steps through it where it has a rule, else a list."""
    plain = along(shape, order, axis)
    if is_reversed(order) or blocks_of(order) or shift_of(order) is not None:
        return plain
    places = np.arange(len(order), dtype="float64")
    steps = _shortest(places, places[list(order)])
    if steps is None or len(steps.factors) > 4:
        return plain
    before, after = shape[:axis], shape[axis + 1 :]
    moved = len(steps.factors)
    end = tuple(axis + moved + number for number in range(len(after)))
    return Rearrangement(
        shape,
        (*before, *steps.factors, *after),
        (*(None for _ in before), *steps.orders, *(None for _ in after)),
        (*range(axis), *(axis + number for number in steps.axes), *end),
        shape,
    )


def _marks(array: np.ndarray, axis: int) -> np.ndarray:
    """A number for each place of an axis that hardly two have alike."""
    rows = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
    weights = np.random.default_rng(1).normal(size=rows.shape[1])
    return np.asarray(rows @ weights, "float64")


def _regardless(array: np.ndarray, axis: int) -> np.ndarray:
    """The same, whatever the order along the other axes."""
    rows = np.moveaxis(array, axis, 0).reshape(array.shape[axis], -1)
    return np.asarray(np.sort(rows, axis=1) @ np.linspace(1, 2, rows.shape[1]))


def _matched(held: np.ndarray, right: np.ndarray) -> Order | None:
    """Which of some numbers come first, second ... in another array of them.

    Args:
        held: (places,).
        right: (places,).
    """
    scale = np.abs(held).max(initial=0) or 1.0
    from_held, from_right = np.argsort(held), np.argsort(right)
    if np.abs(held[from_held] - right[from_right]).max(initial=0) > ALIKE * scale:
        return None
    order = np.empty(len(held), int)
    order[from_right] = from_held
    return tuple(order.tolist())


def blocks_in(rearrangement: Rearrangement) -> tuple[int, Order] | None:
    """The order of blocks by which an array differs, if it is along one axis."""
    for order in rearrangement.orders:
        if order is not None:
            return blocks_of(order)
    return None
