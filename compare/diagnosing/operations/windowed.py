"""Pools and enlargements, found out from the numbers alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from compare.diagnosing.operations.counterparts import same

LARGEST_WINDOW = 5  # entries along each axis that are tried
MOST_NUMBERS = 100_000  # in an array; larger ones are not tried


@dataclass(frozen=True)
class Pool:
    """One way to take a number of each window.

    Args:
        words: what is taken.
        fill: what is put around the array.
        reduce: takes windows, (..., window axes), and those axes.
        counted: what is said of the padding, where there is some.
    """

    words: str
    fill: float
    reduce: Callable[..., np.ndarray]
    counted: str


def _mean_of_numbers(windows: np.ndarray, axis: tuple[int, ...]) -> np.ndarray:
    """The mean of what is no NaN; NaN of a window of padding alone.

    Without the warning that NumPy's own gives there.
    """
    is_number = ~np.isnan(windows)
    count = is_number.sum(axis)
    total = np.where(is_number, windows, 0).sum(axis)
    mean: np.ndarray = total / np.where(count == 0, np.nan, count)
    return mean


POOLS = (
    Pool("the largest of windows", -np.inf, np.max, "left out"),
    Pool("the mean of windows", 0.0, np.mean, "counted as zeros"),
    Pool("the mean of windows", np.nan, _mean_of_numbers, "not counted"),
    Pool("the largest of windows", 0.0, np.max, "counted as zeros"),
)


def windowed(output: np.ndarray, x: np.ndarray) -> Iterator[tuple[str, str]]:
    """What an output takes of windows of an array, or how it enlarges it.

    Args:
        output: what an operation made, of as many axes.
        x: what it took: (batch, channels, ...) or (batch, ..., channels).

    Yields:
        What is done, and in which way.
    """
    if output.ndim != x.ndim or not 3 <= x.ndim <= 5 or x.size > MOST_NUMBERS:
        return
    for channels in (1, x.ndim - 1):
        axes = tuple(axis for axis in range(1, x.ndim) if axis != channels)
        if any(output.shape[axis] != x.shape[axis] for axis in (0, channels)):
            continue
        yield from _pooled(output, x, axes)
        yield from _enlarged(output, x, axes)


def _pooled(
    output: np.ndarray, x: np.ndarray, axes: tuple[int, ...]
) -> Iterator[tuple[str, str]]:
    """The first pool of each sort whose numbers these are."""
    sizes = range(2, LARGEST_WINDOW + 1)
    for size, stride in product(sizes, range(1, LARGEST_WINDOW + 1)):
        if stride > size:
            continue
        for before in range(size):
            around = _around(output, x, axes, size, stride, before)
            if around is None:
                continue
            for pool in POOLS:
                pooled = _pool(pool, x, axes, size, stride, around)
                if pooled.shape == output.shape and same(pooled, output):
                    yield pool.words, _in_words(pool, size, stride, around, axes)
                    return


def _around(
    output: np.ndarray,
    x: np.ndarray,
    axes: tuple[int, ...],
    size: int,
    stride: int,
    before: int,
) -> list[tuple[int, int]] | None:
    """What is padded along each axis for as many windows; None where none fits."""
    around = [(0, 0)] * x.ndim
    for axis in axes:
        reach = (output.shape[axis] - 1) * stride + size
        after = reach - x.shape[axis] - before
        if after >= size or after <= -stride:
            return None
        around[axis] = (before, max(after, 0))
    return around


def _pool(
    pool: Pool,
    x: np.ndarray,
    axes: tuple[int, ...],
    size: int,
    stride: int,
    around: list[tuple[int, int]],
) -> np.ndarray:
    padded = np.pad(x, around, constant_values=pool.fill)
    windows = sliding_window_view(padded, (size,) * len(axes), axes)
    place = [slice(None)] * x.ndim
    for axis in axes:
        place[axis] = slice(None, None, stride)
    last = tuple(range(x.ndim, x.ndim + len(axes)))
    return pool.reduce(windows[tuple(place)], axis=last)


def _in_words(
    pool: Pool,
    size: int,
    stride: int,
    around: list[tuple[int, int]],
    axes: tuple[int, ...],
) -> str:
    window = " x ".join([str(size)] * len(axes))
    words = f"of {window} with stride {stride}"
    paddings = [around[axis] for axis in axes]
    if not any(map(any, paddings)):
        return f"{words} without padding"
    if len(set(paddings)) == 1:
        paddings = paddings[:1]
    amounts = ", then ".join(
        f"{before} before and {after} after" for before, after in paddings
    )
    return f"{words}, padded {amounts} ({pool.counted})"


# --------------------------------------------------------------------- enlargements


def _enlarged(
    output: np.ndarray, x: np.ndarray, axes: tuple[int, ...]
) -> Iterator[tuple[str, str]]:
    """The array made larger by an interpolation along each axis."""
    if all(output.shape[axis] == x.shape[axis] for axis in axes):
        return
    for words, places_of in (
        ("to the nearest", _nearest),
        ("linearly, corners not aligned", _between_centres),
        ("linearly, corners aligned", _between_corners),
    ):
        enlarged = x
        for axis in axes:
            places = places_of(x.shape[axis], output.shape[axis])
            enlarged = _interpolated(enlarged, axis, places)
        if same(enlarged, output):
            yield "the array interpolated", words
            return


def _nearest(old: int, new: int) -> np.ndarray:
    return np.floor(np.arange(new) * old / new)


def _between_centres(old: int, new: int) -> np.ndarray:
    return np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)


def _between_corners(old: int, new: int) -> np.ndarray:
    return np.arange(new) * (old - 1) / max(new - 1, 1)


def _interpolated(x: np.ndarray, axis: int, places: np.ndarray) -> np.ndarray:
    """The numbers between two entries of an axis, at each place."""
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, x.shape[axis] - 1)
    shape = [1] * x.ndim
    shape[axis] = -1
    share = (places - low).reshape(shape)
    return x.take(low, axis) * (1 - share) + x.take(high, axis) * share
