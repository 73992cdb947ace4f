"""Cells that users made of Keras's layers, which may count as one layer each."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakSet

import keras

from compare.in_keras.internals import attributes, every_layer
from compare.in_keras.kinds import is_own, kind_of
from compare.in_keras.names import Renamed, unnamed
from compare.kinds import usual_arrays
from compare.kinds.layer import Layer

# Recurrent layers whose cells count as one layer with those inside, see `hold_cells`.
_CELLS: WeakSet[keras.layers.RNN] = WeakSet()


def hold_cells(model: keras.Model | Renamed) -> bool:
    """Count recurrent layers whose cells users made of layers as one layer each.

    Their twins in PyTorch are recurrent layers, which hold the arrays of all gates.

    Returns:
        Whether there are some that did not count so.
    """
    every = every_layer(unnamed(model))
    layers = [layer for layer in every if _has_cell_of_layers(layer)]
    new = [layer for layer in layers if layer not in _CELLS]
    _CELLS.update(new)
    return bool(new)


def is_held_together(layer: keras.Layer) -> bool:
    """Whether this is a recurrent layer that counts as one with its cell's layers."""
    return layer in _CELLS


def variables_inside(layer: keras.layers.RNN) -> dict[str, keras.Variable]:
    """The variables of the layers inside a cell by hand, such as "x2h.kernel"."""
    by_name = {}
    for name, inner in _layers_of_cell(layer).items():
        for variable in inner.weights:
            by_name[f"{name}.{variable.name}"] = variable
    return by_name


def _layers_of_cell(layer: keras.layers.RNN) -> dict[str, keras.Layer]:
    """The layers that a cell has as attributes, or in its lists and dictionaries."""
    layers: dict[str, keras.Layer] = {}
    for name, value in attributes(layer.cell).items():
        items: dict[str, object] = {name: value}
        if isinstance(value, list | tuple):
            items = {f"{name}.{number}": item for number, item in enumerate(value)}
        elif isinstance(value, dict):
            items = {f"{name}.{key}": item for key, item in value.items()}
        for key, inner in items.items():
            if isinstance(inner, keras.Layer):
                layers[key] = inner
    return layers


def _has_cell_of_layers(layer: keras.Layer) -> bool:
    """Whether this runs a cell of the user's own that has the layers of one alone."""
    if not isinstance(layer, keras.layers.RNN) or not is_own(layer.cell):
        return False
    layers = _layers_of_cell(layer)
    if not layers or len(layers) < len(every_layer(layer.cell, itself=False)):
        return False
    if not all(isinstance(inner, keras.layers.Dense) for inner in layers.values()):
        return False
    inside = variables_inside(layer)
    if len(inside) < len(layer.cell.weights) or _is_of_unknown_order(layer, layers):
        return False
    return any(usual_arrays(Layer(kind_of(layer.cell), inside)))


def _is_of_unknown_order(
    layer: keras.layers.RNN, layers: Mapping[str, keras.Layer]
) -> bool:
    """Whether the gates of a GRU are stacked, in an order that its code alone tells.

    Keras stacks z, r, h and PyTorch r, z, n. An LSTM, which has two states, is i, f, g,
    o in both.

    Args:
        layer: which runs the cell.
        layers: the layers of the cell.
    """
    sizes = layer.cell.state_size
    if not isinstance(sizes, int) and len(sizes) > 1:
        return False
    size = sizes if isinstance(sizes, int) else sizes[0]
    return any(inner.units != size for inner in layers.values())
