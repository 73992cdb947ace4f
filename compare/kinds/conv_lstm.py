"""Convolutional long short-term memory, which PyTorch has none of.

Users write it with a convolution of x and h side by side, or one of each, whose outputs
are the gates in the order i, f, o, g. Keras has a convolution of x and one of h, in the
order i, f, g, o. It stands in no list of kinds, since no layer of PyTorch is of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from compare.kinds import (
    convolution,
    functions,
    recurrent,
    recurrent_source,
    running,
)
from compare.kinds.computing import Cell
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import Options
from compare.kinds.recurrent_cells import CONV_LSTMS
from compare.kinds.rows import Row, summed
from compare.kinds.writings import CONVOLVED

NAME = "ConvLSTM"
CONVOLUTIONS = ("Conv1d", "Conv2d", "Conv3d")
GATES = CONVOLVED


def step(
    p: Arrays, x: np.ndarray, h: np.ndarray, c: np.ndarray, options: Options
) -> tuple[np.ndarray, ...]:
    """One step; gates are stacked i, f, o, g, and * is a convolution.

        i, f, o, g = W * x + b + U * h + b',    which keep the size
        c = sigmoid(f) c + sigmoid(i) tanh(g)
        h = sigmoid(o) tanh(c)

    Args:
        p: W `weight_ih` (4 size, features, *window), U `weight_hh` (4 size, size,
            *window), b `bias_ih` and b' `bias_hh` (4 size,) or neither.
        x: (batch, *spatial, features).
        h: (batch, *spatial, size).
        c: (batch, *spatial, size).
        options: `recurrent_activation` in place of the sigmoid, `activation` in place
            of the tanh, each by name or as a function; `dilation_ih` and
            `dilation_hh` of the windows over x and h, usually 1; `what is padded
            with`, usually zeros.

    Returns:
        The next h and c.

    Source: Shi et al. 2015, arXiv:1506.04214, equation 3, without peepholes.
    """
    gate = functions.called(options.get("recurrent_activation", "sigmoid"))
    activation = functions.called(options.get("activation", "tanh"))
    i, f, o, g = sums(p, x, h, options).values()
    c = gate(f) * c + gate(i) * activation(g)
    return gate(o) * activation(c), c


def sums(
    p: Arrays, x: np.ndarray, h: np.ndarray, options: Options | None = None
) -> dict[str, np.ndarray]:
    """What the gates of one step are functions of, (batch, *spatial, size) each."""
    of_x = _convolved(p, "ih", x, options or {})
    of_h = _convolved(p, "hh", h, options or {})
    by_gate = np.split(of_x + of_h, len(GATES), axis=-1)
    return dict(zip(GATES, by_gate, strict=True))


def _convolved(p: Arrays, ending: str, x: np.ndarray, options: Options) -> np.ndarray:
    """What the gates have of x or h, (batch, *spatial, 4 size)."""
    bias = p.get(f"bias_{ending}", np.zeros(1))
    arrays = {"weight": p[f"weight_{ending}"], "bias": bias}
    settings = {
        "padding": "same",
        "dilation": (options.get(f"dilation_{ending}", 1),) * (x.ndim - 2),
        "what is padded with": options.get("what is padded with", "zeros"),
    }
    return convolution.compute(arrays, x, settings)


CELL = Cell(GATES, 2, step, sums)


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> dict[str, np.ndarray]:
    """Run the layer over x, (batch, time, *spatial, features); see `running.run`."""
    return running.run(CELL, arrays, x, options)


def rows(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """Keras has the same kernels, the inputs before the outputs, and one bias."""
    kernels = ("weight_ih", "kernel"), ("weight_hh", "recurrent_kernel")
    row_list = [
        Row((name,), (keras_name,), _to_keras, _to_torch)
        for name, keras_name in kernels
    ]
    if "bias_ih" in torch and "bias" in keras:
        summed_row = summed("bias_ih", "bias_hh", "bias")
        row_list.append(
            replace(
                summed_row,
                to_keras=_added,
                to_torch=_with_zeros,
                gradients=_of_both,
            )
        )
    return tuple(row_list)


def _to_keras(weight: np.ndarray) -> tuple[np.ndarray, ...]:
    return (np.moveaxis(_exchanged(weight, 0), (0, 1), (-1, -2)),)


def _to_torch(kernel: np.ndarray) -> tuple[np.ndarray, ...]:
    return (_exchanged(np.moveaxis(kernel, (-1, -2), (0, 1)), 0),)


def _added(of_x: np.ndarray, of_h: np.ndarray) -> tuple[np.ndarray, ...]:
    return (_exchanged(of_x + of_h, 0),)


def _with_zeros(bias: np.ndarray) -> tuple[np.ndarray, ...]:
    return _exchanged(bias, 0), np.zeros_like(bias)


def _of_both(gradient: np.ndarray) -> tuple[np.ndarray, ...]:
    """Each of two biases has the gradient of their sum."""
    return _exchanged(gradient, 0), _exchanged(gradient, 0)


def _exchanged(array: np.ndarray, axis: int) -> np.ndarray:
    """The gates i, f, o, g as i, f, g, o, or the other way."""
    blocks = np.split(array, len(GATES), axis)
    return np.concatenate([blocks[place] for place in (0, 1, 3, 2)], axis)


CONV_LSTM = Kind(
    name=NAME,
    torch=(NAME, f"{NAME}Cell"),
    keras=(NAME,),
    family="recurrent",
    compute=compute,
    rows=rows,
    options=recurrent.GATED_ACTIVATIONS,
    cell=CELL,
    sources=dict.fromkeys(CONV_LSTMS, recurrent_source.SOURCE),
)
