"""One rule per layer kind: which arrays hold the same numbers, and in which order.

A rule is a table of rows. Rules are found by class name and work on NumPy arrays, so
this module loads neither framework.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.kinds.layer import Arrays
from compare.kinds.names import own

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]


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


def _transposed(torch: str, keras: str) -> Row:
    """PyTorch computes x W^T, Keras x W; all three axes of a convolution are reversed.

    A Conv1d's weight is (out, in, steps), a Conv1D's kernel (steps, in, out). Where
    there are groups, both count only the inputs of one.
    """
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


def _gru_order(array: np.ndarray, axis: int = 0) -> np.ndarray:
    """Gates r, z, n become z, r, h, and back, along an axis."""
    import numpy as np  # not needed before there are arrays

    first, second, third = np.array_split(array, 3, axis)
    return np.concatenate([second, first, third], axis)


def _gru_kernel(torch: str, keras: str) -> Row:
    return Row(
        (torch,),
        (keras,),
        lambda w: (_gru_order(w).T,),
        lambda w: (_gru_order(w, axis=1).T,),
    )


def _gru_biases(first: str, second: str, keras: str) -> Row:
    """Keras keeps both biases in one array, (2, 3 * units), if `reset_after`."""

    def to_keras(b_ih, b_hh):
        import numpy as np

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


def _prelu(torch: Arrays, keras: Arrays) -> tuple[Row]:
    """PyTorch has a slope for each channel, or one for all: (channels,) or (1,).

    Keras has one for each place behind the batch, and an axis that shares its slopes
    has size 1: (1, channels) for x of (batch, time, channels) with `shared_axes=[1]`.
    Only these axes of size 1 are added or left out. With slopes that differ from step
    to step the shapes do not fit.
    """
    before = sum(len(alpha.shape) - 1 for alpha in keras.values())

    def to_torch(alpha):
        shared = alpha.shape[:before] == (1,) * before
        return (alpha[(0,) * before] if shared else alpha,)

    return (Row(("weight",), ("alpha",), lambda w: (w[(None,) * before],), to_torch),)


DENSE = (_transposed("weight", "kernel"), _copied("bias", "bias"))
SCALED = (_copied("weight", "gamma"), _copied("bias", "beta"))
STATISTICS = (
    _copied("running_mean", "moving_mean"),
    _copied("running_var", "moving_variance"),
)

# By class name, (PyTorch, Keras). A recurrent rule makes the rows of one layer and
# direction from the suffix of PyTorch's names and the prefix of Keras's. In Keras a
# cell goes by the name of its layer.
RECURRENT = {
    ("LSTM", "LSTM"): _lstm,
    ("LSTM", "ProjectedLSTM"): _projected_lstm,
    ("GRU", "GRU"): _gru,
    ("RNN", "SimpleRNN"): _lstm,  # one gate; the arrays are the same
    ("RNN(relu)", "SimpleRNN(relu)"): _lstm,
    ("LSTMCell", "LSTM"): _lstm,
    ("GRUCell", "GRU"): _gru,
    ("RNNCell", "SimpleRNN"): _lstm,
    ("RNNCell(relu)", "SimpleRNN(relu)"): _lstm,
}
RULES = {
    ("Linear", "Dense"): DENSE,
    ("Conv1d", "Conv1D"): DENSE,
    ("Embedding", "Embedding"): (_copied("weight", "embeddings"),),
    ("BatchNorm1d", "BatchNormalization"): (*SCALED, *STATISTICS),
    ("LayerNorm", "LayerNormalization"): SCALED,
    ("PReLU", "PReLU"): _prelu,
    **RECURRENT,
}


def alike(torch: Arrays, keras: Arrays) -> list[tuple[str, str]]:
    """The arrays of two layers of the user's own, by name, or by shape if that tells.

    Returns:
        Names in PyTorch and in Keras; none where neither tells all of them.
    """
    shapes = [{n: tuple(a.shape) for n, a in each.items()} for each in (torch, keras)]
    if shapes[0] == shapes[1]:
        return [(name, name) for name in torch]
    names = [{shape: name for name, shape in each.items()} for each in shapes]
    if names[0].keys() != names[1].keys() or any(
        len(each) < len(arrays) for each, arrays in zip(names, shapes, strict=True)
    ):
        return []
    return [(name, names[1][shape]) for shape, name in names[0].items()]


def rows(kinds: tuple[str, str], torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """The table for two layers of kinds that are in RULES, or of the user's own.

    Args:
        kinds: (PyTorch's, Keras's).
        torch: what the layer holds, by name; only names and shapes are looked at. The
            arrays of a recurrent layer are named `..._l1_reverse`: layer 1, backward.
            The names of a cell say neither.
        keras: the same of Keras's, which has a layer for each, here named
            `1.backward.`; the number is left out where there is one layer, the
            direction where there is one.
    """
    if own(kinds):
        return tuple(_copied(*names) for names in alike(torch, keras))
    if kinds not in RECURRENT:
        rule = RULES[kinds]
        return rule(torch, keras) if callable(rule) else rule
    stacked = any(name[0].isdigit() for name in keras)
    two_ways = any("forward." in name for name in keras)
    found = []
    for suffix in dict.fromkeys(
        re.search(r"(_l\d+(_reverse)?)?$", n)[0] for n in torch
    ):
        number = re.search(r"\d+", suffix)
        prefix = f"{number[0] if number else 0}." if stacked else ""
        if two_ways:
            prefix += "backward." if suffix.endswith("_reverse") else "forward."
        found += RECURRENT[kinds](suffix, prefix)
    return tuple(found)
