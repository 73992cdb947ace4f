"""Recurrent layers that the user wrote: which kind they are, their arrays tell."""

from __future__ import annotations

import re
from dataclasses import replace

from compare.kinds.computing import Cell
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays, Layer
from compare.kinds.names import plain

WEIGHTS = (
    "weight_ih",
    "weight_hh",
)  # as PyTorch's cells have them, (gates * size, ...)
KERNELS = ("kernel", "recurrent_kernel")  # as Keras's cells do, (..., gates * size)
OWN_IN_TORCH, OWN_IN_KERAS = "(Module)", "(Layer)"


def read_as(torch: Layer, keras: Layer, kinds: tuple[Kind, ...]) -> tuple[Layer, Layer]:
    """Take a recurrent layer of the user's own for what its twin is.

    It is one whose arrays have the names and the shapes of either framework's cell:
    an LSTM by hand holds `weight_ih, weight_hh, bias_ih, bias_hh`, or Keras's `kernel,
    recurrent_kernel, bias`. What it computes with them, the verdict shows.

    Args:
        torch: a layer.
        keras: what may be its twin.
        kinds: all kinds.

    Returns:
        The two layers, the kind of one of them another where its arrays tell.
    """
    for kind in kinds:
        if kind.cell is None:
            continue
        if _is_own(torch) and plain(keras.kind) in kind.keras:
            if _fits_pytorch(torch.arrays, kind.cell):
                return replace(torch, kind=f"{kind.torch[0]}Cell"), keras
            if _shapes(torch.arrays) == _shapes(keras.arrays):
                return torch, replace(keras, kind=f"{keras.kind}{OWN_IN_KERAS}")
        if _is_own(keras) and torch.kind in kind.torch:
            if _fits_keras(keras.arrays, kind.cell):
                return torch, replace(keras, kind=kind.keras[0])
            if _shapes(torch.arrays) == _shapes(keras.arrays):
                return replace(torch, kind=f"{torch.kind}{OWN_IN_TORCH}"), keras
    return torch, keras


def _is_own(layer: Layer) -> bool:
    return layer.kind.endswith((OWN_IN_TORCH, OWN_IN_KERAS))


def _fits_pytorch(arrays: Arrays, cell: Cell) -> bool:
    """Whether arrays are those of a cell of PyTorch, or of a layer of one part."""
    names = {re.sub(r"_l0$", "", name) for name in arrays}
    biases = {"bias_ih", "bias_hh"}
    if names - biases != set(WEIGHTS) or len(names & biases) == 1:
        return False
    recurrent = next(a for name, a in arrays.items() if name.startswith("weight_hh"))
    return recurrent.ndim == 2 and recurrent.shape[0] == (
        len(cell.gates) * recurrent.shape[1]
    )


def _fits_keras(arrays: Arrays, cell: Cell) -> bool:
    """Whether arrays are those of a cell of Keras."""
    if set(arrays) - {"bias"} != set(KERNELS):
        return False
    recurrent = arrays["recurrent_kernel"]
    return recurrent.ndim == 2 and recurrent.shape[1] == (
        len(cell.gates) * recurrent.shape[0]
    )


def _shapes(arrays: Arrays) -> dict[str, tuple[int, ...]]:
    return {name: tuple(array.shape) for name, array in arrays.items()}
