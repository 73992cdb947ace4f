"""Arrays put into the layers of a Keras model made of a plan, and states taken out."""

from __future__ import annotations

import keras

from compare.errors import BadInput
from compare.in_keras.layers import write
from compare.in_keras.variables import variables
from compare.kinds.layer import Arrays
from compare.listing import bounded


def place(name: str, layer: keras.Layer, arrays: Arrays) -> None:
    """Give a layer its weights.

    Args:
        name: of the layer, for messages.
        layer: built.
        arrays: by the names of its variables, or in the order of `layer.weights`.

    Raises:
        BadInput: if there are more or fewer than the layer has, or of other shapes.
    """
    by_name = variables(layer)
    in_order = list(layer.weights)
    if set(by_name) == set(arrays) and len(by_name) == len(in_order):
        in_order = [by_name[key] for key in arrays]
    if len(in_order) != len(arrays):
        raise _unlike(name, layer, arrays)
    for variable, array in zip(in_order, arrays.values(), strict=True):
        if tuple(variable.shape) != tuple(array.shape):
            raise _unlike(name, layer, arrays)
        write(variable, array)
    if isinstance(layer, keras.layers.Normalization) and in_order:
        layer.finalize_state()  # it computes with what it makes of them


def _unlike(name: str, layer: keras.Layer, arrays: Arrays) -> BadInput:
    """The error of a layer that has other weights than those given."""
    expected = [f"{v.name} {tuple(v.shape)}" for v in layer.weights]
    given = [f"{key} {tuple(array.shape)}" for key, array in arrays.items()]
    return BadInput(
        f"{name}: expected the weights of its configuration, {bounded(expected)}, got "
        f"{bounded(given)}; the file is damaged, or its weights are those of another "
        "model"
    )
