"""Arrays of a cell by hand that its code takes otherwise than they are meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations

import numpy as np

from compare.kinds.changes import change_each
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Call, Computation, Mistake
from compare.kinds.recurrent_computations import Returned, returned


def mistake_by_hand(
    name: str, sentence: str, fix: str, compute: Callable[[Call], Returned | None]
) -> Mistake[Computation]:
    """Make a mistake whose fix is one in code of the user's own, on either side.

    Args:
        name: short, and like no other.
        sentence: what is wrong, as a person would say it.
        fix: what to change.
        compute: runs a layer with the mistake; None where it cannot happen.
    """
    return Mistake(name, sentence, fix, fix, Computation(compute))


def with_arrays(
    change: Callable[[Arrays], Arrays | None],
) -> Callable[[Call], Returned | None]:
    """Run a layer with other arrays; None where they cannot be changed."""

    def compute(call: Call) -> Returned | None:
        if sum("weight_hh" in name for name in call.arrays) > 1:
            return None
        arrays = change(call.arrays)
        return None if arrays is None else returned(replace(call, arrays=arrays))

    return compute


def on_block(
    block: int, number: int, change: Callable[[np.ndarray], np.ndarray], *names: str
) -> Callable[[Arrays], Arrays | None]:
    """Change the rows of one gate in the arrays whose names begin so."""

    def changed(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, number)
        blocks[block] = change(blocks[block])
        return np.concatenate(blocks)

    return change_each(changed, *names)


def orders_of(gates: str) -> Iterator[Mistake[Computation]]:
    """Every wrong order in which the code splits what it computes for all gates."""
    right, *orders = permutations(range(len(gates)))
    listed = ", ".join(gates)
    for order in orders:
        wrong = ", ".join(gates[number] for number in order)

        def taken(array: np.ndarray, order: tuple[int, ...] = order) -> np.ndarray:
            blocks = np.split(array, len(order))
            # The code calls its part of a number what stands elsewhere in the arrays.
            return np.concatenate([blocks[order.index(gate)] for gate in right])

        change = change_each(taken, "weight_ih", "weight_hh", "bias")
        yield mistake_by_hand(
            f"gates split {wrong}",
            f"the gates are taken in the order {wrong}; their arrays have {listed}",
            f"take the gates in the order {listed}",
            with_arrays(change),
        )


def _h_before_x(arrays: Arrays) -> Arrays | None:
    """A matrix for x and h side by side is multiplied with h and x."""
    result = dict(arrays)
    for name in arrays:
        if "weight_ih" in name:
            partner = name.replace("weight_ih", "weight_hh")
            matrix = np.concatenate([arrays[name], arrays[partner]], axis=1)
            size = arrays[partner].shape[1]
            result[name], result[partner] = matrix[:, size:], matrix[:, :size]
    return result


SIDE_BY_SIDE = mistake_by_hand(
    "cat([h, x]) for cat([x, h])",
    "h stands before x in what the matrix is multiplied with, cat([h, x]), not cat([x, "
    "h])",
    "put x before h: cat([x, h])",
    with_arrays(_h_before_x),
)
