"""Factors and shifts as somebody may have written them, and the words for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.between.operation import Operation

WRITTEN_DIGITS = 8  # of a number that somebody wrote
SHOWN_DIGITS = 10  # of any number in a sentence


# ---------------------------------------------------------------- one for all features


@dataclass(frozen=True)
class Written:
    """A factor and a shift, and the words for them."""

    operation: Operation
    factor: float
    shift: float


def as_written(factor: float, shift: float) -> Iterator[Written]:
    """A factor and a shift as somebody may have written them; last, as they were read.

    Nobody writes more than `WRITTEN_DIGITS`, but what is written may be a divisor.
    """
    if shift == 0:
        times = _times(factor)
        yield Written(times, _rounded(factor, WRITTEN_DIGITS), 0.0)
        yield Written(times, 1 / _rounded(1 / factor, WRITTEN_DIGITS), 0.0)
        yield Written(times, factor, 0.0)
        return
    short_shift = _rounded(shift, WRITTEN_DIGITS)
    if factor == 1:
        yield Written(_plus(short_shift), 1.0, short_shift)
        yield Written(_plus(shift), 1.0, shift)
        return
    short_factor = _rounded(factor, WRITTEN_DIGITS)
    times_plus = _times_plus(short_factor, short_shift)
    yield Written(times_plus, short_factor, short_shift)
    mean = _rounded(-shift / factor, WRITTEN_DIGITS)
    divisor = _rounded(1 / factor, WRITTEN_DIGITS)
    yield Written(_standard(mean, divisor), 1 / divisor, -mean / divisor)
    yield Written(_standard(-shift / factor, 1 / factor), factor, shift)


def _times(factor: float) -> Operation:
    """A product, or the division by a number, whichever needs fewer digits."""
    if _num_digits(factor) > _num_digits(1 / factor):
        divisor = _text(1 / factor)
        return Operation(
            f"divides by {divisor}", f"x / {divisor}", f"Rescaling(1 / {divisor})"
        )
    number = _text(factor)
    return Operation(f"multiplies by {number}", f"x * {number}", f"Rescaling({number})")


def _plus(shift: float) -> Operation:
    """A sum, or a difference where the shift is below zero."""
    size = _text(abs(shift))
    api = f"Rescaling(1, offset={_text(shift)})"
    if shift < 0:
        return Operation(f"subtracts {size}", f"x - {size}", api)
    return Operation(f"adds {size}", f"x + {size}", api)


def _times_plus(factor: float, shift: float) -> Operation:
    """A product, and a sum after it."""
    times, plus = _times(factor), _plus(shift)
    code = plus.code.replace("x", times.code, 1)
    api = f"Rescaling({_text(factor)}, offset={_text(shift)})"
    return Operation(f"{times.does} and {plus.does}", code, api)


def _standard(mean: float, divisor: float) -> Operation:
    """A difference from a mean, divided by a number."""
    minus = _plus(-mean)
    number = _text(divisor)
    return Operation(
        f"{minus.does} and divides by {number}", f"({minus.code}) / {number}"
    )


# ---------------------------------------------------------------- one for each feature


def operation_of_features(
    factor: np.ndarray, shift: np.ndarray, is_same: np.ndarray
) -> Operation:
    """The numbers of each feature in words, with the range of those that change it.

    Args:
        factor: (features,).
        shift: (features,).
        is_same: (features,), whether a feature stays as it is.
    """
    changes = ~is_same
    count = f"{len(is_same)} features"
    if is_same.any():
        count = f"{changes.sum()} of {count}"
    numbers = _shown(factor, shift)
    if not shift.any():
        does = f"multiplies {count} by a factor each, {_range(factor[changes])}"
        return Operation(does, "x * factors", "", numbers)
    if (factor == 1).all():
        does = f"adds a number to {count} each, {_range(shift[changes])}"
        return Operation(does, "x + shifts", "", numbers)
    mean, divisor = -shift / factor, 1 / factor
    does = (
        f"subtracts a number from {count} each, {_range(mean[changes])}, and divides "
        f"by another, {_range(divisor[changes])}"
    )
    api = "Normalization(mean=means, variance=deviations**2)"
    return Operation(does, "(x - means) / deviations", api, _shown(mean, divisor))


def _shown(*arrays: np.ndarray) -> tuple[float, ...]:
    """The numbers of arrays, (features,), one after the other, as they are shown."""
    return tuple(_rounded(number, SHOWN_DIGITS) for number in np.concatenate(arrays))


def _range(numbers: np.ndarray) -> str:
    return f"from {numbers.min():.4g} to {numbers.max():.4g}"


# ----------------------------------------------------------------------------- digits


def _rounded(number: float, num_digits: int) -> float:
    return float(f"{number:.{num_digits}g}")


def _num_digits(number: float) -> int:
    """How many digits a number is written with, leading and trailing zeros apart."""
    mantissa = _text(number).partition("e")[0]
    return len(mantissa.replace(".", "").replace("-", "").strip("0"))


def _text(number: float) -> str:
    return f"{number:.{SHOWN_DIGITS}g}"
