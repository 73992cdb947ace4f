"""Figures about whole arrays, computed chunk by chunk; knows NumPy alone.

Two chunks and their difference stay in the cache of a core. So an array is read from
memory once, nothing as large as it is written, and no more memory is taken.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

# Elements of a chunk. Two of float32 and their difference in float64 are 1 MB. Measured
# on 50 million elements: half and twice as many took as long, and so did two threads,
# since all of them wait for the memory.
CHUNK = 1 << 16


def chunks(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Indices that cut an array of this shape, of one axis or more, into its chunks.

    Yields:
        Slices for the first axes; a chunk has all of the others. The chunks are in C
        order and have at most CHUNK elements each.
    """
    if 0 in shape:
        return
    axis, row = len(shape) - 1, 1  # the axis that is cut; elements after each index
    while axis > 0 and row * shape[axis] <= CHUNK:
        row *= shape[axis]
        axis -= 1
    rows = max(CHUNK // row, 1)
    for index in np.ndindex(shape[:axis]):
        before = tuple(slice(number, number + 1) for number in index)
        for start in range(0, shape[axis], rows):
            yield *before, slice(start, start + rows)


def largest(array: np.ndarray) -> float:
    """The largest magnitude of the finite elements; 0 where there is none."""
    array = np.atleast_1d(array)
    magnitude = 0.0
    for chunk in chunks(array.shape):
        elements = array[chunk]
        low, high = float(elements.min()), float(elements.max())
        if not (math.isfinite(low) and math.isfinite(high)):  # NaN makes both NaN
            finite = elements[np.isfinite(elements)]
            low = float(finite.min(initial=0))
            high = float(finite.max(initial=0))
        magnitude = max(magnitude, -low, high)
    return magnitude


def largest_gaps(a: np.ndarray, b: np.ndarray, has_time: bool) -> np.ndarray:
    """The largest |a - b| at each time step, computed in float64.

    Equal infinities are 0 apart. A step with a NaN, on either side, gives NaN.

    Args:
        a: (batch, time, ...) or any other shape.
        b: of the same shape; the dtypes may differ.
        has_time: whether axis 1 is time.

    Returns:
        float64, (time,); or (1,) without a time axis.

    Raises:
        ValueError: if the shapes differ, or there is no element.
    """
    a, b = _checked(a, b)
    num_gaps = a.shape[1] if has_time else 1
    gaps = np.zeros(num_gaps)
    buffer = np.empty(min(CHUNK, a.size))
    for chunk in chunks(a.shape):
        gap = _gap(a[chunk], b[chunk], buffer)
        if not has_time:
            gaps[0] = np.maximum(gaps[0], gap.max())
            continue
        steps = chunk[1] if len(chunk) > 1 else slice(None)
        # The batch first: adjacent elements are then reduced together, which is fast.
        over_batch = gap[0] if len(gap) == 1 else gap.max(axis=0)
        by_step = over_batch.max(axis=tuple(range(1, over_batch.ndim)))
        gaps[steps] = np.maximum(gaps[steps], by_step)
    return gaps


def farthest(a: np.ndarray, b: np.ndarray) -> tuple[int, ...]:
    """The index of the largest |a - b|; the first in C order if there are several.

    As in `numpy.argmax`, NaN counts as larger than any number. Floats are subtracted in
    their own precision.

    Raises:
        ValueError: if the shapes differ, or there is no element.
    """
    axes = a.ndim
    dtype = a.dtype if a.dtype.kind == "f" else np.dtype(np.float64)
    a, b = _checked(a, b)
    buffer = np.empty(min(CHUNK, a.size), dtype)
    index: tuple[int, ...] = ()
    distance = -1.0
    for chunk in chunks(a.shape):
        gap = _gap(a[chunk], b[chunk], buffer)
        place = np.unravel_index(gap.argmax(), gap.shape)
        if not gap[place] <= distance:
            index, distance = _index(chunk, place), gap[place]
        if np.isnan(distance):
            break
    return index[:axes]


def first_where(
    condition: Callable[[np.ndarray, np.ndarray], np.ndarray],
    a: np.ndarray,
    b: np.ndarray,
    axis: int,
) -> tuple[int, ...] | None:
    """The index where a condition holds that is lowest on one axis; None if nowhere.

    The first in C order if there are several.

    Args:
        condition: gets a chunk of each array, and returns where it holds.
        a: any shape.
        b: the same shape.
        axis: the one to go by.

    Raises:
        ValueError: if the shapes differ, or there is no element.
    """
    axes = a.ndim
    a, b = _checked(a, b)
    place = None
    for chunk in chunks(a.shape):
        places = np.argwhere(condition(a[chunk], b[chunk]))
        if not len(places):
            continue
        index = _index(chunk, tuple(places[places[:, axis].argmin()]))
        if place is None or index[axis] < place[axis]:
            place = index
    return None if place is None else place[:axes]


def _checked(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both arrays, with one axis where they have none."""
    if a.shape != b.shape or not a.size:
        raise ValueError(
            f"expected two arrays of one shape with elements, got {a.shape} and "
            f"{b.shape}"
        )
    return np.atleast_1d(a), np.atleast_1d(b)


def _gap(a: np.ndarray, b: np.ndarray, buffer: np.ndarray) -> np.ndarray:
    """|a - b| of two chunks, in the dtype of the buffer that it is written to."""
    gap = buffer[: a.size].reshape(a.shape)
    with np.errstate(invalid="ignore"):  # infinity less infinity is NaN
        np.subtract(a, b, out=gap, dtype=gap.dtype)
    np.abs(gap, out=gap)
    if not np.isfinite(gap.max()):
        gap[a == b] = 0.0  # equal infinities
    return gap


def _index(chunk: tuple[slice, ...], place: Sequence[np.integer]) -> tuple[int, ...]:
    """An index into a chunk, as one into the whole array."""
    starts = [bounds.start for bounds in chunk]
    starts += [0] * (len(place) - len(chunk))
    return tuple(
        start + int(number) for start, number in zip(starts, place, strict=True)
    )
