"""Convolution along time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compare.kinds.any_arrays import ANOTHER_LAYER, INITIAL, ROUNDED
from compare.kinds.changes import ArrayChange, change_each
from compare.kinds.dense import ACTIVATION, BIAS
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Mistake
from compare.kinds.option import REQUIRED, Option, Options, Value, as_tuple
from compare.kinds.rows import copied, in_any_layer, transposed
from compare.kinds.windows import padding_in_keras, steps_around, windows

IN_TORCH = {"in_channels": 4, "out_channels": 6, "kernel_size": 3}
IN_KERAS = {"filters": 6, "kernel_size": 3}


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Convolve x with the weight, which is not flipped (a cross-correlation).

        y[t] = b + sum over k of W[k] x[stride t + dilation k]

    Args:
        arrays: W `weight` (outputs, features of a group, steps), b `bias` (outputs,)
            or none.
        x: (batch, time, features).
        options: stride, dilation, groups, padding. The activation is not computed.

    Returns:
        (batch, windows, outputs).

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 9.1, equation
        9.6; groups, Krizhevsky et al. 2012, section 3.5.
    """
    weight = np.asarray(arrays["weight"], "float64")
    (stride,), (dilation,) = options.get("stride", (1,)), options.get("dilation", (1,))
    groups = options.get("groups", 1)
    reach = dilation * (weight.shape[2] - 1) + 1
    around = steps_around(options.get("padding", "valid"), x.shape[1], reach, stride)
    padded = np.pad(np.asarray(x, "float64"), ((0, 0), around, (0, 0)))
    patches = windows(padded, weight.shape[2:], (stride,), (dilation,))
    outputs = [
        np.einsum("btki,oik->bto", group, kernel)
        for group, kernel in zip(
            np.split(patches, groups, axis=3), np.split(weight, groups), strict=True
        )
    ]
    return np.concatenate(outputs, axis=2) + arrays.get("bias", 0)


def _other_numbers(change: ArrayChange) -> ArrayChange:
    """A change of a kernel; None where it leaves the numbers as they are."""

    def changed(array: np.ndarray) -> np.ndarray | None:
        result = change(array)
        if result is None or np.array_equal(result, array):
            return None
        return result

    return changed


def _kernel_read(array: np.ndarray) -> np.ndarray:
    """Read the numbers of Keras's kernel into the shape of PyTorch's weight."""
    return np.ascontiguousarray(array.T).reshape(array.shape)


def _weight_read(array: np.ndarray) -> np.ndarray:
    """Read the numbers of PyTorch's weight into the shape of Keras's kernel."""
    return np.ascontiguousarray(array).reshape(array.T.shape).T


def _steps_reversed(array: np.ndarray) -> np.ndarray:
    """Put the last step of each window first."""
    return array[:, :, ::-1]


KERNELS = (
    Mistake(
        "convolution kernel read without transposing",
        "the convolution kernel's numbers were copied in the other framework's memory "
        "order",
        "weight = kernel.transpose(2, 1, 0), not a reshape",
        "kernel = weight.transpose(2, 1, 0), not a reshape",
        ArraysOfLayer(
            change_each(_other_numbers(_kernel_read), "weight"),
            in_keras=change_each(_other_numbers(_weight_read), "weight"),
        ),
    ),
    Mistake(
        "convolution kernel reversed in time",
        "the steps of the convolution kernel come in reverse order",
        "do not flip weight along its last axis",
        "do not flip kernel along its first axis",
        ArraysOfLayer(change_each(_other_numbers(_steps_reversed), "weight")),
    ),
)


def _example(
    name: str = "",
    torch: Mapping[str, Value] | None = None,
    keras: Mapping[str, Value] | None = None,
) -> Example:
    in_torch, in_keras = {**IN_TORCH, **(torch or {})}, {**IN_KERAS, **(keras or {})}
    return Example("Conv1d", in_torch, "Conv1D", in_keras, name)


CONV1D = Kind(
    name="Conv1d",
    torch=("Conv1d",),
    keras=("Conv1D",),
    family="convolution",
    compute=compute,
    rows=in_any_layer(transposed("weight", "kernel"), copied("bias", "bias")),
    options=(
        Option("size", "out_channels", "filters", REQUIRED, REQUIRED, sample=(8, 8)),
        Option(
            "window",
            "kernel_size",
            "kernel_size",
            REQUIRED,
            REQUIRED,
            read=as_tuple,
            sample=(2, 2),
        ),
        Option("stride", "stride", "strides", 1, 1, read=as_tuple, sample=(2, 2)),
        Option(
            "dilation", "dilation", "dilation_rate", 1, 1, read=as_tuple, sample=(2, 2)
        ),
        Option("groups", "groups", "groups", 1, 1, sample=(2, 2)),
        Option(
            "padding",
            "padding",
            "padding",
            0,
            "valid",
            in_keras=padding_in_keras,
            in_pytorch=("valid", "same"),
            instead="causal in PyTorch: F.pad(x, ((steps - 1) * dilation, 0)) before "
            "the layer; steps on either side in Keras: ZeroPadding1D before the layer",
            sample=("same", "same"),
        ),
        Option(
            "what is padded with",
            "padding_mode",
            "",
            "zeros",
            "zeros",
            instead="pad with keras.ops.pad before the layer",
            sample=("circular", None),
        ),
        BIAS,
        ACTIVATION,
    ),
    mistakes=(ANOTHER_LAYER, *KERNELS, *ROUNDED, INITIAL),
    features_first=True,
    files=(
        Axes({"weight": 3, "bias": 1}, {"kernel": 3, "bias": 1}),
        Axes({"weight": 3}, {"kernel": 3}),
    ),
    examples=(
        _example(),
        _example("without bias", {"bias": False}, {"use_bias": False}),
        _example("in groups", {"groups": 2}, {"groups": 2}),
        _example("dilated", {"dilation": 2}, {"dilation_rate": 2}),
        _example("in strides", {"stride": 2}, {"strides": 2}),
        _example(
            "padded, of an even window",
            {"padding": "same", "kernel_size": 4},
            {"padding": "same", "kernel_size": 4},
        ),
    ),
)
