"""An array less its own mean, by its own standard deviation: over which axes, and how.

PyTorch's `std` divides by n - 1 by default; Keras's, as NumPy's, by n.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from compare.diagnosing.between.operation import Function, Operation
from compare.judging.distances import near

LARGEST = 0.1  # of what is added to a deviation so that it is not zero
WRITTEN = 3  # digits that it is written with
LIMIT = 1e-11  # of the largest value

# Axes by number of dimensions, and what each mean is taken of.
AXES: Mapping[int, Mapping[tuple[int, ...], str]] = {
    2: {(0,): "of each feature over the batch", (1,): "of each sample"},
    3: {
        (1,): "of each feature over the steps",
        (2,): "of each step over its features",
        (0, 1): "of each feature over batch and steps",
        (1, 2): "of each sample",
        (0,): "of each step and feature over the batch",
    },
}


def standardised(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[Operation, Function]]:
    """What makes y of x by means and deviations of x.

    Args:
        x: what a layer makes, or an input.
        y: what comes next, of the same shape.
    """
    for axes, said in AXES.get(x.ndim, {}).items():
        count = np.prod([x.shape[axis] for axis in axes])
        if count < 3:  # of two values each is as far from their mean
            continue
        if near(_less_mean(x, axes), y, LIMIT):
            code = f"x - mean(x, {_axes(axes)})"
            does = f"subtracts the mean {said}"
            yield Operation(does, code), lambda x, a=axes: _less_mean(x, a)
        for less, inside in ((0, False), (1, False), (0, True), (1, True)):
            added = _added(x, y, axes, less, inside)
            if added is None:
                continue

            def change(x, options=(axes, less, inside, added)):
                with np.errstate(invalid="ignore", divide="ignore"):  # of all the same
                    return _less_mean(x, options[0]) / _deviation(x, *options)

            if near(change(x), y, LIMIT):
                yield _operation(said, axes, less, inside, added), change


def _less_mean(x, axes):
    return x - x.mean(axis=axes, keepdims=True)


def _deviation(x, axes, less, inside, added):
    variance = x.var(axis=axes, keepdims=True, ddof=less)
    return np.sqrt(variance + added) if inside else np.sqrt(variance) + added


def _added(x, y, axes, less, inside):
    """What is added to the deviation, or to the variance, as it shows in one place."""
    at = np.unravel_index(np.argmax(np.abs(y)), y.shape)
    if not y[at] or not np.isfinite(y[at]):
        return None
    divisor = _less_mean(x, axes)[at] / y[at]
    variance = np.broadcast_to(x.var(axis=axes, keepdims=True, ddof=less), x.shape)[at]
    more = divisor**2 - variance if inside else divisor - np.sqrt(variance)
    if abs(more) < LIMIT:
        return None if inside else 0.0
    return float(f"{more:.{WRITTEN}g}") if 0 < more <= LARGEST else None


def _operation(said, axes, less, inside, added):
    of = "n - 1" if less else "n"
    where = " below the root" if inside else ""
    more = f", plus {added:g}{where}" if added else ""
    does = (
        f"subtracts the mean {said} and divides by the standard deviation with {of}"
        f"{more}"
    )
    std = f"std(x, {_axes(axes)}, ddof={less})"
    if added:
        std = f"sqrt({std}**2 + {added:g})" if inside else f"({std} + {added:g})"
    return Operation(does, f"(x - mean(x, {_axes(axes)})) / {std}")


def _axes(axes):
    return f"axis={axes[0] if len(axes) == 1 else axes}"
