"""Arrays scaled and shifted entry by entry along an axis, found out from numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from compare.diagnosing.operations.counterparts import same
from compare.judging.explanation import listed

EPSILONS = (1e-5, 1e-3, 1e-6, 1e-12, 0.0)  # that layers which normalise add
WHOLE = 1e-9  # of a number, by which it is a whole one
FEWEST = 4  # numbers that share a factor; of fewer, any two arrays may fit


def scaled(output: np.ndarray, x: np.ndarray) -> Iterator[tuple[str, str]]:
    """What an output is of an array, with a factor and an offset for each entry.

    Args:
        output: what a layer made that normalises, of the same shape.
        x: what it took: (batch, ..., features) or (batch, features, ...).

    Yields:
        What is done, and along which axis.
    """
    for axis in range(1, x.ndim):
        if _fits(output, x, axis):
            yield "a factor and an offset for each entry", f"along axis {axis}"
            return
    for count in range(1, x.ndim):
        for axes in combinations(range(1, x.ndim), count):
            manner = _manner_of_standardised(output, x, axes)
            if manner is not None:
                word = "axis" if count == 1 else "axes"
                where = f"over {word} {listed([str(place) for place in axes])}"
                yield "the values standardised and scaled", f"{where}{manner}"
                return


def _manner_of_standardised(
    output: np.ndarray, x: np.ndarray, axes: Sequence[int]
) -> str | None:
    """How an output is scaled after the mean and the variance over axes.

    Returns:
        Nothing for what layers do, with what is otherwise by hand in words: a variance
        by n - 1, or an epsilon beside the root. None where it is no such output.
    """
    axes = tuple(axes)
    distance = x - x.mean(axes, keepdims=True)
    size = int(np.prod([x.shape[axis] for axis in axes]))
    for ddof, by in ((0, ""), (1, ", variance by n - 1")):
        if size <= ddof:
            continue
        variance = x.var(axes, keepdims=True, ddof=ddof)
        for epsilon in EPSILONS:
            if not (variance + epsilon > 0).all():
                continue
            inside = distance / np.sqrt(variance + epsilon)
            if _fits_any(output, inside):
                return by
            beside = distance / (np.sqrt(variance) + epsilon)
            if epsilon and _fits_any(output, beside):
                return f"{by}, epsilon beside the root"
    return None


def _fits_any(output: np.ndarray, standard: np.ndarray) -> bool:
    """Whether the entries along an axis are scaled."""
    return any(_fits(output, standard, axis) for axis in range(1, standard.ndim))


def multiplied(torch: np.ndarray, keras: np.ndarray, whole_alone: bool = False) -> str:
    """Say by which number one array is the other one times; "" where it is not.

    Of a single number only a whole factor, or one through a whole number, tells.

    Args:
        torch: what PyTorch has.
        keras: what Keras has, laid out as in PyTorch.
        whole_alone: whether no other factor counts than a whole one, or one through it.
    """
    if torch.shape != keras.shape or torch.dtype.kind != "f":
        return ""
    largest = np.abs(keras).argmax() if keras.size else 0
    if not keras.size or not keras.flat[largest]:
        return ""
    factor = float(torch.flat[largest] / keras.flat[largest])
    if not np.isfinite(factor) or factor in (0.0, 1.0):
        return ""
    if not same(torch, factor * keras):
        return ""
    if _is_whole(factor):
        return f"PyTorch's is {round(factor)} times that of Keras"
    if _is_whole(1 / factor):
        return f"PyTorch's is that of Keras divided by {round(1 / factor)}"
    if whole_alone or keras.size < FEWEST:
        return ""
    return f"PyTorch's is {factor:.6g} times that of Keras"


def _is_whole(number: float) -> bool:
    """Whether a number is a whole one, but for rounding."""
    return abs(number - round(number)) < WHOLE * abs(number)


def _fits(output: np.ndarray, x: np.ndarray, axis: int) -> bool:
    """Whether each entry along an axis has one factor and one offset, not all alike."""
    size = x.shape[axis]
    if size < 2 or x.size < FEWEST * size:
        return False
    rows = np.moveaxis(x, axis, 0).reshape(size, -1)
    values = np.moveaxis(output, axis, 0).reshape(size, -1)
    distance = rows - rows.mean(1, keepdims=True)
    spread = np.square(distance).sum(1, keepdims=True)
    if not (spread > 0).all():
        return False
    factors = (distance * values).sum(1, keepdims=True) / spread
    offsets = values.mean(1, keepdims=True) - factors * rows.mean(1, keepdims=True)
    alike = factors[:1] * rows + offsets[:1]  # with the numbers of the first for all
    if same(alike, values):
        return False
    # Where some entries are as they were, it is the others alone that differ.
    if any(same(row, value) for row, value in zip(rows, values, strict=True)):
        return False
    return same(factors * rows + offsets, values)


@dataclass(frozen=True)
class Moved:
    """How PyTorch's array is Keras's array moved along an axis.

    Args:
        steps: entries along the axis.
        words: "earlier" or "later".
        axis: from 0.
    """

    steps: int
    words: str
    axis: int


def moved(torch: np.ndarray, keras: np.ndarray) -> str:
    """Say how many entries one array is moved against the other; "" for none.

    A convolution that is padded at the other end makes the same numbers elsewhere.

    Args:
        torch: what PyTorch has, (batch, ...).
        keras: what Keras has, laid out as in PyTorch.
    """
    place = moved_by(torch, keras)
    if place is None:
        return ""
    entries = "1 entry" if place.steps == 1 else f"{place.steps} entries"
    return (
        f"PyTorch has each number {entries} {place.words} along axis {place.axis} "
        "than Keras, as what is padded, or sliced off, at the other end"
    )


def moved_by(torch: np.ndarray, keras: np.ndarray) -> Moved | None:
    """How one array is the other one moved; None where it is not.

    Args:
        torch: what PyTorch has, (batch, ...).
        keras: what Keras has, laid out as in PyTorch.
        whole_alone: whether no other factor counts than a whole one, or one through it.
    """
    if torch.shape != keras.shape or torch.dtype.kind != "f":
        return None
    for axis in range(1, torch.ndim):
        size = torch.shape[axis]
        for steps in range(1, size // 2 + 1):
            for former, latter, words in (
                (torch, keras, "earlier"),
                (keras, torch, "later"),
            ):
                early = former.take(range(size - steps), axis)
                late = latter.take(range(steps, size), axis)
                if np.ptp(late) > 0 and same(early, late):
                    return Moved(steps, words, axis)
    return None
