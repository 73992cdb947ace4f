"""Simple recurrent network, with a tanh or with a relu.

The two are kinds of their own: PyTorch's layer has no other nonlinearity, and the
mistakes that can be made are not the same.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compare.kinds import functions, recurrent, recurrent_source, running
from compare.kinds import recurrent_arrays as arrays
from compare.kinds import recurrent_computations as computations
from compare.kinds.any_arrays import ANOTHER_LAYER, INITIAL, ROUNDED
from compare.kinds.computing import Cell
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Computation, Effect, Mistake
from compare.kinds.option import Option, Options
from compare.kinds.recurrent_computations import computes
from compare.kinds.rows import Row, summed, transposed

GATES = "h"  # the only one


def step(
    p: Arrays, x: np.ndarray, h: np.ndarray, options: Options
) -> tuple[np.ndarray, ...]:
    """One step: h = tanh(W x + b + U h + b').

    Args:
        p: W `weight_ih` (hidden_size, features), U `weight_hh` (hidden_size,
            hidden_size), b `bias_ih` and b' `bias_hh` (hidden_size,) or neither.
        x: (batch, features).
        h: (batch, hidden_size).
        options: `activation` in place of the tanh, by name or as a function.

    Returns:
        The next h, as a tuple of one.

    Source: Elman 1990, doi:10.1207/s15516709cog1402_1.
    """
    activation = functions.called(options.get("activation", "tanh"))
    return (activation(sums(p, x, h)["h"]),)


def sums(p: Arrays, x: np.ndarray, h: np.ndarray) -> dict[str, np.ndarray]:
    """What the next h is a function of, (batch, hidden_size), by the name "h"."""
    return running.sums(GATES, p, x, h)


CELL = Cell(GATES, 1, step, sums)


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> dict[str, np.ndarray]:
    """Run the layer over x, (batch, time, features); see `running.run`."""
    return running.run(CELL, arrays, x, options)


def compute_relu(
    arrays: Arrays, x: np.ndarray, options: Options
) -> dict[str, np.ndarray]:
    """Run the layer with a relu, unless another activation is asked for."""
    return running.run(CELL, arrays, x, {"activation": "relu", **options})


# https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
# https://keras.io/api/layers/recurrent_layers/simple_rnn/
def rows(suffix: str, prefix: str) -> tuple[Row, ...]:
    """The rows of one layer and direction."""
    return (
        transposed(f"weight_ih{suffix}", f"{prefix}kernel"),
        transposed(f"weight_hh{suffix}", f"{prefix}recurrent_kernel"),
        summed(f"bias_ih{suffix}", f"bias_hh{suffix}", f"{prefix}bias"),
    )


OPTIONS = (
    Option(
        "activation",
        "nonlinearity",
        "activation",
        "tanh",
        "tanh",
        in_pytorch=("tanh", "relu"),
        refused=True,
        instead=recurrent.BY_HAND,
        instead_in_torch=recurrent.IN_PYTORCH,
        sample=("relu", "relu"),
    ),
    *recurrent.OPTIONS,
)


def _mistakes(
    kind: str, in_activation: tuple[Mistake[Computation], ...]
) -> tuple[Mistake[Effect], ...]:
    """The mistakes of a kind, with those in its activation."""
    return (
        arrays.INPUT_KERNEL_RESHAPED,
        *arrays.recurrent_kernel(kind, 1),
        *arrays.KERNELS,
        *arrays.BIASES,
        arrays.SECOND_BIAS_LEFT,
        *arrays.DIRECTIONS_AND_LAYERS,
        ANOTHER_LAYER,
        *ROUNDED,
        arrays.ROUNDED_AND_SUMMED,
        INITIAL,
        *in_activation,
        *computations.SEQUENCES,
        *computations.STATES_AND_PADDING,
        computations.NOT_CARRIED,
    )


NO_RELU = Mistake(
    "tanh for relu",
    "the layer's activation is tanh in place of relu",
    'nonlinearity="relu"',
    'activation="relu"',
    Computation(computes(activation="tanh")),
    meant={"torch": 'nonlinearity="tanh"', "keras": 'activation="tanh"'},
)

RNN = Kind(
    name="RNN",
    torch=("RNN", "RNNCell"),
    keras=("SimpleRNN",),
    family="recurrent",
    compute=compute,
    rows=recurrent.of_all_parts(rows),
    options=OPTIONS,
    mistakes=_mistakes("RNN", computations.NO_TANH),
    cell=CELL,
    files=(recurrent.IN_FILES,),
    sources={"SimpleRNN": recurrent_source.SOURCE},
    examples=recurrent.examples("RNN", "SimpleRNN"),
)

RELU_RNN = replace(
    RNN,
    name="RNN(relu)",
    torch=("RNN(relu)", "RNNCell(relu)"),
    keras=("SimpleRNN(relu)",),
    compute=compute_relu,
    mistakes=_mistakes("RNN(relu)", (NO_RELU,)),
    examples=recurrent.examples(
        "RNN", "SimpleRNN", {"nonlinearity": "relu"}, {"activation": "relu"}
    ),
)
