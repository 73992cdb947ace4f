"""How many numbers a layer holds, by direction and layer of a stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from compare.kinds.rules import RECURRENT

if TYPE_CHECKING:
    from compare.kinds.layer import Arrays, Layer


def parts_of(layer: Layer) -> list:
    """What each Keras layer must hold: sizes by direction, of each layer of a stack."""
    kinds = {torch for torch, _ in RECURRENT}
    if layer.kind not in kinds:
        return [sizes(layer.arrays)]
    return numbered(layer.arrays, r"_l(\d+)")


def numbered(arrays: Arrays, number: str) -> list:
    """Sizes of the arrays of each layer of a stack; by a number in their names."""
    numbers = {}
    for name, array in arrays.items():
        found = re.search(number, name)
        numbers.setdefault(int(found[1]) if found else 0, []).append((name, array))
    return [_matrices(dict(each)) for _, each in sorted(numbers.items())]


def sizes(arrays: Arrays) -> list[int]:
    """How many numbers there are in each array, a count of batches left out."""
    return sorted(array.size for array in arrays.values() if array.ndim)


def _matrices(arrays):
    """As `sizes`, of the matrices: PyTorch has two biases where Keras has one."""
    biases = [name for name in arrays if "bias" in name]
    sizes = sorted(a.size for name, a in arrays.items() if name not in biases)
    return [*sizes, bool(biases)]
