"""Gated recurrent unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compare.kinds import functions, recurrent, recurrent_source, running
from compare.kinds import recurrent_arrays as arrays
from compare.kinds import recurrent_computations as computations
from compare.kinds.any_arrays import ANOTHER_LAYER, INITIAL, ROUNDED
from compare.kinds.computing import Cell
from compare.kinds.gates import wrong_orders
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Computation, Mistake
from compare.kinds.option import Option, Options
from compare.kinds.recurrent_computations import computes
from compare.kinds.rows import Row, summed

GATES = "rzn"


def step(
    p: Arrays, x: np.ndarray, h: np.ndarray, options: Options
) -> tuple[np.ndarray, ...]:
    """One step; gates are stacked r, z, n.

        r = sigmoid(W_r x + b_r + U_r h + b'_r)       the reset gate
        z = sigmoid(W_z x + b_z + U_z h + b'_z)       the update gate
        n =    tanh(W_n x + b_n + r * (U_n h + b'_n))   the candidate
        h = (1 - z) * n + z * h

    The reset gate acts on the product, as in PyTorch and in Keras's `reset_after=True`;
    in the paper, and with `reset_after=False`, it acts on h before it.

    Args:
        p: W `weight_ih` (3 hidden_size, features), U `weight_hh` (3 hidden_size,
            hidden_size), b `bias_ih` and b' `bias_hh` (3 hidden_size,) or neither.
        x: (batch, features).
        h: (batch, hidden_size).
        options: `recurrent_activation` in place of the sigmoid, `activation` in place
            of the tanh, each by name or as a function; `reset_after`.

    Returns:
        The next h, as a tuple of one.

    Source: Cho et al. 2014, arXiv:1406.1078.
    """
    gate = functions.called(options.get("recurrent_activation", "sigmoid"))
    activation = functions.called(options.get("activation", "tanh"))
    r, z, x_n, h_n = sums(p, x, h).values()
    r, z = gate(r), gate(z)
    if options.get("reset_after", True):
        n = activation(x_n + r * h_n)
    else:
        _, of_reset = running.products(p, x, r * h)
        n = activation(x_n + of_reset[:, -r.shape[1] :])
    return ((1 - z) * n + z * h,)


def sums(p: Arrays, x: np.ndarray, h: np.ndarray) -> dict[str, np.ndarray]:
    """What the gates of one step are functions of, (batch, hidden_size) each.

    The candidate has two sums, between which the reset gate acts: n is W_n x + b_n, and
    n' is U_n h + b'_n.
    """
    from_x, from_h = running.products(p, x, h)  # (batch, 3 hidden_size)
    x_r, x_z, x_n = np.split(from_x, 3, axis=1)
    h_r, h_z, h_n = np.split(from_h, 3, axis=1)
    return {"r": x_r + h_r, "z": x_z + h_z, "n": x_n, "n'": h_n}


CELL = Cell(GATES, 1, step, sums)


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> dict[str, np.ndarray]:
    """Run the layer over x, (batch, time, features); see `running.run`."""
    return running.run(CELL, arrays, x, options)


# Gates are stacked r, z, n in PyTorch and z, r, h in Keras.
# https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
# https://keras.io/api/layers/recurrent_layers/gru/
def rows(suffix: str, prefix: str) -> tuple[Row, ...]:
    """The rows of one layer and direction."""
    return (
        _kernel(f"weight_ih{suffix}", f"{prefix}kernel"),
        _kernel(f"weight_hh{suffix}", f"{prefix}recurrent_kernel"),
        _biases(f"bias_ih{suffix}", f"bias_hh{suffix}", f"{prefix}bias"),
    )


def rows_with_one_bias(suffix: str, prefix: str) -> tuple[Row, ...]:
    """The rows where Keras's reset gate acts before the product, `reset_after=False`.

    There is one bias then, (3 * units,); the two of a cell by hand are added.
    """
    kernel, recurrent_kernel, _ = rows(suffix, prefix)
    bias = _summed_biases(f"bias_ih{suffix}", f"bias_hh{suffix}", f"{prefix}bias")
    return kernel, recurrent_kernel, bias


def rows_of_layers(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """The rows of all parts of two layers; only names and shapes are looked at.

    In a stack, each layer of Keras has one bias or two.
    """

    def of_part(suffix: str, prefix: str) -> tuple[Row, ...]:
        bias = keras.get(f"{prefix}bias")
        if bias is not None and len(bias.shape) == 1:
            return rows_with_one_bias(suffix, prefix)
        return rows(suffix, prefix)

    return recurrent.of_all_parts(of_part)(torch, keras)


def _kernel(torch: str, keras: str) -> Row:
    """PyTorch computes x W^T, Keras x W, and the gates are in another order."""

    def to_keras(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        return (_reordered(weight).T,)

    def to_torch(kernel: np.ndarray) -> tuple[np.ndarray, ...]:
        return (_reordered(kernel, axis=1).T,)

    return Row((torch,), (keras,), to_keras, to_torch)


def _biases(bias_ih: str, bias_hh: str, keras: str) -> Row:
    """Keras keeps both biases in one array, (2, 3 * units), if `reset_after`."""

    def to_keras(b_ih: np.ndarray, b_hh: np.ndarray) -> tuple[np.ndarray, ...]:
        return (np.stack([_reordered(b_ih), _reordered(b_hh)]),)

    def to_torch(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(_reordered(row) for row in bias)

    return Row((bias_ih, bias_hh), (keras,), to_keras, to_torch)


def _summed_biases(bias_ih: str, bias_hh: str, keras: str) -> Row:
    """As `rows.summed`, the gates in the other order."""
    summed_row = summed(bias_ih, bias_hh, keras)

    def to_keras(b_ih: np.ndarray, b_hh: np.ndarray) -> tuple[np.ndarray, ...]:
        (bias,) = summed_row.to_keras(b_ih, b_hh)
        return (_reordered(bias),)

    def to_torch(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return summed_row.to_torch(_reordered(bias))

    def gradients(gradient: np.ndarray) -> tuple[np.ndarray, ...]:
        return _reordered(gradient), _reordered(gradient)

    return replace(
        summed_row, to_keras=to_keras, to_torch=to_torch, gradients=gradients
    )


def _reordered(array: np.ndarray, axis: int = 0) -> np.ndarray:
    """Gates r, z, n become z, r, h, and back, along an axis."""
    blocks = np.array_split(array, 3, axis)
    return np.concatenate([blocks[place] for place in (1, 0, 2)], axis)


def _biases_swapped(arrays: Arrays) -> Arrays | None:
    """Put bias_ih and bias_hh in each other's place."""
    result = dict(arrays)
    for name in arrays:
        if name.startswith("bias_ih"):
            partner = name.replace("bias_ih", "bias_hh")
            result[name], result[partner] = arrays[partner], arrays[name]
    return result if any("bias" in name for name in arrays) else None


BIASES = (
    Mistake(
        "GRU biases summed into one",
        "both biases were added and stand in the one, the other is zero",
        "bias_ih = bias[0], bias_hh = bias[1], in the order r, z, n",
        "bias = stack([bias_ih, bias_hh]), in the order z, r, h",
        ArraysOfLayer(arrays.biases_summed),
    ),
    Mistake(
        "GRU biases swapped",
        "bias_ih and bias_hh are in each other's place",
        "bias_ih = bias[0], bias_hh = bias[1], in the order r, z, n",
        "bias = stack([bias_ih, bias_hh]), in the order z, r, h",
        ArraysOfLayer(_biases_swapped),
    ),
)
RESET_BEFORE = Mistake(
    "reset gate before the product",
    "the reset gate acts on the state before the matrix product, not after it",
    "write the cell by hand: nn.GRU has the gate after the product",
    "reset_after=True",
    Computation(computes(reset_after=False)),
    meant={
        "torch": "write the cell by hand: nn.GRU has the gate after the product",
        "keras": "reset_after=False",
    },
)

GRU = Kind(
    name="GRU",
    torch=("GRU", "GRUCell"),
    keras=("GRU",),
    family="recurrent",
    compute=compute,
    rows=rows_of_layers,
    options=(
        *recurrent.GATED_ACTIVATIONS,
        Option(
            "reset_after",
            "",
            "reset_after",
            True,
            True,
            in_pytorch=(True,),
            refused=True,
            instead=recurrent.BY_HAND,
            instead_in_torch=recurrent.IN_PYTORCH,
            sample=(None, False),
        ),
        *recurrent.OPTIONS,
    ),
    mistakes=(
        *wrong_orders("GRU", GATES, "z, r, h", "thirds", [(1, 0, 2)]),
        arrays.INPUT_KERNEL_RESHAPED,
        arrays.RECURRENT_KERNEL_RESHAPED,
        arrays.gates_reshaped("GRU", 3),
        *arrays.recurrent_kernel("GRU", 3),
        *arrays.KERNELS,
        *arrays.BIASES,
        arrays.SECOND_BIAS_LEFT,
        *BIASES,
        *arrays.DIRECTIONS_AND_LAYERS,
        ANOTHER_LAYER,
        *ROUNDED,
        INITIAL,
        *computations.OTHER_GATES,
        *computations.NO_TANH,
        RESET_BEFORE,
        *computations.SEQUENCES,
        *computations.STATES_AND_PADDING,
        computations.NOT_CARRIED,
    ),
    cell=CELL,
    files=(recurrent.IN_FILES,),
    sources={"GRU": recurrent_source.SOURCE},
    examples=recurrent.examples("GRU", "GRU"),
)
