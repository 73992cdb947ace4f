"""Wrong orders of the gates in the arrays of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from compare.kinds.changes import ArrayChange, change_each
from compare.kinds.mistake import ArraysOfLayer, Mistake


def wrong_orders(
    kind: str,
    gates: str,
    in_keras: str,
    noun: str,
    kernels: Sequence[Sequence[int]],
) -> tuple[Mistake[ArraysOfLayer], ...]:
    """Return every wrong order of the gates of a kind.

    Args:
        kind: its name.
        gates: letters, in the order in which PyTorch stacks them.
        in_keras: the order in which Keras does, for a sentence.
        noun: the word for what each gate has of an array, such as "quarters".
        kernels: orders in which others stack both kernels, and not the bias.
    """
    right, *orders = permutations(range(len(gates)))
    in_torch = _listed(gates, right)
    mistakes = []
    for order in orders:
        wrong = _listed(gates, order)
        mistakes.append(
            Mistake(
                f"{kind} gates {wrong}",
                f"the gates are stacked {wrong}; PyTorch stacks {in_torch}",
                f"put the {noun} of weight_ih, weight_hh and the biases into the "
                f"order {in_torch}",
                f"put the {noun} of kernel, recurrent_kernel and bias into the order "
                f"{in_keras}",
                ArraysOfLayer(
                    change_each(_ordered(order), "weight_ih", "weight_hh", "bias")
                ),
            )
        )
    for order in map(tuple, kernels):
        wrong = _listed(gates, order)
        mistakes.append(
            Mistake(
                f"{kind} gates {wrong} in the kernels alone",
                f"both kernels have their gates stacked {wrong}, the bias has not",
                f"put the {noun} of weight_ih and weight_hh into the order {in_torch}",
                f"put the {noun} of kernel and recurrent_kernel into the order "
                f"{in_keras}",
                ArraysOfLayer(change_each(_ordered(order), "weight_ih", "weight_hh")),
            )
        )
    return tuple(mistakes)


def _listed(gates: str, order: Sequence[int]) -> str:
    return ", ".join(gates[number] for number in order)


def _ordered(order: Sequence[int]) -> ArrayChange:
    """Stack the blocks of rows of an array in another order."""

    def change(array: np.ndarray) -> np.ndarray:
        blocks = np.split(array, len(order))
        return np.concatenate([blocks[number] for number in order])

    return change
