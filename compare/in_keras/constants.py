"""The constants of a Keras model: numbers that nobody learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np

from compare.in_keras.layers import constant_layers, variables
from compare.in_keras.names import Renamed


def replace_constants(
    model: keras.Model | Renamed, change: Callable[[np.ndarray], np.ndarray | None]
) -> Iterator[str]:
    """Put other numbers in the place of constants; yield the names of those replaced.

    Args:
        model: in either precision; changed in place.
        change: takes the numbers of a constant, of any shape, and returns the new ones,
            or None to leave them.
    """
    for path, layer in constant_layers(model).items():
        for name, variable in variables(layer).items():
            numbers = change(variable.numpy())
            if numbers is not None:
                variable.assign(numbers)
                yield f"{path}.{name}"
