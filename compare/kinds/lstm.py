"""Long short-term memory."""

from __future__ import annotations

import numpy as np

from compare.kinds import functions, recurrent, recurrent_source, running
from compare.kinds import recurrent_arrays as arrays
from compare.kinds import recurrent_computations as computations
from compare.kinds.any_arrays import ANOTHER_LAYER, INITIAL, ROUNDED
from compare.kinds.changes import ArraysChange, change_each
from compare.kinds.computing import Cell
from compare.kinds.gates import wrong_orders
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Call, Computation, Mistake
from compare.kinds.option import Option, Options
from compare.kinds.recurrent_computations import Returned, returned
from compare.kinds.rows import Row, summed, transposed

GATES = "ifgo"


def step(
    p: Arrays, x: np.ndarray, h: np.ndarray, c: np.ndarray, options: Options
) -> tuple[np.ndarray, ...]:
    """One step; gates are stacked i, f, g, o.

        i = sigmoid(W_i x + b_i + U_i h + b'_i)    what is let in
        f = sigmoid(W_f x + b_f + U_f h + b'_f)    what is kept
        g =    tanh(W_g x + b_g + U_g h + b'_g)    the candidate
        o = sigmoid(W_o x + b_o + U_o h + b'_o)    what is shown
        c = f * c + i * g
        h = o * tanh(c),  or  P (o * tanh(c)) where there is a projection P

    Args:
        p: W `weight_ih` (4 hidden_size, features), U `weight_hh` (4 hidden_size, size
            of h), b `bias_ih` and b' `bias_hh` (4 hidden_size,) or neither, and
            P `weight_hr` (size of h, hidden_size) or none.
        x: (batch, features).
        h: (batch, size of h), which is hidden_size where there is no projection.
        c: (batch, hidden_size).
        options: `recurrent_activation` in place of the sigmoid, `activation` in place
            of the tanh, each by name or as a function.

    Returns:
        The next h and c.

    Source: Hochreiter & Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735; forget gate,
        Gers et al. 2000, doi:10.1162/089976600300015015; projection, Sak et al. 2014,
        arXiv:1402.1128.
    """
    gate = functions.called(options.get("recurrent_activation", "sigmoid"))
    activation = functions.called(options.get("activation", "tanh"))
    i, f, g, o = sums(p, x, h).values()
    c = gate(f) * c + gate(i) * activation(g)
    return projected(p, gate(o) * activation(c)), c


def projected(p: Arrays, h: np.ndarray) -> np.ndarray:
    """Project what is shown of the cell state, where there is a projection.

    Args:
        p: `weight_hr` (size of h, hidden_size), or none.
        h: (batch, hidden_size).

    Returns:
        (batch, size of h).
    """
    if "weight_hr" not in p:
        return h
    result: np.ndarray = h @ p["weight_hr"].T
    return result


def sums(p: Arrays, x: np.ndarray, h: np.ndarray) -> dict[str, np.ndarray]:
    """What the gates of one step are functions of, (batch, hidden_size) each."""
    return running.sums(GATES, p, x, h)


CELL = Cell(GATES, 2, step, sums)


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> dict[str, np.ndarray]:
    """Run the layer over x, (batch, time, features); see `running.run`."""
    return running.run(CELL, arrays, x, options)


# Gates are stacked i, f, g, o in both frameworks.
# https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
# https://keras.io/api/layers/recurrent_layers/lstm/
def rows(suffix: str, prefix: str) -> tuple[Row, ...]:
    """The rows of one layer and direction.

    The projection is PyTorch's `proj_size`; in Keras it is in the suite's own cell,
    `keras_models.lstm_layer.ProjectedLSTMCell`.
    """
    return (
        transposed(f"weight_ih{suffix}", f"{prefix}kernel"),
        transposed(f"weight_hh{suffix}", f"{prefix}recurrent_kernel"),
        summed(f"bias_ih{suffix}", f"bias_hh{suffix}", f"{prefix}bias"),
        transposed(f"weight_hr{suffix}", f"{prefix}projection"),
    )


def _forget_bias(number: int) -> ArraysChange:
    """Add a number to the quarter of the forget gate."""

    def add(array: np.ndarray) -> np.ndarray:
        result = array.copy()
        size = len(array) // 4
        result[size : 2 * size] += number
        return result

    return change_each(add, "bias_ih")


def _cell_shown(call: Call) -> Returned | None:
    """The final cell state is in the place of the final hidden state."""
    right = returned(call)
    if "c_n" not in right:
        return None
    return {**right, "h_n": right["c_n"]}


FORGET_BIAS = (
    Mistake(
        "forget bias added again",
        "one was added to the bias of the forget gate, which had it already",
        "subtract 1 from the second quarter of bias_ih",
        "subtract 1 from the second quarter of bias (unit_forget_bias adds it once)",
        ArraysOfLayer(_forget_bias(1)),
    ),
    Mistake(
        "forget bias left out",
        "the bias of the forget gate lacks the one that was added to it",
        "add 1 to the second quarter of bias_ih",
        "add 1 to the second quarter of bias",
        ArraysOfLayer(_forget_bias(-1)),
    ),
)
CELL_STATE_SHOWN = Mistake(
    "cell state for hidden state",
    "the final cell state c is taken for the final hidden state h",
    "output, (h_n, c_n) = lstm(x): take h_n",
    "output, h, c = lstm(x) with return_state=True: take h",
    Computation(_cell_shown),
)

LSTM = Kind(
    name="LSTM",
    torch=("LSTM", "LSTMCell"),
    keras=("LSTM", "ProjectedLSTM"),
    family="recurrent",
    compute=compute,
    rows=recurrent.of_all_parts(rows),
    options=(
        *recurrent.GATED_ACTIVATIONS,
        *recurrent.OPTIONS,
        Option(
            "projection",
            "proj_size",
            "",
            0,
            0,
            instead="run the suite's ProjectedLSTMCell in a keras.layers.RNN",
            sample=(2, None),
        ),
    ),
    mistakes=(
        *wrong_orders(
            "LSTM", GATES, "i, f, c, o", "quarters", [(0, 1, 3, 2), (1, 0, 3, 2)]
        ),
        arrays.INPUT_KERNEL_RESHAPED,
        arrays.RECURRENT_KERNEL_RESHAPED,
        arrays.gates_reshaped("LSTM", 4),
        *arrays.recurrent_kernel("LSTM", 4),
        *arrays.KERNELS,
        *arrays.BIASES,
        *FORGET_BIAS,
        arrays.SECOND_BIAS_LEFT,
        *arrays.DIRECTIONS_AND_LAYERS,
        ANOTHER_LAYER,
        *ROUNDED,
        arrays.ROUNDED_AND_SUMMED,
        INITIAL,
        *computations.OTHER_GATES,
        *computations.NO_TANH,
        *computations.SEQUENCES,
        CELL_STATE_SHOWN,
        *computations.STATES_AND_PADDING,
        *computations.BETWEEN_STEPS,
    ),
    cell=CELL,
    files=(recurrent.IN_FILES,),
    sources={"LSTM": recurrent_source.SOURCE},
    examples=recurrent.examples("LSTM", "LSTM"),
)
