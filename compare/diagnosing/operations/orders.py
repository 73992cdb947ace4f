"""How an array of Keras may be laid out in PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from compare.diagnosing.operations.counterparts import orders_of_axes
from compare.diagnosing.operations.regions import Regions
from compare.mistakes.traces import Step

MOST_ORDERS = 3  # of axes that are tried


@dataclass(frozen=True)
class Arrangement:
    """How Keras's array is laid out in PyTorch.

    Args:
        order: of its axes.
        shape: it has then; None for the sizes in that order.
    """

    order: tuple[int, ...]
    shape: tuple[int, ...] | None = None

    def of(self, array: np.ndarray) -> np.ndarray:
        """Keras's array as PyTorch may have it."""
        turned = array.transpose(self.order)
        return turned if self.shape is None else turned.reshape(self.shape)


def arrangements(
    regions: Regions, step: Step, array: np.ndarray, like: np.ndarray
) -> list[Arrangement]:
    """How Keras's array may be laid out in PyTorch, the likeliest first.

    Args:
        regions: knows which axis of Keras's arrays is which of PyTorch's arrays.
        step: of PyTorch, whose inputs tell the order of axes.
        array: of Keras's layout.
        like: what PyTorch has in that place.
    """
    if array.dtype.kind != like.dtype.kind:
        return []
    plain = tuple(range(array.ndim))
    orders: list[tuple[int, ...]] = []
    for value in step.inputs:
        for counterpart in regions.shared.of_torch.get(value, ()):
            if len(counterpart.axes) == array.ndim:
                back = np.argsort(counterpart.axes)
                orders.append(tuple(int(axis) for axis in back))
    if array.size == like.size:
        possible = [*orders_of_axes(array.shape, like.shape)]
        orders = [order for order in orders if order in possible]
        if array.shape == like.shape:
            orders.append(plain)
        orders = [*dict.fromkeys([*orders, *possible])][:MOST_ORDERS]
        return [Arrangement(order, like.shape) for order in orders]
    if array.ndim == 0 or like.ndim == 0 or not _have_one_batch(array, like):
        return []
    return [Arrangement(order) for order in dict.fromkeys([*orders, plain])][:1]


def _have_one_batch(array: np.ndarray, like: np.ndarray) -> bool:
    """Whether arrays have as many samples, or one of them is over all of these."""
    if len(array) == len(like):
        return True
    return array.ndim == like.ndim and 1 in (len(array), len(like))
