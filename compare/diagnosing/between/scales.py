"""Numbers by which an array is scaled and shifted: read from what they make of it.

There must be many more equations than numbers, and all of them must hold: else a scale
would fit whatever is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from compare.diagnosing.between.operation import Function, Operation, composed

EQUATIONS = 3, 4  # for each number: of all features together, of each alone
CLEAR = 0.9  # beyond, a tanh keeps few digits of what goes in
LIMIT = 1e-12  # of the largest value; what is fitted is wrong by a few 1e-16
ROWS = 256  # that are looked at first: some functions are slow
LOST = 1e-3  # of the largest value; less of x beside a shift is not told from none
ROUND, LONG = 8, 10  # digits of a number that somebody wrote, and of another


def scaled(
    x: np.ndarray, y: np.ndarray, functions: Mapping[str, Function]
) -> Iterator[tuple[Operation, Function]]:
    """What scales and shifts x, before or behind a function, so that it becomes y.

    Args:
        x: what a layer makes, or an input.
        y: what comes next, of the same shape.
        functions: by name; first the one that leaves an array as it is.
    """
    if x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return
    few = x.reshape(-1, x.shape[-1]), y.reshape(-1, x.shape[-1])
    few = [each[:: -(-len(each) // ROWS) or 1] for each in few]
    for name, function in functions.items():
        made = function(few[0])
        if not (_for_all(made, few[1]) or _for_each(made, few[1])):
            continue
        made = function(x)
        found = _for_all(made, y) or _for_each(made, y)
        if found:
            operation, change = found
            yield operation.behind(name), composed(function, change)
            return
    for name, invert in INVERSES.items():
        if name in functions:
            found = _inside(x, y, functions[name], invert)
            if found:
                operation, change = found
                yield operation.before(name), composed(change, functions[name])
                return


# ------------------------------------------------------------- one for all features


def _for_all(x, y, verify=None):
    """One factor, one shift or both that take x to y, the fewest that do.

    Whether they do is for `verify` to say, if it is given.
    """
    distinct = np.unique(x).size
    if distinct < EQUATIONS[0]:
        return None
    holds = verify or (lambda factor, shift: _holds(x, y, factor, shift).all())
    for number, (factor, shift) in enumerate(_fits(x.reshape(-1, 1), y.reshape(-1, 1))):
        factor, shift = float(factor[0]), float(shift[0])
        if distinct < EQUATIONS[0] * (1 + (number == 2)) or not holds(factor, shift):
            continue
        return next(
            (operation, lambda x, a=a, b=b: a * x + b)
            for operation, a, b in _written(factor, shift)
            if holds(a, b)
        )
    return None


def _written(factor, shift):
    """A factor and a shift as somebody may have written them, and as they were read."""
    if shift == 0:
        yield _times(factor), _rounded(factor, ROUND), 0.0
        yield _times(factor), 1 / _rounded(1 / factor, ROUND), 0.0
        yield _times(factor), factor, 0.0
        return
    short = _rounded(shift, ROUND)
    if factor == 1:
        yield _plus(short), 1.0, short
        yield _plus(shift), 1.0, shift
        return
    mean, divisor = (_rounded(each, ROUND) for each in (-shift / factor, 1 / factor))
    a = _rounded(factor, ROUND)
    yield _both(a, short), a, short
    yield _standard(mean, divisor), 1 / divisor, -mean / divisor
    yield _standard(-shift / factor, 1 / factor), factor, shift


def _times(factor):
    if _digits(factor) > _digits(1 / factor):
        divisor = _text(1 / factor)
        return Operation(
            f"divides by {divisor}", f"x / {divisor}", f"Rescaling(1 / {divisor})"
        )
    number = _text(factor)
    return Operation(f"multiplies by {number}", f"x * {number}", f"Rescaling({number})")


def _plus(shift):
    size = _text(abs(shift))
    api = f"Rescaling(1, offset={_text(shift)})"
    if shift < 0:
        return Operation(f"subtracts {size}", f"x - {size}", api)
    return Operation(f"adds {size}", f"x + {size}", api)


def _both(factor, shift):
    first, then = _times(factor), _plus(shift)
    code = then.code.replace("x", first.code, 1)
    api = f"Rescaling({_text(factor)}, offset={_text(shift)})"
    return Operation(f"{first.does} and {then.does}", code, api)


def _standard(mean, divisor):
    first = _plus(-mean)
    number = _text(divisor)
    return Operation(
        f"{first.does} and divides by {number}", f"({first.code}) / {number}"
    )


# ------------------------------------------------------------- one for each feature


def _for_each(x, y):
    """As `_for_all`, each feature with numbers of its own."""
    if x.ndim < 2 or x.shape[-1] < 2:
        return None
    x, y = (each.reshape(-1, x.shape[-1]) for each in (x, y))
    distinct = np.array([np.unique(column).size for column in x.T])
    same = (x == y).all(axis=0)
    for number, (factor, shift) in enumerate(_fits(x, y)):
        unknowns = 1 + (number == 2)
        enough = same | (distinct >= 2 * unknowns)
        factor, shift = np.where(same, 1.0, factor), np.where(same, 0.0, shift)
        if len(x) < EQUATIONS[1] * unknowns or not enough.all():
            continue
        if _holds(x, y, factor, shift).all():
            operation = _of_features(factor, shift, same)
            return operation, lambda x, a=factor, b=shift: a * x + b
    return None


def _of_features(factor, shift, same):
    count = f"{(~same).sum()} of " * bool(same.any()) + f"{len(same)} features"
    numbers = tuple(_rounded(each, LONG) for each in (*factor, *shift))
    if not shift.any():
        does = f"multiplies {count} by a factor each, {_range(factor[~same])}"
        return Operation(does, "x * factors", "", numbers)
    if (factor == 1).all():
        does = f"adds a number to {count} each, {_range(shift[~same])}"
        return Operation(does, "x + shifts", "", numbers)
    mean, divisor = -shift / factor, 1 / factor
    does = (
        f"subtracts a number from {count} each, {_range(mean[~same])}, and divides by "
        f"another, {_range(divisor[~same])}"
    )
    api = "Normalization(mean=means, variance=deviations**2)"
    return Operation(does, "(x - means) / deviations", api, numbers)


def _range(numbers):
    return f"from {numbers.min():.4g} to {numbers.max():.4g}"


# --------------------------------------------------------------- inside a function


def _inside(x, y, function, invert):
    """One factor, one shift or both before a function, which takes that to y."""

    def holds(factor, shift):
        if np.ptp(factor * x) <= LOST * abs(shift):
            return False
        made = function(factor * x + shift)
        return np.abs(made - y).max() <= LIMIT * np.abs(y).max()

    return _for_all(*invert(x, y), holds)


def _of_relu(x, y):
    return x[y > 0], y[y > 0]


def _of_tanh(x, y):
    clear = np.abs(y) < CLEAR
    return x[clear], np.arctanh(y[clear])


def _of_sigmoid(x, y):
    x, half = _of_tanh(x, 2 * y - 1)
    return x, 2 * half


def _of_softmax(x, y):
    """Only up to a number of each row, which a softmax does not tell."""
    rows = (y > 1e-6).all(axis=-1)
    logarithms = np.log(y[rows])
    return tuple(
        each - each.mean(axis=-1, keepdims=True) for each in (x[rows], logarithms)
    )


INVERSES: Mapping[str, Callable] = {
    "a relu": _of_relu,
    "a tanh": _of_tanh,
    "a sigmoid": _of_sigmoid,
    "a softmax": _of_softmax,
    "a softmax over the outputs": _of_softmax,
}


# -------------------------------------------------------------------------- numbers


def _fits(x, y):
    """Of each column, the best factor, the best shift, and the best of both."""
    ones, zeros = np.ones(x.shape[1]), np.zeros(x.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        yield (x * y).sum(axis=0) / (x * x).sum(axis=0), zeros
        yield ones, (y - x).mean(axis=0)
        middle, level = x.mean(axis=0), y.mean(axis=0)
        factor = ((x - middle) * (y - level)).sum(axis=0)
        factor = factor / ((x - middle) ** 2).sum(axis=0)
        yield factor, level - factor * middle


def _holds(x, y, factor, shift):
    """Of each column whether they take x to y; next to no factor does so with any x."""
    if np.ndim(factor) == 0:
        x, y = x.reshape(-1, 1), y.reshape(-1, 1)
    with np.errstate(invalid="ignore"):
        made = factor * x
        sizes = np.abs(made).max(axis=0), np.abs(y).max(axis=0), np.abs(shift)
        scale = np.maximum.reduce(np.broadcast_arrays(*sizes))
        right = np.abs(made + shift - y).max(axis=0) <= LIMIT * scale
        seen = np.ptp(made, axis=0) > LOST * scale
        same = (x == y).all(axis=0)
    return right & np.isfinite(factor + shift) & (seen | same)


def _rounded(number, digits):
    return float(f"{number:.{digits}g}")


def _digits(number):
    """How many digits a number is written with."""
    text = f"{number:.{LONG}g}".partition("e")[0]
    return len(text.replace(".", "").replace("-", "").strip("0"))


def _text(number):
    return f"{number:.{LONG}g}"
