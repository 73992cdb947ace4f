"""Numbers by which an array is scaled and shifted: read from what they make of it.

There must be many more equations than numbers, and all of them must hold: else a scale
would fit whatever is handed on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from compare.diagnosing.between.fits import LIMIT, LOST, fits, is_line, line
from compare.diagnosing.between.inverses import INVERSES, Invert
from compare.diagnosing.between.operation import Function, Operation, composed
from compare.diagnosing.between.written_numbers import as_written, operation_of_features
from compare.judging.distances import near

# Distinct values of x that there must be for each unknown number.
EQUATIONS = 3  # where all features share the numbers
EQUATIONS_OF_FEATURE = 2  # where each feature has its own
ROWS_OF_FEATURE = 4  # values of a feature, distinct or not, for each unknown number
ROUGHLY = 1e-6  # of the spread of y: a thousand times what rounding does to a line
ROWS = 256  # that are looked at first: some functions are slow

HARD_SIGMOID_BOUND = 3.0  # the values of x between which it is a line
HARD_SIGMOID = Operation(
    "takes a hard sigmoid, relu6(x + 3) / 6", "a hard sigmoid of x, relu6(x + 3) / 6"
)

Scaling = tuple[Operation, Function]
Holds = Callable[[float, float], bool]  # whether a factor and a shift explain all


def scaled(
    x: np.ndarray, y: np.ndarray, functions: Mapping[str, Function]
) -> Iterator[Scaling]:
    """What scales and shifts x, before or after a function, so that it becomes y.

    Args:
        x: what a layer makes, or an input, (batch, ..., features).
        y: what comes next, of the same shape.
        functions: by name; first the one that leaves an array as it is.

    Yields:
        The first that is found, if any is; booleans have none.
    """
    if x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return
    if x.dtype == bool or y.dtype == bool:  # no numbers to scale
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
        rows = function(x_rows)
        if not _may_be_line(rows, y_rows) or _numbers(rows, y_rows) is None:
            continue
        scaling = _numbers(function(x), y)
        if scaling is not None:
            operation, change = scaling
            return operation.after(name), composed(function, change)
    return None


def _may_be_line(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether one feature of y may be a line of that of x; most functions show it not.

    Args:
        x: (rows, features).
        y: (rows, features).
    """
    if x.shape != y.shape:
        return True
    spreads = np.ptp(y, axis=0)
    feature = int(spreads.argmax())
    column, target = x[:, feature], y[:, feature]
    low, high = column.argmin(), column.argmax()
    if not (spreads[feature] > 0 and np.isfinite(column).all()):
        return True
    if column[low] == column[high]:
        return False
    factor = (target[high] - target[low]) / (column[high] - column[low])
    gap = np.abs(target[low] + factor * (column - column[low]) - target).max()
    return not gap > ROUGHLY * spreads[feature]


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


# ---------------------------------------------------------------- one for all features


def _for_all(x: np.ndarray, y: np.ndarray) -> Scaling | None:
    """One factor, one shift or both that take x to y, the fewest that do."""
    if _is_hard_sigmoid(x, y):
        return HARD_SIGMOID, hard_sigmoid
    x_column, y_column = x.reshape(-1, 1), y.reshape(-1, 1)

    def holds(factor: float, shift: float) -> bool:
        return bool(is_line(x_column, y_column, factor, shift).all())

    return _fewest(x, y, holds)


def _is_hard_sigmoid(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether y is a hard sigmoid of x, no value of which reaches its bounds.

    Beyond them it is found among the functions; here it is a line like any.
    """
    if np.unique(x).size < 2 * EQUATIONS or np.abs(x).max() > HARD_SIGMOID_BOUND:
        return False
    return near(hard_sigmoid(x), y, LIMIT)


def hard_sigmoid(x: np.ndarray) -> np.ndarray:
    """Return relu6(x + 3) / 6, which both frameworks call a hard sigmoid."""
    return np.clip(x + 3, 0, 6) / 6


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
    for fit in fits(x.reshape(-1, 1), y.reshape(-1, 1)):
        factor, shift = float(fit.factor[0]), float(fit.shift[0])
        if num_distinct < EQUATIONS * fit.num_unknowns or not holds(factor, shift):
            continue
        for written in as_written(factor, shift):
            if holds(written.factor, written.shift):
                return written.operation, line(written.factor, written.shift)
    return None


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
    for fit in fits(x_rows, y_rows):
        enough = is_same | (num_distinct >= EQUATIONS_OF_FEATURE * fit.num_unknowns)
        if len(x_rows) < ROWS_OF_FEATURE * fit.num_unknowns or not enough.all():
            continue
        factor = np.where(is_same, 1.0, fit.factor)
        shift = np.where(is_same, 0.0, fit.shift)
        if is_line(x_rows, y_rows, factor, shift).all():
            return operation_of_features(factor, shift, is_same), line(factor, shift)
    return None


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
