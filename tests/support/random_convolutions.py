"""Convolutions of random networks, in both frameworks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from random_layers import (
    ACTIVATIONS,
    KL,
    Kind,
    Options,
    numbers,
    only_in_keras,
    with_bias,
)
from random_parts import Drawn
from torch import nn
from torch.nn import functional as F

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
KERAS_CONVOLUTIONS = {1: KL.Conv1D, 2: KL.Conv2D, 3: KL.Conv3D}


def draw_convolution(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    strides, dilation = d.one_of((1, 1), (1, 1), (2, 1), (1, 2))
    groups = d.one_of(1, 1, 2) if channels % 2 == 0 else 1
    padding = d.one_of("valid", "same", "ahead")
    if padding == "ahead" and rank > 2:
        padding = "same"
    return {
        "units": d.one_of(4, 6, 8),
        "kernel": tuple(d.one_of(1, 2, 3) for _ in range(rank)),
        "strides": strides,
        "dilation": dilation,
        "groups": groups,
        "padding": padding,
        "bias": d.one_of(True, True, False),
        "activation": d.one_of(None, None, "relu", "tanh", "silu"),
    }


def convolution(o: Options) -> dict[str, nn.Module]:
    layer = CONVOLUTIONS[o.rank](
        o.channels,
        o.units,
        o.kernel,
        stride=o.strides,
        dilation=o.dilation,
        groups=o.groups,
        bias=o.bias,
        padding=1 if o.padding == "ahead" else 0,
    )
    return {"layer": layer}


def padded_as_same(o: Options, x: torch.Tensor) -> torch.Tensor:
    """Pads as "same" does; `F.pad` begins with the last axis."""
    widths = []
    for size, kernel in zip(x.shape[:1:-1], o.kernel[::-1], strict=True):
        extent = (kernel - 1) * o.dilation + 1
        total = max((-(-size // o.strides) - 1) * o.strides + extent - size, 0)
        widths += [total // 2, total - total // 2]
    return F.pad(x, widths)


def convolve(m: Any, o: Options, x: torch.Tensor) -> torch.Tensor:
    if o.padding == "same":
        x = padded_as_same(o, x)
    return ACTIVATIONS[o.activation](m["layer"](x))


def convolution_in_keras(o: Options) -> dict[str, Any]:
    layers = {}
    if o.padding == "ahead":
        pad = {1: KL.ZeroPadding1D, 2: KL.ZeroPadding2D}[o.rank]
        layers["pad"] = pad(1)
    layers["layer"] = KERAS_CONVOLUTIONS[o.rank](
        o.units,
        o.kernel,
        strides=o.strides,
        dilation_rate=o.dilation,
        groups=o.groups,
        use_bias=o.bias,
        padding="same" if o.padding == "same" else "valid",
        activation=o.activation,
    )
    return layers


def convolve_in_keras(layers: dict[str, Any], o: Options, x: Any) -> Any:
    if "pad" in layers:
        x = layers["pad"](x)
    return layers["layer"](x)


def kernel_last(weight: torch.Tensor) -> np.ndarray:
    """(out, in, ...) as Keras has it, (..., in, out)."""
    return np.moveaxis(numbers(weight), (1, 0), (-2, -1))


def convolution_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    return {"layer": with_bias(kernel_last(m["layer"].weight), m["layer"])}


def other_convolutions(o: Options) -> dict[str, Any]:
    others: dict[str, Any] = {
        "activation": None if o.activation else "relu",
        "bias": not o.bias,
    }
    if o.dilation == 1:
        others["strides"] = 3 - o.strides
    if o.strides == 1:
        others["dilation"] = 3 - o.dilation
    if o.padding != "ahead":
        others["padding"] = "valid" if o.padding == "same" else "same"
    return others


def draw_depthwise(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    return {
        "units": channels,
        "kernel": (d.one_of(2, 3),) * rank,
        "strides": d.one_of(1, 1, 2),
        "dilation": 1,
        "padding": d.one_of("valid", "same"),
        "bias": d.one_of(True, False),
        "activation": None,
    }


def depthwise(o: Options) -> dict[str, nn.Module]:
    layer = CONVOLUTIONS[o.rank](
        o.channels, o.channels, o.kernel, o.strides, groups=o.channels, bias=o.bias
    )
    return {"layer": layer}


def depthwise_in_keras(o: Options) -> dict[str, Any]:
    kind = {1: KL.DepthwiseConv1D, 2: KL.DepthwiseConv2D}[o.rank]
    return {
        "layer": kind(
            o.kernel if o.rank == 2 else o.kernel[0],
            strides=o.strides,
            padding=o.padding,
            use_bias=o.bias,
        )
    }


def depthwise_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    kernel = np.moveaxis(numbers(m["layer"].weight), (0, 1), (-2, -1))
    return {"layer": with_bias(kernel, m["layer"])}


def separable(o: Options) -> dict[str, nn.Module]:
    return {
        "depthwise": CONVOLUTIONS[o.rank](
            o.channels, o.channels, o.kernel, groups=o.channels, bias=False
        ),
        "pointwise": CONVOLUTIONS[o.rank](o.channels, o.units, 1, bias=o.bias),
    }


def separate(m: Any, o: Options, x: torch.Tensor) -> torch.Tensor:
    if o.padding == "same":
        x = padded_as_same(o, x)
    return ACTIVATIONS[o.activation](m["pointwise"](m["depthwise"](x)))


def separable_in_keras(o: Options) -> dict[str, Any]:
    kind = {1: KL.SeparableConv1D, 2: KL.SeparableConv2D}[o.rank]
    return {
        "layer": kind(
            o.units,
            o.kernel if o.rank == 2 else o.kernel[0],
            padding=o.padding,
            use_bias=o.bias,
            activation=o.activation,
        )
    }


def separable_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    first = np.moveaxis(numbers(m["depthwise"].weight), (0, 1), (-2, -1))
    second = with_bias(kernel_last(m["pointwise"].weight), m["pointwise"])
    return {"layer": [first, *second]}


def draw_separable(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    drawn = draw_convolution(d, channels, rank)
    padding = d.one_of("valid", "same")
    kernel = (d.one_of(2, 3),) * rank
    return drawn | {"strides": 1, "dilation": 1, "padding": padding, "kernel": kernel}


TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
KERAS_TRANSPOSED = {
    1: KL.Conv1DTranspose,
    2: KL.Conv2DTranspose,
    3: KL.Conv3DTranspose,
}


def draw_transposed(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    kernel, strides, padding = d.one_of(
        (2, 2, "valid"), (3, 2, "valid"), (4, 2, "same"), (3, 1, "same"), (3, 2, "same")
    )
    return {
        "units": d.one_of(4, 6),
        "kernel": kernel,
        "strides": strides,
        "padding": padding,
        "bias": d.one_of(True, False),
    }


def transposed(o: Options) -> dict[str, nn.Module]:
    padding = (o.kernel - o.strides) // 2 if o.padding == "same" else 0
    return {
        "layer": TRANSPOSED[o.rank](
            o.channels, o.units, o.kernel, o.strides, padding, bias=o.bias
        )
    }


def transpose(m: Any, o: Options, x: torch.Tensor) -> torch.Tensor:
    y = m["layer"](x)
    if o.padding == "same" and (o.kernel - o.strides) % 2:  # Keras pads the end more
        y = y[(..., *[slice(None, -1)] * o.rank)]
    return y


def transposed_in_keras(o: Options) -> dict[str, Any]:
    layer = KERAS_TRANSPOSED[o.rank](
        o.units, o.kernel, strides=o.strides, padding=o.padding, use_bias=o.bias
    )
    return {"layer": layer}


def transposed_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    kernel = np.moveaxis(numbers(m["layer"].weight), (0, 1), (-1, -2))
    return {"layer": with_bias(kernel, m["layer"])}


CONVOLVED = {
    "convolution": Kind(
        "second",
        draw_convolution,
        convolution,
        convolve,
        convolution_in_keras,
        convolve_in_keras,
        convolution_arrays,
        other_convolutions,
    ),
    "depthwise": Kind(
        "second",
        draw_depthwise,
        depthwise,
        convolve,
        depthwise_in_keras,
        only_in_keras,
        depthwise_arrays,
        lambda o: {
            "padding": "valid" if o.padding == "same" else "same",
            "strides": 3 - o.strides,
        },
    ),
    "separable": Kind(
        "second",
        draw_separable,
        separable,
        separate,
        separable_in_keras,
        only_in_keras,
        separable_arrays,
        lambda o: {
            "activation": None if o.activation else "relu",
            "padding": "valid" if o.padding == "same" else "same",
        },
    ),
    "transposed": Kind(
        "second",
        draw_transposed,
        transposed,
        transpose,
        transposed_in_keras,
        only_in_keras,
        transposed_arrays,
        lambda o: {"padding": "valid" if o.padding == "same" else "same"},
    ),
}
