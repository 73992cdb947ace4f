"""Weights from one framework's model into its twin of the other.

One table per layer kind says which arrays hold the same numbers and how each side
writes them. Layers are paired by attribute name (`self.lstm` with `self.lstm`) and
arrays by the table alone; every array on either side is used exactly once, nothing is
reshaped, and nothing is written before everything fits. Arrays pass through NumPy, and
rules are found by class name, so this module loads neither framework.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from compare.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Layer:
    """The arrays of one layer by name, and the name of the layer's class."""

    kind: str
    arrays: Arrays


@dataclass(frozen=True)
class Row:
    """Arrays of one layer kind that hold the same numbers in both frameworks.

    `to_keras` takes the PyTorch arrays and returns the Keras arrays, both in the order
    of the names here; `to_torch` goes the other way. `gradients` takes gradients with
    respect to the Keras arrays and returns those with respect to the PyTorch arrays, by
    the chain rule through `to_keras`; where that only moves numbers it is `to_torch`.
    """

    torch: tuple[str, ...]
    keras: tuple[str, ...]
    to_keras: Callable[..., tuple[np.ndarray, ...]]
    to_torch: Callable[..., tuple[np.ndarray, ...]]
    gradients: Callable[..., tuple[np.ndarray, ...]] | None = None


@dataclass(frozen=True)
class Move:
    """What went where: full names such as `lstm.bias`."""

    source: tuple[str, ...]
    target: tuple[str, ...]


@dataclass(frozen=True)
class Sum:
    """Two arrays of a PyTorch layer whose sum is one array of its Keras twin."""

    layer: str
    torch: tuple[str, ...]
    keras: str


def _transposed(torch: str, keras: str) -> Row:
    """PyTorch computes x W^T, Keras x W."""
    return Row((torch,), (keras,), lambda w: (w.T,), lambda w: (w.T,))


def _copied(torch: str, keras: str) -> Row:
    return Row((torch,), (keras,), lambda b: (b,), lambda b: (b,))


def _summed(first: str, second: str, keras: str) -> Row:
    """PyTorch adds two biases where Keras has one.

    Their sum is taken in float64, so that rounding it to float32 does not pass for a
    difference; on the way back the second bias is zero. Each of the two has the
    gradient of the sum, so an optimiser moves the sum twice as fast.
    """

    def to_torch(bias):
        zeros = bias.copy()
        zeros.fill(0)
        return bias, zeros

    return Row(
        (first, second),
        (keras,),
        lambda b_ih, b_hh: (b_ih.astype("float64") + b_hh,),
        to_torch,
        lambda gradient: (gradient, gradient),
    )


def _gru_order(array: np.ndarray) -> np.ndarray:
    """Gates r, z, n become z, r, h, and back, along the first axis."""
    size = len(array) // 3
    order = [*range(size, 2 * size), *range(size), *range(2 * size, len(array))]
    return array[order]


def _gru_kernel(torch: str, keras: str) -> Row:
    return Row(
        (torch,),
        (keras,),
        lambda w: (_gru_order(w).T,),
        lambda w: (_gru_order(w.T),),
    )


def _gru_biases(first: str, second: str, keras: str) -> Row:
    """Keras keeps both biases in one array, (2, 3 * units), if `reset_after`."""

    def to_keras(b_ih, b_hh):
        import numpy as np  # not needed before there are arrays

        return (np.stack([_gru_order(b_ih), _gru_order(b_hh)]),)

    return Row((first, second), (keras,), to_keras, lambda b: tuple(map(_gru_order, b)))


# Gates are stacked i, f, g, o in both frameworks' LSTM; in a GRU they are r, z, n in
# PyTorch and z, r, h in Keras.
# https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html (and GRU.html)
# https://keras.io/api/layers/recurrent_layers/lstm/ and gru/
def _lstm(torch: str, keras: str) -> tuple[Row, ...]:
    return (
        _transposed(f"weight_ih{torch}", f"{keras}kernel"),
        _transposed(f"weight_hh{torch}", f"{keras}recurrent_kernel"),
        _summed(f"bias_ih{torch}", f"bias_hh{torch}", f"{keras}bias"),
    )


def _projected_lstm(torch: str, keras: str) -> tuple[Row, ...]:
    projection = _transposed(f"weight_hr{torch}", f"{keras}projection")
    return (*_lstm(torch, keras), projection)


def _gru(torch: str, keras: str) -> tuple[Row, ...]:
    return (
        _gru_kernel(f"weight_ih{torch}", f"{keras}kernel"),
        _gru_kernel(f"weight_hh{torch}", f"{keras}recurrent_kernel"),
        _gru_biases(f"bias_ih{torch}", f"bias_hh{torch}", f"{keras}bias"),
    )


DENSE = (_transposed("weight", "kernel"), _copied("bias", "bias"))

# By class name, (PyTorch, Keras). A recurrent rule makes the rows of one layer and
# direction from the suffix of PyTorch's names and the prefix of Keras's.
RECURRENT = {
    ("LSTM", "LSTM"): _lstm,
    ("LSTM", "ProjectedLSTM"): _projected_lstm,
    ("GRU", "GRU"): _gru,
    ("RNN", "SimpleRNN"): _lstm,  # one gate; the arrays are the same
    ("RNN(relu)", "SimpleRNN(relu)"): _lstm,
}
RULES = {("Linear", "Dense"): DENSE, **RECURRENT}


def _rows(kinds, torch: Iterable[str], keras: Iterable[str]) -> list[Row]:
    """The table for two layers with arrays of these names.

    PyTorch names a recurrent layer's arrays `..._l1_reverse`: layer 1, backward. Keras
    has a layer for each, here named `1.backward.`; the number is left out where there
    is one layer, the direction where there is one.
    """
    if kinds not in RECURRENT:
        return list(RULES[kinds])
    stacked = any(name[0].isdigit() for name in keras)
    two_ways = any("forward." in name for name in keras)
    found = (re.search(r"_l(\d+)(_reverse)?$", name) for name in torch)
    suffixes = dict.fromkeys(match[0] for match in found if match)
    rows = []
    for suffix in suffixes:
        number, reverse = re.match(r"_l(\d+)(_reverse)?", suffix).groups()
        prefix = f"{number}." if stacked else ""
        if two_ways:
            prefix += "backward." if reverse else "forward."
        rows += RECURRENT[kinds](suffix, prefix)
    return rows


def transfer(source: Any, target: Any) -> list[Move]:
    """Copy the weights of a live model into its twin of the other framework.

    The target takes them in its own precision: PyTorch's two LSTM biases are added in
    float64 and rounded once where the target is float32.

    Args:
        source: a `torch.nn.Module`, or a Keras model that has its weights (was built).
        target: its twin, of the other framework; changed in place.

    Returns:
        What went where, one entry per row of the layer's table, in the source's order.

    Raises:
        BadInput: if the two are not of one framework each, or if a layer, an array or a
            shape has no counterpart. The message names what is left over on both sides,
            and the target is as it was.
    """
    names = _framework(source), _framework(target)
    if set(names) != {"torch", "keras"}:
        raise BadInput(
            "transfer expects one PyTorch and one Keras model, got "
            f"{type(source).__name__} ({names[0] or 'neither'}) and "
            f"{type(target).__name__} ({names[1] or 'neither'})"
        )
    side = {
        "torch": import_module("compare.in_pytorch"),
        "keras": import_module("compare.in_keras"),
    }
    have, want = (
        side[n].layers(m) for n, m in zip(names, (source, target), strict=True)
    )
    arrays, moves = rewrite(have, want, f"to_{names[1]}")
    side[names[1]].load(target, arrays)
    return moves


def rewrite(
    source: Mapping[str, Layer], target: Mapping[str, Layer], direction: str
) -> tuple[dict[str, Arrays], list[Move]]:
    """The source's arrays as the target writes them.

    Args:
        source: layers of the one model, by attribute name.
        target: layers of the other; their arrays give names and shapes.
        direction: "to_keras", "to_torch", or "gradients" for arrays of Keras that are
            gradients, to PyTorch.

    Returns:
        Arrays by layer and name, of the target's shapes; and what went where.

    Raises:
        BadInput: as `transfer`.
    """
    _nothing_left("layers", set(source) - set(target), set(target) - set(source))
    arrays, moves = {}, []
    for name, layer in source.items():
        arrays[name], moved = _rewrite_layer(name, layer, target[name], direction)
        moves += moved
    return arrays, moves


def sums(torch: Mapping[str, Layer], keras: Mapping[str, Layer]) -> list[Sum]:
    """Where PyTorch has two arrays and adds them, in the layers of twins."""
    return [
        Sum(name, row.torch, row.keras[0])
        for name, layer in torch.items()
        for row in _rows(
            (layer.kind, keras[name].kind), layer.arrays, keras[name].arrays
        )
        if row.gradients and set(row.torch) <= set(layer.arrays)
    ]


def _rewrite_layer(name, source, target, direction):
    torch, keras = (source, target) if direction == "to_keras" else (target, source)
    kinds = torch.kind, keras.kind
    if "=" in keras.kind:
        raise BadInput(
            f"{name}: expected a layer that PyTorch has too, got Keras {keras.kind}, "
            f"which its {torch.kind} lacks; use Keras's default there (a Dense's "
            "activation as a layer of its own), or write the cell by hand in PyTorch"
        )
    if kinds not in RULES:
        known = ", ".join(f"{t} and {k}" for t, k in RULES)
        raise BadInput(
            f"{name}: expected a pair of layers with a transfer rule ({known}), got "
            f"PyTorch {torch.kind} and Keras {keras.kind}"
        )
    left, arrays, moves = dict(source.arrays), {}, []
    for row in _rows(kinds, torch.arrays, keras.arrays):
        if direction == "to_keras":
            inputs, outputs, change = row.torch, row.keras, row.to_keras
        else:
            inputs, outputs, change = row.keras, row.torch, row.to_torch
            if direction == "gradients":
                change = row.gradients or row.to_torch
        free = set(target.arrays) - set(arrays)
        if set(inputs) <= set(left) and set(outputs) <= free:
            made = change(*(left.pop(array) for array in inputs))
            arrays.update(zip(outputs, made, strict=True))
            moves.append(Move(_full(name, inputs), _full(name, outputs)))
    _nothing_left(f"arrays of {name}", set(left), set(target.arrays) - set(arrays))
    for array, values in arrays.items():
        expected = tuple(target.arrays[array].shape)
        if values.shape != expected:
            raise BadInput(
                f"{name}.{array}: expected shape {expected}, got {values.shape} from "
                "the source; build both twins with the same sizes"
            )
    return arrays, moves


def _full(layer, arrays):
    return tuple(f"{layer}.{array}" for array in arrays)


def _nothing_left(what, source, target):
    if source or target:
        raise BadInput(
            f"{what}: expected a counterpart for each, got none for "
            f"{_names(source)} of the source and {_names(target)} of the target"
        )


def _names(names):
    return ", ".join(sorted(names)) or "nothing"


def _framework(model):
    """Either "torch", "keras" or "", from where the classes of `model` were defined."""
    homes = [cls.__module__.split(".")[0] for cls in type(model).__mro__]
    return next((home for home in homes if home in ("torch", "keras")), "")
