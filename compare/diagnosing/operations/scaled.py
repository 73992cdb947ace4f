"""Arrays scaled and shifted entry by entry along an axis, found out from numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from compare.diagnosing.operations.counterparts import same
from compare.judging.explanation import listed

EPSILONS = (1e-5, 1e-3, 1e-6, 1e-12, 0.0)  # that layers which normalise add
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
            if _axis_of_standardised(output, x, axes) is not None:
                word = "axis" if count == 1 else "axes"
                where = f"over {word} {listed([str(place) for place in axes])}"
                yield "the values standardised and scaled", where
                return


def _axis_of_standardised(
    output: np.ndarray, x: np.ndarray, axes: Sequence[int]
) -> int | None:
    """The axis whose entries are scaled after the mean and the variance over axes."""
    axes = tuple(axes)
    distance = x - x.mean(axes, keepdims=True)
    variance = x.var(axes, keepdims=True)
    for epsilon in EPSILONS:
        if not (variance + epsilon > 0).all():
            continue
        standard = distance / np.sqrt(variance + epsilon)
        for axis in range(1, x.ndim):
            if _fits(output, standard, axis):
                return axis
    return None


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
    """By how many entries PyTorch's array is Keras's moved.

    Args:
        steps: entries along the axis.
        words: "earlier" or "later".
        axis: from 0.
    """

    steps: int
    words: str
    axis: int


def moved(torch: np.ndarray, keras: np.ndarray) -> str:
    """By how many entries one array is the other one moved, in words; "" for none.

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
    """By how many entries one array is the other one moved; None for not at all.

    Args:
        torch: what PyTorch has, (batch, ...).
        keras: what Keras has, laid out as in PyTorch.
    """
    if torch.shape != keras.shape or torch.dtype.kind != "f":
        return None
    for axis in range(1, torch.ndim):
        size = torch.shape[axis]
        for steps in range(1, size // 2 + 1):
            for first, second, words in (
                (torch, keras, "earlier"),
                (keras, torch, "later"),
            ):
                early = first.take(range(size - steps), axis)
                late = second.take(range(steps, size), axis)
                if np.ptp(late) > 0 and same(early, late):
                    return Moved(steps, words, axis)
    return None
