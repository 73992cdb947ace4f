"""A rearrangement in words: what is wrong with the array that it mends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from compare.mistakes.arrangements.rearrangement import (
    Order,
    Rearrangement,
    blocks_of,
    is_reversed,
    shift_of,
)

ROWS = 6  # places in another order that are named

# What the axes of a layer's main array are called, by the number of axes.
SPATIAL = {1: ("steps",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def axes_in_torch(count: int) -> tuple[str, ...]:
    """Names for the axes of PyTorch's weight; none for other numbers than 2 to 5."""
    spatial = SPATIAL.get(count - 2, ())
    return ("out", "in", *spatial) if 2 <= count <= 5 else ()


def axes_in_keras(count: int) -> tuple[str, ...]:
    """Names for the axes of Keras's kernel; none for other numbers than 2 to 5."""
    spatial = SPATIAL.get(count - 2, ())
    return (*spatial, "in", "out") if 2 <= count <= 5 else ()


def in_words(
    mend: Rearrangement,
    axes: Sequence[str] = (),
    letters: Mapping[int, str] | None = None,
) -> str:
    """What is wrong with an array, as the end of a sentence that its name begins.

    Args:
        mend: takes the array to the right one.
        axes: names of the right array's axes; none where they have none.
        letters: for a number of blocks, a letter for each, such as {4: "ifgo"}.

    Returns:
        Such as "has its axes 2 and 3 (height and width) exchanged".
    """
    letters = letters or {}
    wrong = mend.inverse()  # what was done to the right array
    moved = tuple(mend.factors[axis] for axis in mend.axes)
    in_place = mend.axes == tuple(range(len(mend.axes)))
    if mend.factors == mend.held and moved == mend.shape:
        texts = []
        if not in_place:
            texts.append(_transposed(mend, axes))
        for axis, order_of_axis in enumerate(mend.orders):
            if order_of_axis is None:
                continue
            place = mend.axes.index(axis)  # the axis as the right array has it
            order = wrong.orders[place] or ()
            texts.append(_ordered(order, _axis(place, axes), letters))
        return " and ".join(texts)
    texts = [_read_otherwise(mend, moved, axes)]
    for order_of_axis in wrong.orders:
        if order_of_axis is not None:
            texts.append(_ordered(order_of_axis, "", letters))
    return " and ".join(texts)


def _axis(number: int, axes: Sequence[str]) -> str:
    """An axis in words: " along axis 2 (height)"."""
    name = f" ({axes[number]})" if axes else ""
    return f" along axis {number}{name}"


def _transposed(mend: Rearrangement, axes: Sequence[str]) -> str:
    """Which axes of an array are in another order."""
    if len(mend.axes) == 2:
        return "is transposed"
    unlike = [place for place, axis in enumerate(mend.axes) if place != axis]
    if len(unlike) == 2:
        names = ""
        if axes:
            names = f" ({axes[unlike[0]]} and {axes[unlike[1]]})"
        return f"has its axes {unlike[0]} and {unlike[1]}{names} exchanged"
    order = [mend.axes.index(axis) for axis in range(len(mend.axes))]
    names = _of_axes(order, axes)
    return f"has its axes in the order {names}"


def _of_axes(order: Sequence[int], axes: Sequence[str]) -> str:
    """Axes in a row, by name where they have names."""
    texts = [str(axis) for axis in order]
    if axes:
        texts = [axes[axis] for axis in order]
    return f"({', '.join(texts)})"


def _ordered(order: Order, where: str, letters: Mapping[int, str]) -> str:
    """What the places of an axis are: which of the right ones comes first, second."""
    if len(order) > 1 and is_reversed(order):
        return f"is flipped{where}"
    blocks = blocks_of(order)
    if blocks is not None and (blocks[0] < len(order) or blocks[0] <= 4):
        count, block_order = blocks
        if count in letters:
            gates = ", ".join(letters[count][block] for block in block_order)
            return f"has its {count} gates{where} in the order {gates}"
        if count == 2 and len(order) > 2:
            return f"has its two halves{where} exchanged"
        numbers = ", ".join(str(block) for block in block_order)
        noun = "blocks" if count < len(order) else "places"
        return f"has its {count} {noun}{where} in the order {numbers}"
    shift = shift_of(order)
    if shift is not None:
        return f"is shifted by {shift}{where}, what falls out coming in again"
    return f"has its {len(order)} places{where} in another order ({_rows(order)})"


def _rows(order: Order) -> str:
    """Which places hold what belongs in others: the first few."""
    unlike = np.flatnonzero(np.asarray(order) != np.arange(len(order)))
    texts = [f"{place} holds {order[place]}" for place in unlike[:ROWS]]
    more = ""
    if len(unlike) > ROWS:
        more = f" and {len(unlike) - ROWS} more"
    return f"{', '.join(texts)}{more}"


def _read_otherwise(
    mend: Rearrangement, moved: tuple[int, ...], axes: Sequence[str]
) -> str:
    """How an array was read into its shape in the wrong memory order."""
    reshaped = "was reshaped where it must be transposed"
    if mend.axes == tuple(range(len(mend.axes))):
        return "was reshaped"
    if len(mend.factors) == len(mend.shape) and moved == mend.shape:
        return reshaped
    axis = _axis_inside(mend)
    if axis is not None:
        right, wrong = _inside(mend, axis)
        place = _axis(axis, axes)
        name = axes[axis] if axes else ""
        if name == "in":
            return (
                f"has its inputs{place} flattened in another order: {wrong} in the "
                f"place of {right}, as channels and positions"
            )
        return (
            f"is interleaved{place}: its places are {wrong} in the place of {right}, "
            "as heads, groups or gates"
        )
    fixed = mend.axes[0] == 0 and mend.factors[0] < mend.shape[0]
    if fixed:
        return f"was reshaped where it must be transposed, in {mend.factors[0]} blocks"
    return f"{reshaped}, its numbers read as {mend.factors}"


def _axis_inside(mend: Rearrangement) -> int | None:
    """The one axis inside which the numbers are in another order, if there is one."""
    if mend.held != mend.shape:
        return None
    held_by = _owners(mend.factors, mend.held)
    moved = tuple(mend.factors[axis] for axis in mend.axes)
    right_by = _owners(moved, mend.shape)
    if held_by is None or right_by is None:
        return None
    if [held_by[axis] for axis in mend.axes] != right_by:
        return None
    unlike = {right_by[place] for place, axis in enumerate(mend.axes) if place != axis}
    return unlike.pop() if len(unlike) == 1 else None


def _owners(factors: Sequence[int], shape: Sequence[int]) -> list[int] | None:
    """The axis of a shape that each of its factors is a part of; None where one is not.

    A factor that several whole axes make counts as the first of them.
    """
    owners = []
    axis, remaining = 0, shape[0]
    for factor in factors:
        while remaining == 1 and axis + 1 < len(shape):
            axis, remaining = axis + 1, shape[axis + 1]
        owners.append(axis)
        while factor > remaining and axis + 1 < len(shape):
            if factor % remaining:
                return None
            factor //= remaining
            axis, remaining = axis + 1, shape[axis + 1]
        if remaining % factor:
            return None
        remaining //= factor
    return owners


def _inside(mend: Rearrangement, axis: int) -> tuple[str, str]:
    """The parts of an axis as the right array and the wrong one have them."""
    owners = _owners(mend.factors, mend.held) or []
    places = [place for place, owner in enumerate(owners) if owner == axis]
    wrong = [str(mend.factors[place]) for place in places]
    right = [str(mend.factors[place]) for place in mend.axes if place in places]
    return f"({', '.join(right)})", f"({', '.join(wrong)})"
