"""Numbers that were changed on their way, all in one way: scaled, or rounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from compare.judging.distances import near
from compare.mistakes.arrangements.rounding import (
    Rounding,
    roundings,
    roundings_by_place,
)

ROUNDED = float(np.finfo(np.float32).eps)  # of the largest value
NICE = 1e-6  # of a number: how near it must be to one that has a name
EPSILONS = (0.0, 1e-3, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)
Numbers = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Changed:
    """What was done to each number of an array.

    Args:
        sentence: the end of a sentence that the array's name begins.
        of: takes the right numbers, of any shape, and returns the wrong ones.
        mend: an expression of NumPy for the right ones, with {} for the wrong; empty
            where they cannot be brought back.
    """

    sentence: str
    of: Numbers
    mend: str


def changes(
    held: np.ndarray, right: np.ndarray, lengths: Sequence[int]
) -> Iterator[Changed]:
    """What may have been done to the numbers of an array, in whatever order they are.

    Each is to be proved: made of the right numbers, it must make those that are held.

    Args:
        held: all numbers of an array, or a sample.
        right: the same of the right array, of the same places.
        lengths: of the array's axes; factors may be roots of those.
    """
    held, right = np.asarray(held, "float64"), np.asarray(right, "float64")
    if not right.any() or _too_few(held) or _too_few(right):
        return
    yield from _multiples(held, right, _divisors(lengths))
    yield from _offsets(held, right)
    yield from _functions(right)
    for rounding in roundings(held):
        yield _rounded(rounding)


def changes_by_place(held: np.ndarray) -> Iterator[Changed]:
    """What may have been done to the numbers, otherwise in each place of an axis.

    Args:
        held: all numbers of the array.
    """
    for rounding in roundings_by_place(np.asarray(held, "float64")):
        yield _rounded(rounding)


def _rounded(rounding: Rounding) -> Changed:
    """A rounding as a change that cannot be mended."""
    return Changed(f"went through {rounding.name}", rounding.of, "")


def _too_few(array: np.ndarray) -> bool:
    """Whether so few numbers are there that any would fit: not three that differ."""
    sizes = np.unique(np.abs(array))
    return len(sizes[sizes > 0]) < 3 and len(sizes) < 4


# ---------------------------------------------------------------- multiples, offsets


def _multiples(
    held: np.ndarray, right: np.ndarray, lengths: Sequence[int]
) -> Iterator[Changed]:
    """The factor between two arrays, if one is a multiple of the other."""
    factor = float(np.sqrt(np.vdot(held, held) / np.vdot(right, right)))
    sums = float(held.sum()), float(right.sum())
    signs = (1, -1) if sums[0] * sums[1] >= 0 else (-1, 1)
    for sign in signs:
        signed = sign * factor
        name = _name_of_factor(signed, lengths)
        if name == "1":
            continue
        sentence = f"is {name} times what it should be"
        mend = f"{{}} / {name}"
        if name == "-1":
            sentence, mend = "has the opposite sign", "-{}"
        elif name.startswith("1 / "):
            divisor = name.removeprefix("1 / ")
            sentence = f"is divided by {divisor}"
            mend = f"{{}} * {divisor}"
        yield Changed(sentence, _times(signed), mend)


def _divisors(lengths: Sequence[int]) -> list[int]:
    """The lengths of axes, and what divides them: sizes of heads and blocks."""
    divisors: dict[int, None] = {}
    for length in lengths:
        for number in range(length, 1, -1):
            if length % number == 0:
                divisors[number] = None
    return list(divisors)


def _times(factor: float) -> Numbers:
    def times(array: np.ndarray) -> np.ndarray:
        return factor * array

    return times


def _name_of_factor(factor: float, lengths: Sequence[int]) -> str:
    """A factor as one would write it: 2, 1 / 255, sqrt(64), or in digits."""
    named: dict[str, float] = {"1": 1, "-1": -1}
    for whole in (2, 3, 4, 8, 10, 16, 100, 127, 128, 255, 256, 1000):
        named |= {str(whole): whole, f"1 / {whole}": 1 / whole}
    for length in lengths:
        named |= {
            f"np.sqrt({length})": length**0.5,
            f"1 / np.sqrt({length})": length**-0.5,
        }
    for length in lengths:
        named |= {str(length): length, f"1 / {length}": 1 / length}
    for name, number in named.items():
        if abs(factor / number - 1) <= NICE:
            return name
    return f"{factor:.8g}"


def _offsets(held: np.ndarray, right: np.ndarray) -> Iterator[Changed]:
    """The number that was added, if it is one for all."""
    offset = float(held.mean() - right.mean())
    if abs(offset) <= NICE * max(np.abs(held).max(), np.abs(right).max()):
        return
    if abs(offset - round(offset)) <= NICE * max(1, abs(offset)):
        offset = float(round(offset))
    if not offset:
        return
    text = f"{abs(offset):.8g}"
    more = "more" if offset > 0 else "less"
    back = "-" if offset > 0 else "+"

    def plus(array: np.ndarray) -> np.ndarray:
        return array + offset

    yield Changed(f"is {text} {more} than it should be", plus, f"{{}} {back} {text}")


def offset_of_block(
    held: np.ndarray, right: np.ndarray
) -> tuple[int, int, float] | None:
    """Find the one block of a bias to which a number was added, as for a forget gate.

    Args:
        held: (places,).
        right: (places,).

    Returns:
        How many blocks there are, 2 to 4, the number of that one, from 0, and what was
        added; None where it is not so.
    """
    if held.ndim != 1 or held.shape != right.shape:
        return None
    gaps = np.asarray(held, "float64") - right
    limit = NICE * max(np.abs(held).max(), np.abs(right).max())
    for count in (4, 3, 2):
        if len(gaps) % count or len(gaps) < 2 * count:
            continue
        blocks = gaps.reshape(count, -1)
        unlike = np.flatnonzero(np.abs(blocks).max(axis=1) > limit)
        if len(unlike) != 1:
            continue
        block = int(unlike[0])
        offset = float(blocks[block].mean())
        if np.abs(blocks[block] - offset).max() <= limit:
            return count, block, float(f"{offset:.6g}")
    return None


# --------------------------------------------------------------------------- functions


def _functions(right: np.ndarray) -> Iterator[Changed]:
    """Functions that are taken for each other: a variance for its root, and so on."""
    positive = bool((right > 0).all())
    if (right != 0).all():
        yield Changed("is the reciprocal of what it should be", np.reciprocal, "1 / {}")
    if positive:
        for epsilon in EPSILONS:
            text = f", {epsilon:g} added to it before" if epsilon else ""
            less = f" - {epsilon:g}" if epsilon else ""
            yield Changed(
                f"is the square root of what it should be{text}, as a standard "
                "deviation is of a variance",
                _root(epsilon),
                f"{{}}**2{less}",
            )
            yield Changed(
                f"is 1 / sqrt of what it should be{text}, as the factor of a batch "
                "norm is of a variance",
                _reciprocal_root(epsilon),
                f"1 / {{}}**2{less}",
            )
        yield Changed("is the logarithm of what it should be", np.log, "np.exp({})")
        yield Changed(
            "is 1 / square of what it should be",
            _reciprocal_square,
            "1 / np.sqrt({})",
        )
    back = "np.sqrt({})" if positive else ""
    yield Changed("is the square of what it should be", np.square, back)
    if right.max() < 80:
        yield Changed("is exp of what it should be", np.exp, "np.log({})")


def _root(epsilon: float) -> Numbers:
    def root(array: np.ndarray) -> np.ndarray:
        return np.asarray(np.sqrt(array + epsilon))

    return root


def _reciprocal_root(epsilon: float) -> Numbers:
    def root(array: np.ndarray) -> np.ndarray:
        return np.asarray(1 / np.sqrt(array + epsilon))

    return root


def _reciprocal_square(array: np.ndarray) -> np.ndarray:
    return 1 / array**2


# ----------------------------------------------------------------------- row by row


def row_factors(held: np.ndarray, right: np.ndarray, axis: int) -> np.ndarray | None:
    """Numbers by which the places of an axis are multiplied, one for each.

    Args:
        held: of two axes or more.
        right: of that shape.
        axis: of the places.

    Returns:
        (places,); None where they are not multiples, or by one number all.
    """
    if held.shape != right.shape or held.ndim < 2:
        return None
    rows = np.moveaxis(np.asarray(held, "float64"), axis, 0)
    rows = rows.reshape(len(rows), -1)
    right_rows = np.moveaxis(np.asarray(right, "float64"), axis, 0)
    right_rows = right_rows.reshape(rows.shape)
    if min(rows.shape) < 2:
        return None
    squares = (right_rows**2).sum(axis=1)
    if not squares.all():
        return None
    factors = (rows * right_rows).sum(axis=1) / squares
    if not factors.all() or np.ptp(factors) <= NICE * np.abs(factors).max():
        return None
    expected = factors[:, None] * right_rows
    return factors if near(expected, rows, 4 * ROUNDED) else None
