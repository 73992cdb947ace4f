"""Factor and shift that take one array nearest to another, and whether exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.between.operation import Function

LIMIT = 1e-12  # of the largest value; what is fitted is wrong by a few 1e-16
LOST = 1e-3  # of the largest value; less of x beside a shift is not told from none


@dataclass(frozen=True)
class Fit:
    """The numbers for which factor * x + shift comes nearest to y, column by column.

    Args:
        factor: (columns,).
        shift: (columns,).
        num_unknowns: how many of the two were looked for.
    """

    factor: np.ndarray
    shift: np.ndarray
    num_unknowns: int


def fits(x: np.ndarray, y: np.ndarray) -> Iterator[Fit]:
    """The best factor alone, the best shift alone, and the best of both.

    Args:
        x: (rows, columns).
        y: (rows, columns).
    """
    ones, zeros = np.ones(x.shape[1]), np.zeros(x.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):  # a column of one number
        yield Fit((x * y).sum(axis=0) / (x * x).sum(axis=0), zeros, 1)
        yield Fit(ones, (y - x).mean(axis=0), 1)
        x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
        covariance = ((x - x_mean) * (y - y_mean)).sum(axis=0)
        factor = covariance / ((x - x_mean) ** 2).sum(axis=0)
        yield Fit(factor, y_mean - factor * x_mean, 2)


def is_line(
    x: np.ndarray,
    y: np.ndarray,
    factor: float | np.ndarray,
    shift: float | np.ndarray,
) -> np.ndarray:
    """Whether factor * x + shift is y, in each column.

    A factor so small that nothing is left of x beside the shift would do with any x:
    that does not hold.

    Args:
        x: (rows, columns).
        y: (rows, columns).
        factor: one for all columns, or (columns,).
        shift: the same.

    Returns:
        (columns,), bool.
    """
    with np.errstate(invalid="ignore"):
        product = factor * x
        scale = np.maximum(np.abs(product).max(axis=0), np.abs(y).max(axis=0))
        scale = np.maximum(scale, np.abs(shift))
        is_near = np.abs(product + shift - y).max(axis=0) <= LIMIT * scale
        shows_x = np.ptp(product, axis=0) > LOST * scale
        is_same = (x == y).all(axis=0)
    result: np.ndarray = is_near & np.isfinite(factor + shift) & (shows_x | is_same)
    return result


def line(factor: float | np.ndarray, shift: float | np.ndarray) -> Function:
    """The function factor * x + shift."""

    def apply(x: np.ndarray) -> np.ndarray:
        return factor * x + shift

    return apply
