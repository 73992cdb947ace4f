"""Convolutional long short-term memory, which PyTorch has none of.

Users write it with one convolution of x and h side by side, whose outputs are the gates
in the order i, f, o, g. Keras has a convolution of x and one of h, in the order i, f,
g, o. It stands in no list of kinds, since no layer of PyTorch is of it.
"""

from __future__ import annotations

import numpy as np

from compare.kinds import convolution, functions
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays, Layer
from compare.kinds.names import plain
from compare.kinds.option import Options
from compare.kinds.rows import Rewrite, Row

NAME = "ConvLSTM"
CONVOLUTIONS = ("Conv1d", "Conv2d", "Conv3d")
GATES = 4


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> dict[str, np.ndarray]:
    """Run the cell over x; what stands side by side is (features of x, size of h).

        i, f, o, g = W * [x, h] + b,    * a convolution that keeps the size
        c = sigmoid(f) c + sigmoid(i) tanh(g)
        h = sigmoid(o) tanh(c)

    Args:
        arrays: W `weight` (4 size, features + size, *window), b `bias` (4 size,) or
            none.
        x: (batch, time, *spatial, features).
        options: `recurrent_activation` in place of the sigmoid, `activation` in place
            of the tanh, each by name or as a function.

    Returns:
        "output" (batch, time, *spatial, size), "h_n" and "c_n" (1, batch, *spatial,
        size).

    Source: Shi et al. 2015, arXiv:1506.04214, equation 3, without peepholes.
    """
    gate = functions.called(options.get("recurrent_activation", "sigmoid"))
    activation = functions.called(options.get("activation", "tanh"))
    size = len(arrays["weight"]) // GATES
    h = c = np.zeros((len(x), *x.shape[2:-1], size))
    outputs = []
    for step in np.moveaxis(np.asarray(x, "float64"), 1, 0):
        both = np.concatenate([step, h], axis=-1)
        sums = convolution.compute(arrays, both, {"padding": "same"})
        i, f, o, g = np.split(sums, GATES, axis=-1)
        c = gate(f) * c + gate(i) * activation(g)
        h = gate(o) * activation(c)
        outputs.append(h)
    return {"output": np.stack(outputs, 1), "h_n": h[None], "c_n": c[None]}


def rows(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """Keras keeps the weights of x apart from those of h, and the inputs before."""
    features = keras["kernel"].shape[-2]
    made = [Row(("weight",), ("kernel", "recurrent_kernel"), _split(features), _joined)]
    if "bias" in torch and "bias" in keras:
        made.append(Row(("bias",), ("bias",), _bias, _bias))
    return tuple(made)


def _bias(array: np.ndarray) -> tuple[np.ndarray, ...]:
    return (_exchanged(array, 0),)


def _split(features: int) -> Rewrite:
    """The kernels of x and of h, (*window, inputs, 4 size) each."""

    def split(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        kernel = np.moveaxis(_exchanged(weight, 0), (0, 1), (-1, -2))
        return kernel[..., :features, :], kernel[..., features:, :]

    return split


def _joined(kernel: np.ndarray, recurrent: np.ndarray) -> tuple[np.ndarray, ...]:
    both = np.concatenate([kernel, recurrent], axis=-2)
    return (_exchanged(np.moveaxis(both, (-1, -2), (0, 1)), 0),)


def _exchanged(array: np.ndarray, axis: int) -> np.ndarray:
    """The gates i, f, o, g as i, f, g, o, or the other way."""
    i, f, o, g = np.split(array, GATES, axis)
    return np.concatenate([i, f, g, o], axis)


def is_convolution_of_all_gates(torch: Layer, keras: Layer) -> bool:
    """Whether a convolution of PyTorch may hold what a layer of Keras does.

    Args:
        torch: any layer.
        keras: what may be its twin.
    """
    if torch.kind not in CONVOLUTIONS or plain(keras.kind) != NAME:
        return False
    kernel, recurrent = keras.arrays["kernel"], keras.arrays["recurrent_kernel"]
    inputs = kernel.shape[-2] + recurrent.shape[-2]
    shape = (kernel.shape[-1], inputs, *kernel.shape[:-2])
    return tuple(torch.arrays["weight"].shape) == shape


def halves(layer: Layer) -> Arrays | None:
    """The weights of a convolution apart, those of x and of h; None of other layers."""
    if layer.kind not in (*CONVOLUTIONS, NAME) or "weight" not in layer.arrays:
        return None
    weight = layer.arrays["weight"]
    size = weight.shape[0] // GATES
    if weight.shape[0] % GATES or weight.shape[1] <= size:
        return None
    apart = {"weight_x": weight[:, :-size], "weight_h": weight[:, -size:]}
    if "bias" in layer.arrays:
        apart["bias"] = layer.arrays["bias"]
    return apart


CONV_LSTM = Kind(
    name=NAME, torch=(NAME,), keras=(NAME,), family="other", compute=compute, rows=rows
)
