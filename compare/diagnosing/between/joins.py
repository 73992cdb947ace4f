"""What is added to, or multiplied with, what a layer hands on: an earlier array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.between.operation import (
    NOTHING,
    Function,
    Merge,
    Operation,
    average,
)
from compare.judging.distances import NEAR, near

FEW = 64  # numbers that are looked at first: there are many candidates


@dataclass(frozen=True)
class Join:
    """How one array is made of two.

    Args:
        verb: what a side does with the second array, such as "adds".
        code: how to write it, with {} for the second array.
        function: takes the two arrays, of one shape, and returns one of that shape.
    """

    verb: str
    code: str
    function: Merge


JOINS = (
    Join("adds", "x + {}", np.add),
    Join("multiplies by", "x * {}", np.multiply),
    Join("subtracts", "x - {}", np.subtract),
    Join("takes the maximum with", "max(x, {})", np.maximum),
    Join("takes the average with", "(x + {}) / 2", average),
)


@dataclass(frozen=True)
class _Candidate:
    """after(join(before(x), inside(other))): the functions by their names.

    Args:
        join: how the two arrays are joined.
        number: of the other array, from 0.
        before: the function of x.
        inside: the function of the other array.
        after: the function of what the join makes.
    """

    join: Join
    number: int
    before: str
    inside: str
    after: str

    @property
    def num_functions(self) -> int:
        """How many of the functions change an array."""
        names = (self.before, self.inside, self.after)
        return sum(name not in NOTHING for name in names)

    def function(
        self, array: np.ndarray, functions: Mapping[str, Function]
    ) -> Function:
        """Takes x to what is made of it with the other array."""
        before, after = functions[self.before], functions[self.after]
        joined_array = functions[self.inside](array)

        def apply(x: np.ndarray) -> np.ndarray:
            return after(self.join.function(before(x), joined_array))

        return apply

    def is_of_both(
        self, x: np.ndarray, array: np.ndarray, functions: Mapping[str, Function]
    ) -> bool:
        """Whether the join is neither of the two alone, as a maximum may always be.

        Args:
            x: what a layer hands on.
            array: the other array, of the same shape.
            functions: by name.
        """
        before, inside = functions[self.before](x), functions[self.inside](array)
        result = self.join.function(before, inside)
        return not near(result, before, NEAR) and not near(result, inside, NEAR)

    def operation(self, name: str) -> Operation:
        """In words, where the other array is called by a name."""
        words = name
        if self.inside not in NOTHING:
            words = f"{self.inside} of {name}"
        code = words
        if " " in words.removeprefix("the input"):
            code = f"({words})"
        operation = Operation(f"{self.join.verb} {words}", self.join.code.format(code))
        return operation.after(self.before).before(self.after)


def joined(
    x: np.ndarray,
    y: np.ndarray,
    partners: Sequence[tuple[str, np.ndarray]],
    functions: Mapping[str, Function],
    limit: float,
) -> Iterator[tuple[Operation, Function]]:
    """What takes x to y by a sum or product with another array, the simplest first.

    A function may stand before the join, on x or on the other array, or after it.

    Args:
        x: what a layer hands on, (batch, ..., features).
        y: what comes next, of the same shape.
        partners: by name, the other arrays of that shape.
        functions: by name; first the one that leaves an array as it is.
        limit: the result is y if it is no farther from it than this, as a part of the
            largest value.
    """
    # Twice x is a scale, and no sum with another.
    partners = [
        (name, array) for name, array in partners if not np.array_equal(array, x)
    ]
    if not partners or not y.size:
        return
    for candidate in _candidates(x, y, [array for _, array in partners], functions):
        name, array = partners[candidate.number]
        if not functions[candidate.inside](array).any():
            continue  # zeros, as a soft shrink makes of what is small, prove nothing
        function = candidate.function(array, functions)
        if not near(function(x), y, limit):
            continue
        if candidate.is_of_both(x, array, functions):
            yield candidate.operation(name), function


def _candidates(
    x: np.ndarray,
    y: np.ndarray,
    arrays: Sequence[np.ndarray],
    functions: Mapping[str, Function],
) -> list[_Candidate]:
    """What takes some rows of x to those of y, the fewest functions first."""
    x_rows, y_rows = _some_rows(x), _some_rows(y)  # (rows, features)
    other_rows = np.stack([_some_rows(array) for array in arrays])
    # (partners, rows, features)
    with np.errstate(all="ignore"):  # an exponential of what never went into one
        candidates = [
            *_functions_before(x_rows, other_rows, y_rows, functions),
            *_functions_after(x_rows, other_rows, y_rows, functions),
        ]
    return sorted(candidates, key=lambda candidate: candidate.num_functions)


def _functions_before(
    x: np.ndarray,
    partners: np.ndarray,
    y: np.ndarray,
    functions: Mapping[str, Function],
) -> Iterator[_Candidate]:
    """Joins of a function of x with a function of another array.

    Args:
        x: (rows, features).
        partners: (partners, rows, features).
        y: (rows, features).
        functions: by name; first the one that leaves an array as it is.
    """
    names = list(functions)
    inside = np.stack([function(partners) for function in functions.values()])
    # (functions, partners, rows, features)
    outside = {name: function(x) for name, function in functions.items()}
    # One number, the largest of y, sorts out nearly all at once.
    place = np.unravel_index(np.abs(y).argmax(), y.shape)
    inside_there, y_there = inside[:, :, *place], y[place]  # (functions, partners)
    for join in JOINS:
        for before, changed in outside.items():
            there = join.function(changed[place], inside_there)
            for index, number in np.argwhere(np.abs(there - y_there) <= _limit(y)):
                result = join.function(changed, inside[index, number])
                if np.abs(result - y).max() <= _limit(y):
                    yield _Candidate(join, int(number), before, names[index], names[0])


def _functions_after(
    x: np.ndarray,
    partners: np.ndarray,
    y: np.ndarray,
    functions: Mapping[str, Function],
) -> Iterator[_Candidate]:
    """Functions of a join of x with another array; as `_functions_before`."""
    nothing = next(iter(functions))
    row = int(np.abs(y).max(axis=1).argmax())  # sorts out nearly all at once
    for join in JOINS:
        results = join.function(x, partners)  # (partners, rows, features)
        for after, function in functions.items():
            if after == nothing:
                continue
            gaps = np.abs(function(results[:, row]) - y[row]).max(axis=1)
            if not (gaps <= _limit(y)).any():
                continue
            gaps = np.abs(function(results) - y).max(axis=(1, 2))  # (partners,)
            for number in np.flatnonzero(gaps <= _limit(y)):
                yield _Candidate(join, int(number), nothing, nothing, after)


def _limit(y: np.ndarray) -> float:
    """How far a result may be from y, up to rounding."""
    return NEAR * (float(np.abs(y).max()) or 1.0)


def _some_rows(array: np.ndarray) -> np.ndarray:
    """About `FEW` numbers of an array, (rows, features), the rows evenly spaced."""
    num_features = array.shape[-1]
    step = max(array.size // max(FEW, num_features), 1)
    return array.reshape(-1, num_features)[::step]
