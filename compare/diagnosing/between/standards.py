"""An array less its own mean, by its own standard deviation: over which axes, and how.

PyTorch's `std` divides by n - 1 by default; that of Keras, as that of NumPy, by n.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.between.operation import Function, Operation
from compare.judging.distances import near

LARGEST = 0.1  # of what is added to a deviation so that it is not zero
WRITTEN = 3  # digits that it is written with
LIMIT = 1e-11  # of the largest value

Axes = tuple[int, ...]

# By number of dimensions: axes, and what a mean over these axes is the mean of.
AXES: Mapping[int, Mapping[Axes, str]] = {
    2: {
        (0,): "of each feature over the batch",
        (1,): "of each sample",
        (0, 1): "of all values",
    },
    3: {
        (1,): "of each feature over the steps",
        (2,): "of each step over its features",
        (0, 1): "of each feature over batch and steps",
        (1, 2): "of each sample",
        (0,): "of each step and feature over the batch",
        (0, 1, 2): "of all values",
    },
    4: {
        (1, 2, 3): "of each sample",
        (0, 1, 2, 3): "of all values",
    },
}


@dataclass(frozen=True)
class _Centred:
    """An array less its mean: x - mean(x).

    Args:
        axes: over which the mean is taken.
        subject: what it is the mean of, in words.
    """

    axes: Axes
    subject: str

    def apply(self, x: np.ndarray) -> np.ndarray:
        return x - x.mean(axis=self.axes, keepdims=True)

    @property
    def code(self) -> str:
        return f"x - mean(x, {_axis_argument(self.axes)})"

    @property
    def operation(self) -> Operation:
        return Operation(f"subtracts the mean {self.subject}", self.code)


@dataclass(frozen=True)
class _Standard:
    """An array less its mean, divided by its standard deviation.

        (x - mean(x)) / (std(x) + added)  or  (x - mean(x)) / sqrt(std(x)**2 + added)

    Args:
        centred: the part above the line.
        ddof: 0 where the variance is divided by n, 1 by n - 1.
        below_root: whether the number is added to the variance.
        added: the number that keeps the divisor from zero.
    """

    centred: _Centred
    ddof: int
    below_root: bool
    added: float

    def apply(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):  # where all are the same
            variance = x.var(axis=self.centred.axes, keepdims=True, ddof=self.ddof)
            if self.below_root:
                deviation = np.sqrt(variance + self.added)
            else:
                deviation = np.sqrt(variance) + self.added
            return self.centred.apply(x) / deviation

    @property
    def operation(self) -> Operation:
        count = "n - 1" if self.ddof else "n"
        does = (
            f"subtracts the mean {self.centred.subject} and divides by the standard "
            f"deviation with {count}"
        )
        divisor = f"std(x, {_axis_argument(self.centred.axes)}, correction={self.ddof})"
        if self.added and self.below_root:
            does += f", plus {self.added:g} below the root"
            divisor = f"sqrt({divisor}**2 + {self.added:g})"
        elif self.added:
            does += f", plus {self.added:g}"
            divisor = f"({divisor} + {self.added:g})"
        api = ""
        if self.ddof:  # Keras has no argument for it
            std = f"keras.ops.std(x, {_axis_argument(self.centred.axes)})"
            api = f"{std} * (n / (n - 1)) ** 0.5 for the deviation of n values"
        return Operation(does, f"({self.centred.code}) / {divisor}", api)


def standardised(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[Operation, Function]]:
    """What makes y of x by means and deviations of x.

    Args:
        x: what a layer makes, or an input: (batch, features) or (batch, time,
            features).
        y: what comes next, of the same shape.
    """
    for axes, subject in AXES.get(x.ndim, {}).items():
        count = np.prod([x.shape[axis] for axis in axes])
        if count < 3:  # two values are always equally far from their mean
            continue
        centred = _Centred(axes, subject)
        if near(centred.apply(x), y, LIMIT):
            yield centred.operation, centred.apply
        for ddof, below_root in ((0, False), (1, False), (0, True), (1, True)):
            added = _added(x, y, centred, ddof, below_root)
            if added is None:
                continue
            standard = _Standard(centred, ddof, below_root, added)
            if near(standard.apply(x), y, LIMIT):
                yield standard.operation, standard.apply


def _added(
    x: np.ndarray, y: np.ndarray, centred: _Centred, ddof: int, below_root: bool
) -> float | None:
    """The number that keeps the divisor from zero, read where y is largest.

    None where there is no such number as somebody would write, or where none is added
    to the variance: that is the same as none added to the deviation.
    """
    place = np.unravel_index(np.argmax(np.abs(y)), y.shape)
    if y[place] == 0 or not np.isfinite(y[place]):
        return None
    divisor = centred.apply(x)[place] / y[place]
    variances = x.var(axis=centred.axes, keepdims=True, ddof=ddof)
    variance = np.broadcast_to(variances, x.shape)[place]
    added = divisor - np.sqrt(variance)
    if below_root:
        added = divisor**2 - variance
    if abs(added) < LIMIT:
        return None if below_root else 0.0
    if 0 < added <= LARGEST:
        return float(f"{added:.{WRITTEN}g}")
    return None


def _axis_argument(axes: Axes) -> str:
    """Axes as an argument of NumPy."""
    if len(axes) == 1:
        return f"axis={axes[0]}"
    return f"axis={axes}"
