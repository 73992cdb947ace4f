"""What is added to, or multiplied with, what a layer hands on: an earlier array."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from compare.diagnosing.between.operation import NOTHING, Function, Operation
from compare.judging.distances import NEAR, near

FEW = 64  # numbers that are looked at first: there are many candidates

JOINS: Mapping[tuple[str, str], Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    ("adds", "x + {}"): np.add,
    ("multiplies by", "x * {}"): np.multiply,
    ("subtracts", "x - {}"): np.subtract,
    ("takes the maximum with", "max(x, {})"): np.maximum,
    ("takes the average with", "(x + {}) / 2"): lambda a, b: (a + b) / 2,
}


def joined(
    x: np.ndarray,
    y: np.ndarray,
    others: Sequence[tuple[str, np.ndarray]],
    functions: Mapping[str, Function],
    limit: float,
) -> Iterator[tuple[Operation, Function]]:
    """What takes x to y by a sum or product with another array, the simplest first.

    A function may stand before it on either, or behind it.

    Args:
        x: what a layer hands on.
        y: what comes next, of the same shape.
        others: by name, what else there is of that shape.
        functions: by name; first the one that leaves an array as it is.
        limit: of the largest value, below which it is y.
    """
    # Twice x is a scale, and no sum with another.
    others = [each for each in others if not np.array_equal(each[1], x)]
    if not others or not y.size:
        return
    few = _few(y)
    with np.errstate(all="ignore"):  # an exponential of what never went into one
        ours, wanted = few(x), few(y)
        theirs = np.stack([few(other) for _, other in others])
        found = [
            *_before(ours, theirs, wanted, functions),
            *_behind(ours, theirs, wanted, functions),
        ]
    found.sort(key=lambda each: sum(name not in NOTHING for name in each[2:]))
    for words, number, *names in found:
        name, other = others[number]
        before, inside, behind = (functions[each] for each in names)
        change = _joined(JOINS[words], before, inside(other), behind)
        if near(change(x), y, limit):
            yield _operation(words, name, *names), change


def _before(x, others, y, functions):
    """Joins of functions of x and of functions of others, (number, rows, size)."""
    (plain, _), *_ = functions.items()
    inside = np.stack([function(others) for function in functions.values()])
    names = list(functions)
    for words, join in JOINS.items():
        for before, function in functions.items():
            made = join(function(x), inside)
            for name, number in _that_are(made, y):
                yield words, number, before, names[name], plain


def _behind(x, others, y, functions):
    """Functions of joins of x and others."""
    (plain, _), *more = functions.items()
    for words, join in JOINS.items():
        made = join(x, others)
        for behind, function in more:
            for _, number in _that_are(function(made)[None], y):
                yield words, number, plain, plain, behind


def _that_are(made, y):
    """The first two indices of what is y, of (functions, others, rows, size)."""
    apart = np.abs(made - y).max(axis=(2, 3))
    return np.argwhere(apart <= NEAR * (np.abs(y).max() or 1)).tolist()


def _operation(words, other, before, inside, behind):
    verb, code = words
    said = other if inside in NOTHING else f"{inside} of {other}"
    written = f"({said})" if " " in said.removeprefix("the input") else said
    operation = Operation(f"{verb} {said}", code.format(written))
    return operation.behind(before).before(behind)


def _joined(join, before, other, behind):
    return lambda x: behind(join(before(x), other))


def _few(y):
    """What takes some rows of an array of y's shape, the last axis whole."""
    size = y.shape[-1]
    step = max(y.size // max(FEW, size), 1)
    return lambda array: array.reshape(-1, size)[::step]
