"""Recurrent layers that the user wrote: which kind they are, their arrays tell."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from compare.kinds.computing import Cell
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays, Layer
from compare.kinds.names import plain
from compare.kinds.rows import Row

# As cells of PyTorch have them, (gates * size, ...), and of Keras, (..., gates * size).
WEIGHTS = ("weight_ih", "weight_hh")
KERNELS = ("kernel", "recurrent_kernel")
BIASES: tuple[set[str], ...] = (
    {"bias_ih", "bias_hh"},
    {"bias_ih"},
    {"bias"},
    set(),
)  # one is enough by hand
ATTENTION = "MultiheadAttention", "MultiHeadAttention"
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

    Attention that is four dense layers in Keras is read as one there.

    Returns:
        The two layers, the kind of one of them another where its arrays tell.
    """
    if torch.kind == ATTENTION[0] and _are_projections(keras):
        return torch, replace(keras, kind=ATTENTION[1])
    for kind in kinds:
        if kind.cell is None:
            continue
        if _is_own(torch) and plain(keras.kind) in kind.keras:
            if _fits_pytorch(torch.arrays, kind.cell):
                return replace(torch, kind=f"{kind.torch[0]}Cell"), keras
            if _shapes(torch.arrays) == _shapes(keras.arrays):
                return torch, replace(keras, kind=f"{kind.keras[0]}{OWN_IN_KERAS}")
        if _is_own(keras) and torch.kind in kind.torch:
            if _fits_keras(keras.arrays, kind.cell):
                return torch, replace(keras, kind=kind.keras[0])
            if _shapes(torch.arrays) == _shapes(keras.arrays):
                return replace(torch, kind=f"{torch.kind}{OWN_IN_TORCH}"), keras
    return torch, keras


def with_one_bias(row: Row, torch: Arrays) -> Row:
    """A row of two biases that are added, where a cell by hand has one of them.

    Args:
        row: any, which is returned if it is none of these.
        torch: the arrays of PyTorch's layer.
    """
    if row.gradients is None or set(row.torch) <= set(torch):
        return row
    name = row.torch[0] if row.torch[0] in torch else "bias"

    def to_keras(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return row.to_keras(bias, np.zeros_like(bias))

    def to_torch(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return row.to_torch(bias)[:1]

    return Row((name,), row.keras, to_keras, to_torch)


def _are_projections(layer: Layer) -> bool:
    """Whether this is four dense layers: of queries, keys, values and the output."""
    kernels = [name for name in layer.arrays if name.endswith("kernel")]
    return plain(layer.kind) == "Dense" and kernels == [f"{n}.kernel" for n in range(4)]


def _is_own(layer: Layer) -> bool:
    return layer.kind.endswith((OWN_IN_TORCH, OWN_IN_KERAS))


def _fits_pytorch(arrays: Arrays, cell: Cell) -> bool:
    """Whether arrays are those of a cell of PyTorch, or of a layer of one part."""
    names = {re.sub(r"_l0$", "", name) for name in arrays}
    if not names.issuperset(WEIGHTS) or names - set(WEIGHTS) not in BIASES:
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
