"""Numbers by which an array is scaled and shifted: read from what they make of it.

There must be many more equations than numbers, and all of them must hold: else a scale
would fit whatever is handed on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.between.operation import Function, Operation, composed

# Distinct values of x that there must be for each unknown number.
EQUATIONS = 3  # where all features share the numbers
EQUATIONS_OF_FEATURE = 2  # where each feature has its own
ROWS_OF_FEATURE = 4  # values of a feature, distinct or not, for each unknown number
CLEAR = 0.9  # beyond, a tanh keeps few digits of what goes in
LIMIT = 1e-12  # of the largest value; what is fitted is wrong by a few 1e-16
ROWS = 256  # that are looked at first: some functions are slow
LOST = 1e-3  # of the largest value; less of x beside a shift is not told from none
WRITTEN_DIGITS = 8  # of a number that somebody wrote
SHOWN_DIGITS = 10  # of any number in a sentence

Scaling = tuple[Operation, Function]
Holds = Callable[[float, float], bool]  # whether a factor and a shift explain all
Invert = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def scaled(
    x: np.ndarray, y: np.ndarray, functions: Mapping[str, Function]
) -> Iterator[Scaling]:
    """What scales and shifts x, before or after a function, so that it becomes y.

    Args:
        x: what a layer makes, or an input, (batch, ..., features).
        y: what comes next, of the same shape.
        functions: by name; first the one that leaves an array as it is.

    Yields:
        The first that is found, if any is.
    """
    if x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return
    scaling = _after_a_function(x, y, functions)
    if scaling is None:
        scaling = _before_a_function(x, y, functions)
    if scaling is not None:
        yield scaling


def _after_a_function(
    x: np.ndarray, y: np.ndarray, functions: Mapping[str, Function]
) -> Scaling | None:
    """Numbers that take one of the functions of x to y."""
    x_rows, y_rows = _some_rows(x), _some_rows(y)
    for name, function in functions.items():
        if _numbers(function(x_rows), y_rows) is None:
            continue
        scaling = _numbers(function(x), y)
        if scaling is not None:
            operation, change = scaling
            return operation.after(name), composed(function, change)
    return None


def _before_a_function(
    x: np.ndarray, y: np.ndarray, functions: Mapping[str, Function]
) -> Scaling | None:
    """Numbers that take x to what one of the functions takes to y."""
    for name, invert in INVERSES.items():
        if name not in functions:
            continue
        scaling = _inside(x, y, functions[name], invert)
        if scaling is not None:
            operation, change = scaling
            return operation.before(name), composed(change, functions[name])
    return None


def _some_rows(array: np.ndarray) -> np.ndarray:
    """At most `ROWS` rows of an array, (rows, features), evenly spaced."""
    rows = array.reshape(-1, array.shape[-1])
    step = max(math.ceil(len(rows) / ROWS), 1)
    return rows[::step]


def _numbers(x: np.ndarray, y: np.ndarray) -> Scaling | None:
    """Numbers for all features that take x to y; else numbers for each feature."""
    scaling = _for_all(x, y)
    if scaling is None:
        scaling = _for_each(x, y)
    return scaling


# ------------------------------------------------------------------- the best numbers


@dataclass(frozen=True)
class _Fit:
    """The numbers for which factor * x + shift comes nearest to y, column by column.

    Args:
        factor: (columns,).
        shift: (columns,).
        num_unknowns: how many of the two were looked for.
    """

    factor: np.ndarray
    shift: np.ndarray
    num_unknowns: int


def _fits(x: np.ndarray, y: np.ndarray) -> Iterator[_Fit]:
    """The best factor alone, the best shift alone, and the best of both.

    Args:
        x: (rows, columns).
        y: (rows, columns).
    """
    ones, zeros = np.ones(x.shape[1]), np.zeros(x.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):  # a column of one number
        yield _Fit((x * y).sum(axis=0) / (x * x).sum(axis=0), zeros, 1)
        yield _Fit(ones, (y - x).mean(axis=0), 1)
        x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
        covariance = ((x - x_mean) * (y - y_mean)).sum(axis=0)
        factor = covariance / ((x - x_mean) ** 2).sum(axis=0)
        yield _Fit(factor, y_mean - factor * x_mean, 2)


def _holds(
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


def _line(factor: float | np.ndarray, shift: float | np.ndarray) -> Function:
    """The function factor * x + shift."""

    def apply(x: np.ndarray) -> np.ndarray:
        return factor * x + shift

    return apply


# ---------------------------------------------------------------- one for all features


def _for_all(x: np.ndarray, y: np.ndarray) -> Scaling | None:
    """One factor, one shift or both that take x to y, the fewest that do."""
    x_column, y_column = x.reshape(-1, 1), y.reshape(-1, 1)

    def holds(factor: float, shift: float) -> bool:
        return bool(_holds(x_column, y_column, factor, shift).all())

    return _fewest(x, y, holds)


def _fewest(x: np.ndarray, y: np.ndarray, holds: Holds) -> Scaling | None:
    """The best factor, shift or both, the fewest that hold.

    Args:
        x: any shape.
        y: the same shape.
        holds: whether a factor and a shift take all of x to y.
    """
    num_distinct = np.unique(x).size
    if num_distinct < EQUATIONS:
        return None
    for fit in _fits(x.reshape(-1, 1), y.reshape(-1, 1)):
        factor, shift = float(fit.factor[0]), float(fit.shift[0])
        if num_distinct < EQUATIONS * fit.num_unknowns or not holds(factor, shift):
            continue
        for written in _as_written(factor, shift):
            if holds(written.factor, written.shift):
                return written.operation, _line(written.factor, written.shift)
    return None


@dataclass(frozen=True)
class _Written:
    """A factor and a shift, and the words for them."""

    operation: Operation
    factor: float
    shift: float


def _as_written(factor: float, shift: float) -> Iterator[_Written]:
    """A factor and a shift as somebody may have written them; last, as they were read.

    Nobody writes more than `WRITTEN_DIGITS`, but what is written may be a divisor.
    """
    if shift == 0:
        times = _times(factor)
        yield _Written(times, _rounded(factor, WRITTEN_DIGITS), 0.0)
        yield _Written(times, 1 / _rounded(1 / factor, WRITTEN_DIGITS), 0.0)
        yield _Written(times, factor, 0.0)
        return
    short_shift = _rounded(shift, WRITTEN_DIGITS)
    if factor == 1:
        yield _Written(_plus(short_shift), 1.0, short_shift)
        yield _Written(_plus(shift), 1.0, shift)
        return
    short_factor = _rounded(factor, WRITTEN_DIGITS)
    both = _times_plus(short_factor, short_shift)
    yield _Written(both, short_factor, short_shift)
    mean = _rounded(-shift / factor, WRITTEN_DIGITS)
    divisor = _rounded(1 / factor, WRITTEN_DIGITS)
    yield _Written(_standard(mean, divisor), 1 / divisor, -mean / divisor)
    yield _Written(_standard(-shift / factor, 1 / factor), factor, shift)


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


def _for_each(x: np.ndarray, y: np.ndarray) -> Scaling | None:
    """A factor, a shift or both for each feature that take x to y, the fewest that do.

    A feature that is the same in both has the factor 1 and the shift 0.
    """
    if x.ndim < 2 or x.shape[-1] < 2:
        return None
    x_rows, y_rows = x.reshape(-1, x.shape[-1]), y.reshape(-1, x.shape[-1])
    num_distinct = np.array([np.unique(column).size for column in x_rows.T])
    is_same = (x_rows == y_rows).all(axis=0)  # (features,)
    for fit in _fits(x_rows, y_rows):
        enough = is_same | (num_distinct >= EQUATIONS_OF_FEATURE * fit.num_unknowns)
        if len(x_rows) < ROWS_OF_FEATURE * fit.num_unknowns or not enough.all():
            continue
        factor = np.where(is_same, 1.0, fit.factor)
        shift = np.where(is_same, 0.0, fit.shift)
        if _holds(x_rows, y_rows, factor, shift).all():
            return _of_features(factor, shift, is_same), _line(factor, shift)
    return None


def _of_features(
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
    numbers = tuple(_rounded(number, SHOWN_DIGITS) for number in (*factor, *shift))
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
    return Operation(does, "(x - means) / deviations", api, numbers)


def _range(numbers: np.ndarray) -> str:
    return f"from {numbers.min():.4g} to {numbers.max():.4g}"


# ------------------------------------------------------------------- inside a function


def _inside(
    x: np.ndarray, y: np.ndarray, function: Function, invert: Invert
) -> Scaling | None:
    """One factor, one shift or both before a function, which takes the result to y.

    Args:
        x: (batch, ..., features).
        y: the same shape.
        function: takes an array to one of its shape.
        invert: takes x and y to the part of x that can be judged, and what the function
            takes to the same part of y.
    """

    def holds(factor: float, shift: float) -> bool:
        if np.ptp(factor * x) <= LOST * abs(shift):
            return False
        gap = np.abs(function(factor * x + shift) - y).max()
        return bool(gap <= LIMIT * np.abs(y).max())

    return _fewest(*invert(x, y), holds)


def _before_relu(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x[y > 0], y[y > 0]


def _before_tanh(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    clear = np.abs(y) < CLEAR
    return x[clear], np.arctanh(y[clear])


def _before_sigmoid(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A sigmoid of x is (1 + tanh(x / 2)) / 2."""
    x, half = _before_tanh(x, 2 * y - 1)
    return x, 2 * half


def _before_softmax(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row less its mean: a softmax is the same whatever is added to a row."""
    rows = (y > 1e-6).all(axis=-1)
    x, logarithms = x[rows], np.log(y[rows])
    x = x - x.mean(axis=-1, keepdims=True)
    return x, logarithms - logarithms.mean(axis=-1, keepdims=True)


INVERSES: Mapping[str, Invert] = {
    "a relu": _before_relu,
    "a tanh": _before_tanh,
    "a sigmoid": _before_sigmoid,
    "a softmax": _before_softmax,
    "a softmax over the outputs": _before_softmax,
}


# ----------------------------------------------------------------------------- digits


def _rounded(number: float, num_digits: int) -> float:
    return float(f"{number:.{num_digits}g}")


def _num_digits(number: float) -> int:
    """How many digits a number is written with, leading and trailing zeros apart."""
    mantissa = _text(number).partition("e")[0]
    return len(mantissa.replace(".", "").replace("-", "").strip("0"))


def _text(number: float) -> str:
    return f"{number:.{SHOWN_DIGITS}g}"
