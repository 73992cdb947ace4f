"""Weights of one side in an order of their own, with which the models are the same.

Whoever flattens channels first in PyTorch may put the rows of the dense kernel in that
order instead: a right port, which no rule for a dense layer alone would make.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from compare.subjects.own.weights import in_keras_layout

# PyTorch comes first.
from compare.twins.frameworks import FRAMEWORKS, LAYERS

if TYPE_CHECKING:
    from compare.twins.twins import Twins

# By layer and by array of Keras: which entry of PyTorch's array each entry is.
Orders = Mapping[str, Mapping[str, np.ndarray]]
MOST_NUMBERS = 2**22  # of an array that is sorted
ROUNDING = 4 * float(np.finfo(np.float32).eps)  # as where two biases are added


def of_weights(twins: Twins) -> Orders:
    """The orders of Keras's arrays that hold PyTorch's numbers in another one.

    Args:
        twins: with their own weights.

    Returns:
        None for arrays that are PyTorch's as they are. Nothing at all where an array
        has other numbers, or some of them twice: no order is known of it.
    """
    torch_layers, keras_layers = (
        LAYERS[side].layers(twins.model(side, "float64")) for side in FRAMEWORKS
    )
    orders: dict[str, dict[str, np.ndarray]] = {}
    for layer in torch_layers.keys() & keras_layers.keys():
        moved = in_keras_layout(layer, torch_layers[layer], keras_layers[layer])
        for name, array in moved.items():
            keras_array = keras_layers[layer].arrays[name]
            if _are_close(keras_array, array):
                continue
            order = _order(array, keras_array)
            if order is None:
                return {}
            orders.setdefault(layer, {})[name] = order
    return orders


def _order(torch: np.ndarray, keras: np.ndarray) -> np.ndarray | None:
    """Which entry of PyTorch's array, counted in C order, each of Keras's entries is.

    Args:
        torch: PyTorch's array, laid out as a rule would lay it out for Keras.
        keras: Keras's array.

    Returns:
        None where the arrays have other numbers, or some of them twice.
    """
    if torch.size != keras.size or torch.size > MOST_NUMBERS:
        return None
    by_size, keras_by_size = np.argsort(torch, None), np.argsort(keras, None)
    numbers, keras_numbers = torch.ravel()[by_size], keras.ravel()[keras_by_size]
    if not _are_close(keras_numbers, numbers) or not np.diff(numbers).all():
        return None
    order = np.empty(torch.size, np.int64)
    order[keras_by_size] = by_size
    return order


def _are_close(keras: np.ndarray, torch: np.ndarray) -> bool:
    """Whether two arrays are the same but for rounding."""
    largest = np.abs(torch).max(initial=0.0)
    return bool((np.abs(keras - torch) <= ROUNDING * largest).all())
