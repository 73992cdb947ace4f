"""Arrays that hold the numbers of others in an order of their own."""

from collections.abc import Mapping

import numpy as np


def in_own_order(
    arrays: Mapping[str, np.ndarray], orders: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Arrays by name, those with an order of their own in it.

    Args:
        arrays: of a layer.
        orders: which entry of an array, counted in C order, each entry is.
    """
    ordered = dict(arrays)
    for name, order in orders.items():
        array = arrays[name]
        ordered[name] = array.ravel()[order].reshape(array.shape)
    return ordered
