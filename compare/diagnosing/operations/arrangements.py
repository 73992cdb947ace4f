"""In which other order an array holds the numbers of another one, in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from compare.diagnosing.operations.counterparts import same

MOST_AXES = 5
COLOURS = 3
CHANNELS_REVERSED = "the channels reversed, as BGR for RGB"


def rearranged(output: np.ndarray, x: np.ndarray) -> Iterator[tuple[str, str]]:
    """How an output holds the numbers of an array, as a family and a detail."""
    if output.size != x.size:
        yield from _repeated(output, x)
        return
    if not same(np.sort(output, axis=None), np.sort(x, axis=None)):
        return
    if output.shape == x.shape:
        for axis in range(x.ndim):
            if same(np.flip(x, axis), output):
                is_image = x.ndim == 4 and axis in (1, 3)
                if is_image and x.shape[axis] == COLOURS:
                    yield CHANNELS_REVERSED, ""
                else:
                    yield "the values reversed", f"along axis {axis}"
                return
        steps = _steps_rolled(output, x)
        if any(steps) and same(np.roll(x, steps, range(x.ndim)), output):
            by = [f"by {by} along axis {axis}" for axis, by in enumerate(steps) if by]
            yield "the values rolled", ", ".join(by)
            return
    if x.ndim > MOST_AXES:
        return
    for order in permutations(range(x.ndim)):
        turned = x.transpose(order)
        is_plain = order == tuple(range(x.ndim))
        if same(turned.reshape(output.shape), output):
            if is_plain:
                yield "the values reshaped", f"to {output.shape}"
            elif turned.shape == output.shape:
                yield "the axes exchanged", f"to {order}"
            else:
                yield "the axes exchanged", f"to {order}, then reshaped"
            return
    yield from _split(output, x)
    yield from _taken_apart(output, x)


def _steps_rolled(output: np.ndarray, x: np.ndarray) -> list[int]:
    """How far the largest number of an array has moved along each axis, the short way.

    Args:
        output: of the same shape.
        x: where it came from.
    """
    before = np.unravel_index(x.argmax(), x.shape)
    after = np.unravel_index(output.argmax(), output.shape)
    steps = []
    for size, first, last in zip(x.shape, before, after, strict=True):
        forward = int(last - first) % size
        steps.append(forward if 2 * forward <= size else forward - size)
    return steps


def _taken_apart(output: np.ndarray, x: np.ndarray) -> Iterator[tuple[str, str]]:
    """An axis split in two, then the axes exchanged, as of heads."""
    if output.ndim != x.ndim + 1:
        return
    for axis, size in enumerate(x.shape):
        for size_before in range(2, size):
            if size % size_before:
                continue
            sizes = size_before, size // size_before
            apart = x.reshape(*x.shape[:axis], *sizes, *x.shape[axis + 1 :])
            for order in permutations(range(apart.ndim)):
                turned = apart.transpose(order)
                if turned.shape == output.shape and same(turned, output):
                    detail = (
                        f"into {size_before} x {sizes[1]}, then the axes put to {order}"
                    )
                    yield f"axis {axis} split", detail
                    return


def _split(output: np.ndarray, x: np.ndarray) -> Iterator[tuple[str, str]]:
    """Axes taken apart, exchanged and put together again, as of groups or heads."""
    if output.shape != x.shape:
        return
    for axis, size in enumerate(x.shape):
        for groups in range(2, size):
            if size % groups:
                continue
            shape = (*x.shape[:axis], groups, size // groups, *x.shape[axis + 1 :])
            mixed = x.reshape(shape).swapaxes(axis, axis + 1).reshape(x.shape)
            if same(mixed, output):
                yield "the entries shuffled", f"in {groups} groups along axis {axis}"
                return


def _repeated(output: np.ndarray, x: np.ndarray) -> Iterator[tuple[str, str]]:
    """The values several times."""
    if x.size == 0 or output.size % x.size or output.size <= x.size:
        return
    times = output.size // x.size
    for axis in range(x.ndim):
        tiled = np.concatenate([x] * times, axis)
        if same(tiled.ravel(), output.ravel()):
            yield "the whole repeated", f"{times} times along axis {axis}"
        if same(np.repeat(x, times, axis).ravel(), output.ravel()):
            yield "each entry repeated", f"{times} times along axis {axis}"
