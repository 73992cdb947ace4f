"""Recurrent layers that the user wrote: which kind they are, their arrays tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from compare.kinds import conv_lstm
from compare.kinds.computing import Cell
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays, Layer
from compare.kinds.names import plain
from compare.kinds.rows import AddedBiases, Row, alike
from compare.kinds.writing import Writing
from compare.kinds.writings import writing_of

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
EMBEDDING_BAG = "EmbeddingBag"
OWN_IN_TORCH, OWN_IN_KERAS = "(Module)", "(Layer)"


def read_as(torch: Layer, keras: Layer, kinds: tuple[Kind, ...]) -> tuple[Layer, Layer]:
    """Take a recurrent layer of the user's own for what its twin is.

    It is one whose arrays have the names and the shapes of either framework's cell:
    an LSTM by hand holds `weight_ih, weight_hh, bias_ih, bias_hh`, or Keras's `kernel,
    recurrent_kernel, bias`; or one whose arrays are written in another usual way, see
    `writings`. What it computes with them, the verdict shows. Attention that is four
    dense layers in Keras is read as one there; a bag of PyTorch as the embedding that
    it takes a mean or a sum of; and a layer that one framework alone has, such as
    Keras's Attention or PyTorch's Bilinear, as the user's own where it holds what the
    layer of the user does.

    Args:
        torch: a layer.
        keras: what may be its twin.
        kinds: all kinds.

    Returns:
        The two layers, the kind of one of them another where its arrays tell.
    """
    if torch.kind == ATTENTION[0] and _are_projections(keras):
        return torch, replace(keras, kind=ATTENTION[1])
    if torch.kind == EMBEDDING_BAG and plain(keras.kind) == "Embedding":
        return replace(torch, kind="Embedding"), keras
    alone = _read_as_own(torch, keras, kinds)
    if alone is not None:
        return alone
    if plain(keras.kind) == conv_lstm.NAME and _is_convolving_cell(torch, keras):
        ending = "Cell" if _is_own(torch) else ""
        return replace(torch, kind=f"{conv_lstm.NAME}{ending}"), keras
    for kind in kinds:
        if kind.cell is None:
            continue
        if _is_own(torch) and plain(keras.kind) in kind.keras:
            if _fits_pytorch(torch.arrays, kind.cell):
                return replace(torch, kind=f"{kind.torch[0]}Cell"), keras
            if _shapes(torch.arrays) == _shapes(keras.arrays):
                return torch, replace(keras, kind=f"{kind.keras[0]}{OWN_IN_KERAS}")
        has_kind = plain(keras.kind) in kind.keras
        if has_kind and _is_written(torch, kind.cell):
            return replace(torch, kind=f"{kind.torch[0]}Cell"), keras
        if _is_own(keras) and torch.kind in kind.torch:
            if _fits_keras(keras.arrays, kind.cell):
                return torch, replace(keras, kind=kind.keras[0])
            if _shapes(torch.arrays) == _shapes(keras.arrays):
                return replace(torch, kind=f"{torch.kind}{OWN_IN_TORCH}"), keras
            if writing_of(keras.arrays, kind.cell.gates) is not None:
                return torch, replace(keras, kind=kind.keras[0])
    return torch, keras


def _read_as_own(
    torch: Layer, keras: Layer, kinds: tuple[Kind, ...]
) -> tuple[Layer, Layer] | None:
    """Read a layer that one framework alone has as the user's own, beside a user's.

    None where there is no such layer, or where the two hold other arrays.
    """
    if _is_own(torch) == _is_own(keras) or not alike(torch.arrays, keras.arrays):
        return None
    if _is_own(torch) and not _is_known(keras, kinds):
        return torch, replace(keras, kind=f"{keras.kind}{OWN_IN_KERAS}")
    if _is_own(keras) and not _is_known(torch, kinds):
        return replace(torch, kind=f"{torch.kind}{OWN_IN_TORCH}"), keras
    return None


def _is_known(layer: Layer, kinds: tuple[Kind, ...]) -> bool:
    """Whether a layer of a framework is of a kind; of several, whether one of them."""
    for name in plain(layer.kind).split(" and "):
        if name == conv_lstm.NAME:
            return True
        for kind in kinds:
            if name in kind.torch or name in kind.keras:
                return True
    return False


def with_one_bias(row: Row, torch: Arrays) -> Row:
    """A row of two biases that are added, where a cell by hand has one of them.

    Args:
        row: any, which is returned if it is none of these.
        torch: the arrays of PyTorch's layer.
    """
    if not row.added or set(row.torch) <= set(torch):
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


def usual_arrays(layer: Layer, kinds: tuple[Kind, ...]) -> Iterator[Arrays]:
    """Yield the arrays that a layer by hand has as a cell of PyTorch, of each kind.

    Args:
        layer: any; none is yielded of one that cannot be such a cell.
        kinds: all kinds.
    """
    if not _may_be_written(layer):
        return
    of_kinds = [kind.cell.gates for kind in kinds if kind.cell]
    for gates in dict.fromkeys([*of_kinds, conv_lstm.GATES]):
        writing = writing_of(layer.arrays, gates)
        if writing is not None:
            yield writing.read(layer.arrays)


def as_usual(layer: Layer, kind: Kind) -> Layer:
    """Return a layer of a kind with the arrays that a cell of PyTorch would have."""
    if kind.cell is None or any("weight_ih" in name for name in layer.arrays):
        return layer
    writing = writing_of(layer.arrays, kind.cell.gates)
    if writing is None:
        return layer
    return replace(layer, arrays=writing.read(layer.arrays))


def written_as(layer: Layer, kind: Kind, arrays: Arrays) -> Arrays:
    """Return arrays of a cell of PyTorch as a layer of this kind has them by hand."""
    if kind.cell is None or any("weight_ih" in name for name in layer.arrays):
        return arrays
    writing = writing_of(layer.arrays, kind.cell.gates)
    return arrays if writing is None else writing.write(arrays)


def rows_of_writing(kind: Kind, torch: Arrays, keras: Arrays) -> tuple[Row, ...] | None:
    """Return one row for all arrays of two layers, of which one is by hand.

    Args:
        kind: of both.
        torch: arrays of PyTorch's layer; only names and shapes are looked at.
        keras: arrays of Keras's layer.

    Returns:
        None where both have the arrays of their framework.
    """
    if kind.cell is None or kind.rows is None:
        return None
    gates = kind.cell.gates
    if not any("weight_ih" in name for name in torch):
        writing = writing_of(torch, gates)
        if writing is None:
            return None
        usual = writing.read(placeholders(torch))
        rows = [row for row in kind.rows(usual, keras) if set(row.torch) <= set(usual)]
        return (_in_torch(writing, rows),)
    if not any("recurrent_kernel" in name for name in keras):
        writing = writing_of(keras, gates)
        return None if writing is None else (_in_keras(writing, torch),)
    return None


def placeholders(arrays: Arrays) -> Arrays:
    """Arrays of the same shapes, of tensors or variables."""
    return {
        name: np.broadcast_to(np.int8(), tuple(array.shape))
        for name, array in arrays.items()
    }


def _in_torch(writing: Writing, rows: Sequence[Row]) -> Row:
    """One row of a cell by hand in PyTorch, made from those of PyTorch's cell."""
    names: list[str] = []
    for row in rows:
        names += row.keras

    def to_keras(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        usual = writing.read(dict(zip(writing.names, arrays, strict=True)))
        result: list[np.ndarray] = []
        for row in rows:
            result += row.to_keras(*(usual[name] for name in row.torch))
        return tuple(result)

    def usual_of(arrays: Sequence[np.ndarray], are_gradients: bool) -> Arrays:
        by_name = dict(zip(names, arrays, strict=True))
        usual: dict[str, np.ndarray] = {}
        for row in rows:
            change = row.to_torch
            if are_gradients and row.gradients is not None:
                change = row.gradients
            arrays_of_row = change(*(by_name[name] for name in row.keras))
            usual |= zip(row.torch, arrays_of_row, strict=True)
        return usual

    def to_torch(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        written = writing.write(usual_of(arrays, are_gradients=False))
        return tuple(written[name] for name in writing.names)

    def gradients(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        written = writing.write_gradients(usual_of(arrays, are_gradients=True))
        return tuple(written[name] for name in writing.names)

    added: list[AddedBiases] = []
    for row in rows:
        for biases in row.added:
            added += [AddedBiases(two, biases.keras) for two in writing.added]
    return Row(writing.names, tuple(names), to_keras, to_torch, gradients, tuple(added))


def _in_keras(writing: Writing, torch: Arrays) -> Row:
    """One row of a cell by hand in Keras, whose arrays become those of PyTorch."""
    names = tuple(torch)
    short = [re.sub(r"_l0$", "", name) for name in names]

    def to_keras(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        written = writing.write(dict(zip(short, arrays, strict=True)))
        return tuple(written[name] for name in writing.names)

    def to_torch(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        usual = writing.read(dict(zip(writing.names, arrays, strict=True)))
        return tuple(usual[name] for name in short)

    def gradients(*arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        usual = writing.read_gradients(dict(zip(writing.names, arrays, strict=True)))
        return tuple(usual[name] for name in short)

    added: list[AddedBiases] = []
    if "bias_hh" in short and not writing.added:
        two = (names[short.index("bias_ih")], names[short.index("bias_hh")])
        added = [AddedBiases(two, bias) for bias in writing.first_biases]
    return Row(names, writing.names, to_keras, to_torch, gradients, tuple(added))


def _may_be_written(layer: Layer) -> bool:
    """Whether a layer may be a cell by hand; one layer may hold all gates."""
    return layer.kind in ("Linear", *conv_lstm.CONVOLUTIONS) or _is_own(layer)


def _is_convolving_cell(torch: Layer, keras: Layer) -> bool:
    """Whether a layer of PyTorch may hold what one of Keras that convolves does."""
    if not _is_written(torch, conv_lstm.CELL):
        return False
    writing = writing_of(torch.arrays, conv_lstm.GATES)
    assert writing is not None
    usual = writing.read(placeholders(torch.arrays))
    for name, keras_name in zip(WEIGHTS, KERNELS, strict=True):
        inputs_last = np.moveaxis(usual[name], (0, 1), (-1, -2))
        if inputs_last.shape != tuple(keras.arrays[keras_name].shape):
            return False
    return True


def _is_written(layer: Layer, cell: Cell) -> bool:
    """Whether a layer's arrays are a usual writing of those of a cell."""
    return _may_be_written(layer) and writing_of(layer.arrays, cell.gates) is not None


def _is_own(layer: Layer) -> bool:
    return layer.kind.endswith((OWN_IN_TORCH, OWN_IN_KERAS))


def _fits_pytorch(arrays: Arrays, cell: Cell) -> bool:
    """Whether arrays are those of a cell of PyTorch, or of a layer of one part."""
    names = {re.sub(r"_l0$", "", name) for name in arrays}
    if not names.issuperset(WEIGHTS) or names - set(WEIGHTS) not in BIASES:
        return False
    recurrent = next(a for name, a in arrays.items() if name.startswith("weight_hh"))
    if recurrent.ndim != 2:
        return False
    rows, units = recurrent.shape
    return bool(rows == len(cell.gates) * units)


def _fits_keras(arrays: Arrays, cell: Cell) -> bool:
    """Whether arrays are those of a cell of Keras."""
    if set(arrays) - {"bias"} != set(KERNELS):
        return False
    recurrent = arrays["recurrent_kernel"]
    if recurrent.ndim != 2:
        return False
    units, columns = recurrent.shape
    return bool(columns == len(cell.gates) * units)


def _shapes(arrays: Arrays) -> dict[str, tuple[int, ...]]:
    return {name: tuple(array.shape) for name, array in arrays.items()}
