"""Whether two layers have the same arrays, or arrays of the same effect."""

from __future__ import annotations

import numpy as np

from compare.kinds.layer import Arrays
from compare.mistakes.arrangements.orders import are_near

ROUNDED = float(np.finfo(np.float32).eps)  # of the largest value: Keras's sum of biases


def are_same(
    kind: str, arrays: Arrays | None, target: Arrays | None, limit: float = ROUNDED
) -> bool:
    """Whether arrays are those of another layer, or have the same effect.

    Args:
        kind: of both layers.
        arrays: by PyTorch's names; None is never the same.
        target: as `arrays`.
        limit: how far apart they may be, in parts of the largest value.
    """
    if arrays is None or target is None:
        return False
    arrays, target = summed(kind, arrays), summed(kind, target)
    if arrays.keys() != target.keys():
        return False
    return all(are_near(arrays[name], target[name], limit) for name in arrays)


def summed(kind: str, arrays: Arrays) -> dict[str, np.ndarray]:
    """Arrays with the sum of two added biases in the place of the two.

    A layer by hand may have one bias alone, which is their sum.

    Args:
        kind: of the layer; the two biases of a GRU are not added.
        arrays: by PyTorch's names.
    """
    summed = dict(arrays)
    if kind == "GRU":
        return summed
    for name in arrays:
        if name.startswith("bias_ih"):
            bias_hh = summed.pop(name.replace("bias_ih", "bias_hh"), None)
            if bias_hh is not None:
                summed[name] = summed[name] + bias_hh
    return summed
