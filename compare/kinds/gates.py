"""Wrong orders of the gates in the arrays of a layer."""

from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

from compare.kinds.mistake import WEIGHTS, Mistake


def order_mistakes() -> Iterator[Mistake]:
    """Every wrong order of the gates of an LSTM or a GRU."""
    for kind, gates in ("LSTM", "ifgo"), ("GRU", "rzn"):
        theirs = {"LSTM": "i, f, c, o", "GRU": "z, r, h"}[kind]
        parts = {"LSTM": "quarters", "GRU": "thirds"}[kind]
        for order in list(permutations(range(len(gates))))[1:]:
            wrong = ", ".join(gates[number] for number in order)
            yield Mistake(
                f"{kind} gates {wrong}",
                f"the gates are stacked {wrong}; PyTorch stacks {', '.join(gates)}",
                f"put the {parts} of weight_ih, weight_hh and the biases into the "
                f"order {', '.join(gates)}",
                f"put the {parts} of kernel, recurrent_kernel and bias into the order "
                f"{theirs}",
                WEIGHTS,
                (kind,),
                each(_ordered(order, len(gates)), "weight_ih", "weight_hh", "bias"),
            )
        yield from _kernel_order_mistakes(kind, gates, parts, theirs)


def _kernel_order_mistakes(kind, gates, parts, theirs):
    """The gates of both kernels in a wrong order, and the bias in the right one.

    Of an LSTM, the orders that others stack its gates in: i, f, o, g and f, i, o, g.
    """
    orders = {"LSTM": ((0, 1, 3, 2), (1, 0, 3, 2)), "GRU": ((1, 0, 2),)}[kind]
    for order in orders:
        wrong = ", ".join(gates[number] for number in order)
        yield Mistake(
            f"{kind} gates {wrong} in the kernels alone",
            f"both kernels have their gates stacked {wrong}, the bias has not",
            f"put the {parts} of weight_ih and weight_hh into the order "
            f"{', '.join(gates)}",
            f"put the {parts} of kernel and recurrent_kernel into the order {theirs}",
            WEIGHTS,
            (kind,),
            each(_ordered(order, len(gates)), "weight_ih", "weight_hh"),
        )


def _ordered(order, gates):
    """The blocks of rows stacked in another order."""

    def change(array):
        blocks = np.split(array, gates)
        return np.concatenate([blocks[number] for number in order])

    return change


def each(change: Callable[[np.ndarray], np.ndarray], *names: str) -> Callable:
    """Change every array whose name begins so, in each layer and direction."""

    def changed(arrays):
        chosen = {n: change(a) for n, a in arrays.items() if n.startswith(names)}
        fits = all(
            array is not None and array.shape == arrays[name].shape
            for name, array in chosen.items()
        )
        return {**arrays, **chosen} if chosen and fits else None

    return changed
