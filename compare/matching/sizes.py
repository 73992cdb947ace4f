"""How many numbers a layer holds, by direction and layer of a stack."""

from __future__ import annotations

import re

import numpy as np

from compare import kinds
from compare.kinds.layer import Arrays, Layer

# Sizes of the matrices of a layer, smallest first, then whether there are biases; or
# sizes of all arrays of a layer that is not recurrent.
Sizes = list[int]

# What finds the number of a layer of a stack in the names of its arrays.
NUMBER_IN_TORCH, NUMBER_IN_KERAS = r"_l(\d+)", r"^(\d+)\."


def parts_of(layer: Layer) -> list[Sizes]:
    """Return what each layer of Keras must hold to be one of a stack of PyTorch."""
    if not kinds.is_recurrent(layer.kind):
        return [sizes(layer.arrays)]
    return numbered(layer.arrays, NUMBER_IN_TORCH)


def numbered(arrays: Arrays, number: str) -> list[Sizes]:
    """Return the sizes of each layer of a stack.

    Args:
        arrays: of the whole stack.
        number: a regular expression that finds the layer's number in a name; a name
            without one is of layer 0.
    """
    layers: dict[int, dict[str, np.ndarray]] = {}
    for name, array in arrays.items():
        match = re.search(number, name)
        layer = int(match[1]) if match else 0
        layers.setdefault(layer, {})[name] = array
    return [matrices(layers[layer]) for layer in sorted(layers)]


def sizes(arrays: Arrays) -> Sizes:
    """Return how many numbers each array has, a count of batches left out.

    What attention of PyTorch packs counts as the three arrays that it is in Keras.
    """
    counts = []
    for name, array in arrays.items():
        if name.startswith("in_proj"):
            counts += [array.size // 3] * 3
        elif array.ndim:
            counts.append(array.size)
    return sorted(counts)


def matrices(arrays: Arrays) -> Sizes:
    """Return sizes without those of biases: PyTorch has two where Keras has one."""
    matrices = sorted(a.size for name, a in arrays.items() if "bias" not in name)
    return [*matrices, len(matrices) < len(arrays)]
