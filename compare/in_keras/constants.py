"""The constants of a Keras model: numbers that nobody learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np

from compare.in_keras.leaves import constant_layers
from compare.in_keras.names import Renamed, unnamed
from compare.in_keras.variables import variables


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


def replace_figures(
    model: keras.Model | Renamed,
    change: Callable[[np.ndarray], np.ndarray],
    change_variance: Callable[[np.ndarray], np.ndarray],
) -> Iterator[str]:
    """Put other means and variances into layers that standardise; yield their names.

    Args:
        model: in float64; changed in place.
        change: takes means as they were given, in float64, and returns the new ones.
        change_variance: the same of variances.
    """
    for layer in unnamed(model)._flatten_layers():  # noqa: SLF001
        if not isinstance(layer, keras.layers.Normalization) or layer.mean is None:
            continue
        given = layer.input_mean, layer.input_variance
        held = layer.mean, layer.variance
        is_changed = False
        figures = []
        for number, own, new in zip(
            given, held, (change, change_variance), strict=True
        ):
            before = keras.ops.convert_to_numpy(own)
            exact = before if number is None else _spread(number, before)
            figures.append(new(exact))
            is_changed |= not np.array_equal(figures[-1], before)
        if is_changed:
            layer.mean, layer.variance = map(keras.ops.convert_to_tensor, figures)
            yield layer.name


def _spread(given: object, like: np.ndarray) -> np.ndarray:
    """Numbers that a user gave, in float64 and spread out as the layer holds them."""
    numbers = np.asarray(given, np.float64)
    if numbers.size == like.size:
        return numbers.reshape(like.shape)
    return np.broadcast_to(numbers, like.shape).copy()
