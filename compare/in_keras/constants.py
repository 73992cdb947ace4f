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
        mean = keras.ops.convert_to_numpy(layer.mean)
        variance = keras.ops.convert_to_numpy(layer.variance)
        new_mean = change(_exact(layer.input_mean, mean))
        new_variance = change_variance(_exact(layer.input_variance, variance))
        is_same = np.array_equal(new_mean, mean)
        if not is_same or not np.array_equal(new_variance, variance):
            layer.mean = keras.ops.convert_to_tensor(new_mean)
            layer.variance = keras.ops.convert_to_tensor(new_variance)
            yield layer.name


def _exact(argument: object, held: np.ndarray) -> np.ndarray:
    """A figure in float64 as a user gave it, spread out as the layer holds it.

    Args:
        argument: of the layer; None where it has adapted itself.
        held: by the layer, in its precision.
    """
    if argument is None:
        return held
    numbers = np.asarray(argument, np.float64)
    if numbers.size == held.size:
        return numbers.reshape(held.shape)
    return np.broadcast_to(numbers, held.shape).copy()
