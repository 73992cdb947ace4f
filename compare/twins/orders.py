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
    return {
        name: array.ravel()[orders[name]].reshape(array.shape)
        if name in orders
        else array
        for name, array in arrays.items()
    }
