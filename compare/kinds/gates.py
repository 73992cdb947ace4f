"""Wrong orders of the gates in the arrays of a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

import numpy as np

from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Mistake

ArrayChange = Callable[[np.ndarray], np.ndarray | None]  # None: cannot be changed so

IN_PYTORCH = {"LSTM": "ifgo", "GRU": "rzn"}  # the order in which gates are stacked
IN_KERAS = {"LSTM": "i, f, c, o", "GRU": "z, r, h"}
PARTS = {"LSTM": "quarters", "GRU": "thirds"}

# Orders in which both kernels are stacked by others, where the bias is not: an LSTM's
# i, f, o, g and f, i, o, g.
OF_THE_KERNELS = {"LSTM": ((0, 1, 3, 2), (1, 0, 3, 2)), "GRU": ((1, 0, 2),)}


def order_mistakes() -> Iterator[Mistake[ArraysOfLayer]]:
    """Every wrong order of the gates of an LSTM or a GRU."""
    for kind, gates in IN_PYTORCH.items():
        right, *wrong_orders = permutations(range(len(gates)))
        for order in wrong_orders:
            wrong = _listed(gates, order)
            yield Mistake(
                f"{kind} gates {wrong}",
                f"the gates are stacked {wrong}; PyTorch stacks "
                f"{_listed(gates, right)}",
                f"put the {PARTS[kind]} of weight_ih, weight_hh and the biases into "
                f"the order {_listed(gates, right)}",
                f"put the {PARTS[kind]} of kernel, recurrent_kernel and bias into the "
                f"order {IN_KERAS[kind]}",
                (kind,),
                ArraysOfLayer(
                    change_each(_ordered(order), "weight_ih", "weight_hh", "bias")
                ),
            )
        for order in OF_THE_KERNELS[kind]:
            wrong = _listed(gates, order)
            yield Mistake(
                f"{kind} gates {wrong} in the kernels alone",
                f"both kernels have their gates stacked {wrong}, the bias has not",
                f"put the {PARTS[kind]} of weight_ih and weight_hh into the order "
                f"{_listed(gates, right)}",
                f"put the {PARTS[kind]} of kernel and recurrent_kernel into the order "
                f"{IN_KERAS[kind]}",
                (kind,),
                ArraysOfLayer(change_each(_ordered(order), "weight_ih", "weight_hh")),
            )


def _listed(gates: str, order: Sequence[int]) -> str:
    return ", ".join(gates[number] for number in order)


def _ordered(order: Sequence[int]) -> ArrayChange:
    """Stack the blocks of rows of an array in another order."""

    def change(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, len(order))
        return np.concatenate([blocks[number] for number in order])

    return change


def change_each(
    change: ArrayChange, *beginnings: str
) -> Callable[[Arrays], dict[str, np.ndarray] | None]:
    """Return what changes every array of a layer whose name begins in some way.

    Args:
        change: takes one array and returns it changed, or None.
        beginnings: of names, such as "weight_ih" for that of each layer and direction.

    Returns:
        What takes the arrays of a layer and returns all of them, some changed; or None
        where there is none of the names, or one cannot be changed and keep its shape.
    """

    def changed(arrays: Arrays) -> dict[str, np.ndarray] | None:
        result = dict(arrays)
        chosen = [name for name in arrays if name.startswith(beginnings)]
        for name in chosen:
            array = change(arrays[name])
            if array is None or array.shape != arrays[name].shape:
                return None
            result[name] = array
        return result if chosen else None

    return changed
