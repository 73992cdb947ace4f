"""Cells by hand whose arrays are not stacked as they usually are."""

from __future__ import annotations

import numpy as np

from compare.judging.result import SIDES
from compare.kinds import usual_arrays
from compare.kinds.layer import Arrays, Layer
from compare.subjects.own.weights import in_keras_layout

# PyTorch comes first.
from compare.twins.frameworks import LAYERS
from compare.twins.twins import Twins


def stacked_otherwise(twins: Twins) -> list[str]:
    """Names of cells by hand that have their twin's numbers, in no usual order.

    The gates may be stacked in another order, or h may stand before x: the arrays do
    not say so, and the rule by which weights are moved does not hold.

    Args:
        twins: with both in float64, and with the weights that the models came with.
    """
    by_side = [LAYERS[side].layers(twins.model(side, "float64")) for side in SIDES]
    torch, keras = by_side
    names = []
    for name in torch.keys() & keras.keys():
        layers = torch[name], keras[name]
        if any(_is_written(layer) for layer in layers):
            numbers = _numbers(torch[name].arrays)
            keras_numbers = _numbers(keras[name].arrays)
            is_same = np.array_equal(numbers, keras_numbers)
            if is_same and not _is_usual(name, torch[name], keras[name]):
                names.append(name)
    return sorted(names)


def _is_usual(name: str, torch: Layer, keras: Layer) -> bool:
    """Whether the rule by which weights are moved makes Keras's arrays."""
    moved = in_keras_layout(name, torch, keras)
    return all(
        np.array_equal(keras.arrays[key].astype(np.float32), array.astype(np.float32))
        for key, array in moved.items()
    )


def _is_written(layer: Layer) -> bool:
    """Whether the arrays of a layer are a usual writing of a cell's."""
    return any(True for _ in usual_arrays(layer))


def _numbers(arrays: Arrays) -> np.ndarray:
    """The numbers of matrices and kernels, in order of size, as float32 has them."""
    matrices = [
        np.ravel(array)
        for name, array in arrays.items()
        if array.ndim > 1 and not name.endswith("bias")  # a GRU's has two axes
    ]
    return np.sort(np.concatenate(matrices).astype(np.float32))
