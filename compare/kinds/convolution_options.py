"""The settings that all convolutions have: windows, and how they move."""

from __future__ import annotations

from typing import Any

import numpy as np

from compare.kinds.option import REQUIRED, Option, Options, Value, as_sizes
from compare.kinds.windows import around, reaches

BOTH = (
    "Keras has no layer with both strides and a dilation: give it strides=1, and take "
    "every n-th window of what it returns, y[:, ::n]"
)


def _in_keras(axes: int, value: int) -> Value:
    """What Keras declares as a default: a number of one axis, or a tuple."""
    return value if axes == 1 else (value,) * axes


def window(axes: int) -> Option:
    """The number of steps in a window, of each axis."""
    return Option(
        "window",
        "kernel_size",
        "kernel_size",
        REQUIRED,
        REQUIRED,
        read=as_sizes(axes),
        sample=(2, 2),
    )


def stride(axes: int) -> Option:
    """The steps from one window to the next, of each axis."""
    return _step("stride", "strides", axes)


def dilation(axes: int) -> Option:
    """The steps from one step of a window to the next, of each axis."""
    return _step("dilation", "dilation_rate", axes)


def _step(name: str, in_keras: str, axes: int) -> Option:
    """An option that counts steps along each axis, 1 if nothing is said."""
    return Option(
        name,
        name,
        in_keras,
        1,
        _in_keras(axes, 1),
        read=as_sizes(axes),
        instead=BOTH,
        sample=(2, 2),
    )


def depthwise_inputs(layer: Any) -> Value:
    """Read how many groups a depthwise layer of Keras is, one for each input."""
    kernel = getattr(layer, "kernel", None)
    return 1 if kernel is None else int(kernel.shape[-2])


def depthwise_outputs(layer: Any) -> Value:
    """Read how many outputs a depthwise layer of Keras has."""
    return depthwise_inputs(layer) * layer.depth_multiplier


def padding_in_words(torch: Options, keras: Options, x: np.ndarray) -> Options:
    """Write PyTorch's padding by Keras's word, where that comes to the same.

    Args:
        torch: settings of PyTorch's layer.
        keras: settings of Keras's layer.
        x: what PyTorch's layer is given, (batch, *spatial, features).
    """
    word = keras.get("padding")
    if not isinstance(word, str) or x.ndim < 3:
        return torch
    sizes = x.shape[1:-1]
    reach = reaches(torch["window"], torch["dilation"])
    zeros = around(torch["padding"], sizes, reach, torch["stride"])
    if zeros == around(word, sizes, reach, torch["stride"]):
        return {**torch, "padding": word}
    return torch
