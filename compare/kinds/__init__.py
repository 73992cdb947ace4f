"""All that the suite knows about each kind of layer: a file for each family.

A new kind is a file and its line in KINDS. This package loads no framework; its modules
import each other and `compare.judging`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from compare.judging.words import Side
from compare.kinds import by_hand
from compare.kinds.activations import ACTIVATION_KINDS
from compare.kinds.batch_norm import BATCH_NORM
from compare.kinds.computing import Cell
from compare.kinds.conv_lstm import CONV_LSTM
from compare.kinds.convolution import CONVOLUTIONS
from compare.kinds.dense import LINEAR
from compare.kinds.edges import EDGES
from compare.kinds.embedding import EMBEDDING
from compare.kinds.global_pooling import GLOBAL_POOLING
from compare.kinds.group_norm import GROUP_NORM
from compare.kinds.grouped_attention import GROUPED_ATTENTION
from compare.kinds.gru import GRU
from compare.kinds.kind import Family, Kind
from compare.kinds.layer import Arrays, Layer
from compare.kinds.layer_norm import LAYER_NORM
from compare.kinds.local_response_norm import LOCAL_RESPONSE_NORM
from compare.kinds.lstm import LSTM
from compare.kinds.mistake import Call
from compare.kinds.multi_head_attention import MULTI_HEAD_ATTENTION
from compare.kinds.names import own, plain
from compare.kinds.option import Option, Options, Value
from compare.kinds.pooling import POOLING
from compare.kinds.prelu import PRELU
from compare.kinds.resampling import PIXEL_SHUFFLES, UPSAMPLE
from compare.kinds.reshaping import DROPOUT, FLATTEN, UNFLATTEN
from compare.kinds.rms_norm import RMS_NORM
from compare.kinds.rows import Row, alike, copied
from compare.kinds.scored_attention import ADDITIVE_ATTENTION, SCORED_ATTENTION
from compare.kinds.simple_rnn import RELU_RNN, RNN
from compare.kinds.transposed_convolution import TRANSPOSED_CONVOLUTIONS
from compare.kinds.unit_norm import UNIT_NORMALIZATION

# In this order messages list them, and files are asked what a layer may be.
KINDS: tuple[Kind, ...] = (
    LINEAR,
    *CONVOLUTIONS,
    *TRANSPOSED_CONVOLUTIONS,
    EMBEDDING,
    PRELU,
    LAYER_NORM,
    BATCH_NORM,
    GROUP_NORM,
    RMS_NORM,
    LOCAL_RESPONSE_NORM,
    LSTM,
    GRU,
    RNN,
    RELU_RNN,
    MULTI_HEAD_ATTENTION,
    *POOLING,
    *GLOBAL_POOLING,
    *ACTIVATION_KINDS,
    UPSAMPLE,
    *PIXEL_SHUFFLES,
    *EDGES,
    FLATTEN,
    UNFLATTEN,
    DROPOUT,
)

# What Keras has a layer of, and PyTorch users write of functions and other layers.
IN_KERAS_ALONE: tuple[Kind, ...] = (
    GROUPED_ATTENTION,
    SCORED_ATTENTION,
    ADDITIVE_ATTENTION,
    UNIT_NORMALIZATION,
)

BY_NAME: dict[str, Kind] = {kind.name: kind for kind in (*KINDS, *IN_KERAS_ALONE)}
BY_TORCH_NAME: dict[str, Kind] = {name: kind for kind in KINDS for name in kind.torch}
BY_KERAS_NAME: dict[str, Kind] = {name: kind for kind in KINDS for name in kind.keras}
# What users write in PyTorch, which has no layer of it, and Keras has a layer of.
BY_HAND: tuple[Kind, ...] = (CONV_LSTM,)
BY_TORCH_NAME |= {name: kind for kind in BY_HAND for name in kind.torch}
# What both frameworks call their layers that are of a kind.
NAMES: frozenset[str] = frozenset(
    plain(name) for kind in (*KINDS, *BY_HAND) for name in (*kind.torch, *kind.keras)
)
WITH_ARRAYS: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind.rows is not None)


def of_family(family: Family) -> tuple[str, ...]:
    """Return PyTorch's names of the layers of a family that hold arrays, no cells."""
    names: list[str] = []
    for kind in WITH_ARRAYS:
        if kind.family == family:
            names += kind.layers_in_pytorch
    return tuple(names)


RECURRENT = of_family("recurrent")
DENSE = of_family("dense")
CONVOLUTION = of_family("convolution")
TRANSPOSED = of_family("transposed convolution")
EMBEDDINGS = of_family("embedding")
NORMALISATION = of_family("normalisation")
ATTENTION = of_family("attention")


def of_layers(torch: str, keras: str) -> Kind | None:
    """Return the kind of two layers, if they are of one and its arrays can be moved.

    Args:
        torch: what PyTorch's layer is called, such as "RNNCell(relu)".
        keras: what Keras's layer is called, such as "SimpleRNN(relu)".
    """
    kind = BY_TORCH_NAME.get(torch)
    if kind is None or kind.rows is None or keras not in kind.keras:
        return None
    return kind


@cache
def of_keras_class(name: str) -> Kind | None:
    """Return the first kind that a class of Keras is of, whatever its settings."""
    for kind in KINDS:
        if name in map(plain, kind.keras):
            return kind
    return None


def cell_of(name: str) -> Cell:
    """Return one step of a recurrent kind.

    Args:
        name: of the kind.

    Raises:
        KeyError: if the kind is not recurrent.
    """
    cell = BY_NAME[name].cell
    if cell is None:
        raise KeyError(name)
    return cell


def is_recurrent(torch: str) -> bool:
    """Return whether a layer that PyTorch calls so is recurrent, a cell included."""
    kind = BY_TORCH_NAME.get(torch)
    return kind is not None and kind.family == "recurrent"


def are_recurrent(torch: str, keras: str) -> bool:
    """Return whether two layers are of one kind, and recurrent."""
    return is_recurrent(torch) and of_layers(torch, keras) is not None


def read_as(torch: Layer, keras: Layer) -> tuple[Layer, Layer]:
    """Return two layers, one that the user wrote as what its twin is.

    See `by_hand.read_as`.
    """
    return by_hand.read_as(torch, keras, KINDS)


def rows(kinds: tuple[str, str], torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """Return which array of two layers is which.

    Args:
        kinds: names of the class in PyTorch and in Keras, of one kind of KINDS, or
            both of the user.
        torch: what the layer holds, by name; only names and shapes are looked at.
        keras: the same for Keras's layer.

    Raises:
        KeyError: if KINDS has no kind with arrays for both.
    """
    if own(kinds):
        return tuple(copied(*names) for names in alike(torch, keras))
    kind = of_layers(*kinds)
    if kind is None or kind.rows is None:
        raise KeyError(kinds)
    written = by_hand.rows_of_writing(kind, torch, keras)
    if written is not None:
        return written
    return tuple(by_hand.with_one_bias(row, torch) for row in kind.rows(torch, keras))


def usual_arrays(layer: Layer) -> Iterator[Arrays]:
    """Yield the arrays that a layer by hand has as a cell of PyTorch, of each kind."""
    return by_hand.usual_arrays(layer, KINDS)


def as_usual(layer: Layer) -> Layer:
    """Return a layer by hand, read as a cell, with the arrays of PyTorch's cell."""
    kind = BY_TORCH_NAME.get(layer.kind)
    return layer if kind is None else by_hand.as_usual(layer, kind)


def unlike_pytorch(name: str, value_of: Callable[[Option], Value]) -> list[str]:
    """Return the settings of a layer of Keras that PyTorch's layer cannot have.

    Args:
        name: Keras's class, a cell by the name of its layer.
        value_of: takes a setting and returns its value in this layer.

    Returns:
        Such as ["activation=elu"].
    """
    kind = of_keras_class(name)
    unlike: list[str] = []
    for option in kind.options if kind is not None else ():
        if option.refused and value_of(option) not in option.in_pytorch:
            unlike.append(f"{option.keras}={value_of(option)}")
    return unlike


def unlike_keras(name: str, layer: object) -> list[str]:
    """Return the settings of a layer of PyTorch that Keras's layer cannot have.

    Args:
        name: PyTorch's class.
        layer: alive.

    Returns:
        Such as ["add_zero_attn=True"].
    """
    kind = BY_TORCH_NAME.get(name)
    unlike: list[str] = []
    for option in kind.options if kind is not None else ():
        if option.refused and not option.keras:
            value = option.of_layer("torch", layer)
            if value != option.keras_default:
                unlike.append(f"{option.torch}={value}")
    return unlike


def call(
    name: str,
    arrays: Arrays,
    x: np.ndarray,
    lengths: np.ndarray | None = None,
    options: Options | None = None,
) -> Call:
    """Return a layer at work.

    Args:
        name: what PyTorch calls it.
        arrays: by PyTorch's names, in its layout.
        x: its input, features last.
        lengths: (batch,), or None where every step counts.
        options: its settings, as `options_of` reads them.
    """
    kind = BY_TORCH_NAME.get(name)
    compute = _unknown if kind is None else kind.compute
    return Call(of_layer(name), compute, arrays, x, lengths, options or {})


def of_layer(name: str) -> str:
    """Return the kind of the layer that a cell is of; any other kind as it is."""
    kind = BY_TORCH_NAME.get(name)
    return name if kind is None or kind.cell is None else kind.name


def _unknown(arrays: Arrays, x: np.ndarray, options: Options) -> None:
    """Compute nothing: what a layer of a kind that is not in KINDS does is unknown."""


def options_of(side: Side, name: str, layer: object) -> Options:
    """Read the settings of a layer of either framework; none of an unknown kind.

    Args:
        side: whose layer it is.
        name: what PyTorch calls it, or its twin.
        layer: alive, without a wrapper.
    """
    kind = BY_TORCH_NAME.get(name)
    return {} if kind is None else kind.options_of(side, layer)


def written_as(layer: Layer, arrays: Arrays) -> Arrays:
    """Return arrays of a cell of PyTorch in the way in which a layer by hand has them.

    Args:
        layer: read as a cell, with its own arrays.
        arrays: those of the cell, `weight_ih` and so on.
    """
    return by_hand.written_as(layer, BY_TORCH_NAME[layer.kind], arrays)
