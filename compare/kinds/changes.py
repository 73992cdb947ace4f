"""Changes of arrays that mistakes make, for any kind of layer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compare.kinds.layer import Arrays

PART = 2**20  # numbers that are changed at once
ArrayChange = Callable[[np.ndarray], np.ndarray | None]  # None: cannot be changed so
ArraysChange = Callable[[Arrays], Arrays | None]  # of a layer; None: cannot happen


def change_each(change: ArrayChange, *beginnings: str) -> ArraysChange:
    """Return what changes every array of a layer whose name begins in some way.

    Args:
        change: takes one array and returns it changed, or None.
        beginnings: of names, such as "weight_ih" for that of each layer and direction.

    Returns:
        What takes the arrays of a layer and returns all of them, some changed; or None
        where there is none of the names, or one cannot be changed and keep its shape.
    """

    def changed(arrays: Arrays) -> Arrays | None:
        result = dict(arrays)
        chosen = [name for name in arrays if name.startswith(beginnings)]
        for name in chosen:
            array = change(arrays[name])
            if array is None or array.shape != arrays[name].shape:
                return None
            result[name] = array
        return result if chosen else None

    return changed


def reshaped(array: np.ndarray) -> np.ndarray | None:
    """Read the numbers of the transposed matrix into the shape of this one.

    None where there is one row or column, which cannot be misread.
    """
    if 1 in array.shape:
        return None
    return np.ascontiguousarray(array.T).reshape(array.shape)


def reshaped_in_keras(array: np.ndarray) -> np.ndarray | None:
    """Read this matrix into the shape of Keras's kernel, and transpose that."""
    if 1 in array.shape:
        return None
    return np.ascontiguousarray(array).reshape(array.T.shape).T


def columns_reversed(array: np.ndarray) -> np.ndarray:
    """Put the last column of a matrix first."""
    return array[:, ::-1]


def doubled(array: np.ndarray) -> np.ndarray:
    """Return twice the numbers."""
    return 2 * array


def halved(array: np.ndarray) -> np.ndarray:
    """Return half the numbers."""
    return array / 2


# How a bias is miscounted: a word for it, a sentence's end, and the change.
MISCOUNTED: tuple[tuple[str, str, ArrayChange], ...] = (
    ("doubled", "counted twice", doubled),
    ("halved", "counted half", halved),
    ("dropped", "left out", np.zeros_like),
)


def rolled(by: int) -> ArrayChange:
    """Move each row down by a number of rows; what falls out comes in at the top."""

    def change(array: np.ndarray) -> np.ndarray:
        return np.roll(array, by, axis=0)

    return change


def in_blocks(change: Callable[[np.ndarray], np.ndarray], count: int) -> ArrayChange:
    """Change each of so many blocks of rows by itself."""

    def changed(array: np.ndarray) -> np.ndarray:
        return np.concatenate([change(block) for block in np.split(array, count)])

    return changed


def filled(**numbers: float) -> ArraysChange:
    """Put one number everywhere in each array of a name; None where there is none."""

    def changed(arrays: Arrays) -> Arrays | None:
        constant = {
            name: np.full_like(arrays[name], number)
            for name, number in numbers.items()
            if name in arrays
        }
        return {**arrays, **constant} if constant else None

    return changed


def in_parts(change: Callable[[np.ndarray], np.ndarray]) -> ArrayChange:
    """Change numbers a part after the other: a large array takes little memory more.

    Args:
        change: takes some numbers, (count,), in the array's order, and returns others.
    """

    def changed(array: np.ndarray) -> np.ndarray:
        numbers = array.reshape(-1)
        result = np.empty(array.shape, array.dtype)
        ends = range(PART, array.size, PART)
        pieces = np.split(numbers, ends), np.split(result.reshape(-1), ends)
        for piece, target in zip(*pieces, strict=True):
            target[...] = change(piece)
        return result

    return changed


@in_parts
def half(array: np.ndarray) -> np.ndarray:
    """Round to float16."""
    return array.astype(np.float16)


@in_parts
def bfloat16(array: np.ndarray) -> np.ndarray:
    """Round to 8 bits of mantissa, half to even, as bfloat16 keeps them."""
    bits = array.astype(np.float32).view(np.uint32)
    bits = bits + 0x7FFF + ((bits >> 16) & 1)
    return (bits & 0xFFFF0000).astype(np.uint32).view(np.float32)


def initial(array: np.ndarray) -> np.ndarray:
    """Draw numbers of the usual size, not those that were learnt or transferred."""
    bound = 1 / np.sqrt(array.shape[-1])
    rng = np.random.default_rng(array.shape)

    def draw(piece: np.ndarray) -> np.ndarray:
        return rng.uniform(-bound, bound, piece.shape).astype(np.float32)

    return np.asarray(in_parts(draw)(array))
