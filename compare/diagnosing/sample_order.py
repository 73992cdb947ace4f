"""Results that hold the samples of the batch in another order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.kinds.mistake import ResultShapes

SORTED = "such as those sorted by length for pack_padded_sequence"


def samples_in_another_order(isolated: Isolated) -> Finding | None:
    """The finding that one side returns the other's samples in another order.

    Args:
        isolated: the twins at work.

    Returns:
        None where the samples are in one order, or are not the same ones.
    """
    torch, keras = isolated.torch.results, isolated.keras.results
    layers = [layer for layer in isolated.torch.kinds if layer in isolated.keras.kinds]
    order = _order(torch, keras)
    if order is None or not layers:
        return None
    rows = ", ".join(str(row) for row in order)
    sentence = (
        "PyTorch returns the samples of the batch in another order than Keras: those "
        f"of Keras are PyTorch's numbers {rows}, counted from 0"
    )
    back = "bring the results back into the order of the input"
    fix = (
        f"either PyTorch: {back}, y[order.argsort()] of samples put into an order, "
        f"{SORTED}, which enforce_sorted=False does by itself; or Keras: {back}, "
        "ops.take(y, ops.argsort(order), axis=0)"
    )
    cure = ResultShapes([array.shape[1:] for array in keras], samples=tuple(order))
    return Finding(layers[-1], (Reading("", (), sentence, fix),), cure=cure)


def _order(
    torch: Sequence[np.ndarray], keras: Sequence[np.ndarray]
) -> list[int] | None:
    """The numbers of PyTorch's samples in the order in which Keras has them.

    None where that is the order that they have, or a sample of Keras is none of
    PyTorch's, or more than one.
    """
    if not keras or len(torch) != len(keras):
        return None
    if any(a.shape != b.shape or not a.ndim for a, b in zip(torch, keras, strict=True)):
        return None
    count = len(keras[0])
    if any(len(array) != count for array in keras):
        return None
    order = []
    for sample in range(count):
        alike = [
            other
            for other in range(count)
            if all(near(a[other], b[sample]) for a, b in zip(torch, keras, strict=True))
        ]
        if len(alike) != 1:
            return None
        order += alike
    return None if order == sorted(order) else order
