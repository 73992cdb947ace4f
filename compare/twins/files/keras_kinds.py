"""What a layer in a file of Keras is: from its configuration, or from its arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from compare.kinds.layer import Layer
from compare.kinds.names import snake
from compare.twins.files import keras_config

if TYPE_CHECKING:
    import h5py

    # Data sets of a layer by the prefix of a part, such as "backward.", and by name;
    # where a file only numbers them, by number.
    Parts = Mapping[str, Mapping[str, h5py.Dataset]]

PLAIN = ("kernel", "bias")
CELL = ("kernel", "recurrent_kernel", "bias")
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
KERAS_BY_GATES = {4: "LSTM", 3: "GRU", 1: "SimpleRNN"}
# What a layer may be whose arrays have so many axes, likelier first; and their names.
KINDS_BY_AXES: dict[tuple[int, ...], dict[str, tuple[str, ...]]] = {
    (1,): {"PReLU": ("alpha",), "LayerNormalization": ("gamma",)},
    (2,): {"Dense": ("kernel",), "Embedding": ("embeddings",), "PReLU": ("alpha",)},
    (3,): {"Conv1D": ("kernel",), "PReLU": ("alpha",)},
    (1, 1): {"LayerNormalization": NORM[:2], "BatchNormalization": NORM[2:]},
    (2, 1): {"Dense": PLAIN},
    (3, 1): {"Conv1D": PLAIN},
    (1, 1, 1, 1): {"BatchNormalization": NORM},
}


def known(config: dict[str, Any], parts: Parts) -> Layer:
    """A layer that a configuration describes."""
    kind = keras_config.kind(config)
    recurrent = recurrent_kind(parts)
    if kind == "GRU" and recurrent:  # a configuration older than `reset_after`
        kind = recurrent
    names: Sequence[str] = CELL
    if not recurrent:
        names = _array_names(*keras_config.inside(config))
    return _named(kind, parts, names)


def _array_names(cls: str, config: dict[str, Any]) -> Sequence[str]:
    """The names of the arrays of a layer that is not recurrent, in the file's order."""
    if cls == "Embedding":
        return ("embeddings",)
    if cls == "PReLU":
        return ("alpha",)
    if cls not in ("LayerNormalization", "BatchNormalization"):
        return PLAIN
    gamma, beta, mean, variance = NORM
    names = []
    if config.get("scale", True):
        names.append(gamma)
    if config.get("center", True):
        names.append(beta)
    if cls == "BatchNormalization":
        names += [mean, variance]
    return names


def guessed(hints: Sequence[str], parts: Parts) -> list[Layer]:
    """What a layer may be that nothing describes, likelier first.

    Args:
        hints: names of the layer, which may tell its kind.
        parts: its arrays, whose axes do.
    """
    recurrent = recurrent_kind(parts)
    if recurrent:
        return [_named(recurrent, parts, CELL)]
    keys: list[str] = []
    axes: list[int] = []
    for arrays in parts.values():
        keys += arrays
        axes += [array.ndim for array in arrays.values()]
    options = {
        kind: names
        for kind, names in KINDS_BY_AXES.get(tuple(axes), {}).items()
        if tuple(keys) == names or keys[0].isdigit()
    }
    for hint in hints:
        hinted = {
            kind: names for kind, names in options.items() if _is_name_of(hint, kind)
        }
        options = hinted or options
    if not options:
        options = {f"layer of {len(keys)} arrays": tuple(keys)}
    return [_named(kind, parts, names) for kind, names in options.items()]


def _is_name_of(name: str, kind: str) -> bool:
    """Whether a name is what Keras calls a layer of a kind: dense_2 of Dense."""
    return re.fullmatch(rf"{snake(kind)}(_\d+)?", name) is not None


def _named(kind: str, parts: Parts, names: Sequence[str]) -> Layer:
    """A layer with its arrays by name, where the file only numbers them."""
    named = {}
    for prefix, arrays in parts.items():
        for number, (key, data) in enumerate(arrays.items()):
            if key.isdigit() and number < len(names):
                key = names[number]
            named[prefix + key] = data
    return Layer(kind, named)


def recurrent_kind(parts: Parts) -> str | None:
    """The kind of a recurrent layer with these arrays, or None."""
    kinds = {cell_kind(list(arrays.values())) for arrays in parts.values()}
    return kinds.pop() if len(kinds) == 1 else None


def cell_kind(arrays: Sequence[h5py.Dataset]) -> str | None:
    """The kind with a kernel (features, gates * units) and a recurrent one; or None."""
    if [array.ndim for array in arrays[:2]] != [2, 2]:
        return None
    kernel, recurrent_kernel, *biases = arrays
    units, width = recurrent_kernel.shape
    if kernel.shape[1] != width or not units:
        return None
    kind = KERAS_BY_GATES.get(width / units)
    if kind == "GRU" and [bias.ndim for bias in biases] == [1]:
        return "GRU(reset_after=False)"
    return kind
