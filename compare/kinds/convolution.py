"""Convolution over time, over height and width, or over depth, height and width.

A depthwise convolution of Keras is in PyTorch one with as many groups as inputs.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from compare.kinds import convolution_arrays, convolution_source
from compare.kinds.any_arrays import ANOTHER_LAYER, INITIAL, ROUNDED
from compare.kinds.convolution_examples import IN_TORCH, SHAPES, Variant, examples
from compare.kinds.convolution_options import (
    depthwise_inputs,
    depthwise_outputs,
    dilation,
    padding_in_words,
    stride,
    window,
)
from compare.kinds.dense import ACTIVATION, BIAS
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Call, Computation, Effect, Mistake
from compare.kinds.option import REQUIRED, Option, Options, as_sizes
from compare.kinds.windows import around, padding_in_keras, reaches, windows

# What NumPy calls the ways in which PyTorch pads.
MODES: dict[str, Literal["reflect", "edge", "wrap", "symmetric"]] = {
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
    "symmetric": "symmetric",  # which no layer has, and Keras's `ops.pad` has
}
FILLING = "what is padded with"  # a setting


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Convolve x with the weight, which is not flipped (a cross-correlation).

        y[t] = b + sum over k of W[k] x[stride t + dilation k]

    t and k have a number for each axis of the window.

    Args:
        arrays: W `weight` (outputs, features of a group, *window), b `bias` (outputs,)
            or none.
        x: (batch, *spatial, features).
        options: stride, dilation, padding; what is padded with, usually zeros. How many
            groups there are, the weight says. The activation is not computed.

    Returns:
        (batch, *windows, outputs).

    Raises:
        ValueError: if the padding is in no word that is known.

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 9.1, equations
        9.4 and 9.6; groups, Krizhevsky et al. 2012, section 3.5.
    """
    weight = np.asarray(arrays["weight"], "float64")
    sizes = weight.shape[2:]
    once = (1,) * len(sizes)
    strides, dilations = options.get("stride", once), options.get("dilation", once)
    groups = x.shape[-1] // weight.shape[1]
    edges = around(
        options.get("padding", "valid"),
        x.shape[1:-1],
        reaches(sizes, dilations),
        strides,
    )
    patches = windows(padded(x, edges, options), sizes, strides, dilations)
    count = len(sizes)  # of axes
    inside = [*range(1 + count, 1 + 2 * count), -1]  # of a window, and the features
    outputs = [
        np.tensordot(patch, kernel, (inside, [*range(2, 2 + count), 1]))
        for patch, kernel in zip(
            np.split(patches, groups, axis=-1), np.split(weight, groups), strict=True
        )
    ]
    return np.concatenate(outputs, axis=-1) + arrays.get("bias", 0)


def padded(
    x: np.ndarray, edges: tuple[tuple[int, int], ...], options: Options
) -> np.ndarray:
    """The input with what is put around it, (batch, *spatial, features), in float64."""
    filling = options.get(FILLING, "zeros")
    numbers = np.asarray(x, "float64")
    if filling == "zeros":
        return np.pad(numbers, ((0, 0), *edges, (0, 0)))
    if filling not in MODES:
        raise ValueError(f"padding expects zeros or {', '.join(MODES)}")
    return np.pad(numbers, ((0, 0), *edges, (0, 0)), mode=MODES[filling])


def _interleaved(call: Call) -> np.ndarray | None:
    """Let each group read every n-th feature; None where there is one group."""
    features = call.x.shape[-1]
    groups = features // call.arrays["weight"].shape[1]
    if groups in (0, 1, features):
        return None
    order = np.arange(features).reshape(-1, groups).T.ravel()  # feature at each place
    result: np.ndarray = call.run(x=call.x[..., order])
    return result


def _computed(call: Call) -> np.ndarray | None:
    result: np.ndarray | None = call.run()
    return result


GROUPS_INTERLEAVED = Mistake(
    "groups of a convolution of every n-th feature",
    "each group of the convolution reads every n-th feature, not features that are "
    "neighbours",
    "reorder the features before the layer, or its input kernel's outputs",
    "reorder the features before the layer, or its input kernel's outputs",
    Computation(_interleaved, _computed),
)


def convolution(axes: int) -> Kind:
    """Make the kind of a convolution over so many axes, 1 to 3."""
    keras = [f"Conv{axes}D"]
    of_depthwise: tuple[Mistake[Effect], ...] = ()
    if axes < 3:
        keras.append(f"DepthwiseConv{axes}D")
        of_depthwise = (convolution_arrays.MULTIPLIER_FIRST,)
    return Kind(
        name=f"Conv{axes}d",
        torch=(f"Conv{axes}d",),
        keras=tuple(keras),
        family="convolution",
        compute=compute,
        rows=convolution_arrays.rows,
        options=_options(axes),
        same_in_words=padding_in_words,
        mistakes=(
            ANOTHER_LAYER,
            *convolution_arrays.mistakes(axes),
            *of_depthwise,
            GROUPS_INTERLEAVED,
            *ROUNDED,
            INITIAL,
        ),
        features_first=True,
        files=convolution_arrays.files(axes),
        sources=convolution_source.sources(axes),
        examples=_examples(axes),
    )


def _options(axes: int) -> tuple[Option, ...]:
    """The settings of a convolution over so many axes."""
    in_keras = f"ZeroPadding{axes}D before the layer"
    instead = f"steps on either side in Keras: {in_keras}"
    if axes == 1:
        instead = (
            "causal in PyTorch: F.pad(x, ((steps - 1) * dilation, 0)) before the "
            f"layer; {instead}"
        )
    return (
        Option(
            "size",
            "out_channels",
            "filters",
            REQUIRED,
            REQUIRED,
            without_attribute=depthwise_outputs,
            sample=(8, 8),
        ),
        window(axes),
        stride(axes),
        dilation(axes),
        Option(
            "groups",
            "groups",
            "groups",
            1,
            1,
            without_attribute=depthwise_inputs,
            sample=(2, 2),
        ),
        Option(
            "padding",
            "padding",
            "padding",
            0,
            "valid",
            read=as_sizes(axes),
            in_keras=padding_in_keras,
            in_pytorch=("valid", "same"),
            instead=instead,
            sample=("same", "same"),
        ),
        Option(
            FILLING,
            "padding_mode",
            "",
            "zeros",
            "zeros",
            instead='pad before the layer, with padding="valid": keras.ops.pad for '
            '"reflect", keras.ops.take of the steps for "circular" and "replicate"',
            sample=("circular", None),
        ),
        BIAS,
        ACTIVATION,
    )


def _examples(axes: int) -> tuple[Example, ...]:
    """Small layers over so many axes."""
    variants: tuple[Variant, ...] = (
        ("", {}, {}),
        ("without bias", {"bias": False}, {"use_bias": False}),
        ("in groups", {"groups": 2}, {"groups": 2}),
        ("as many outputs as inputs", {"out_channels": 4}, {"filters": 4}),
        ("dilated", {"dilation": 2}, {"dilation_rate": 2}),
        ("in strides", {"stride": 2}, {"strides": 2}),
        (
            "padded, of an even window",
            {"padding": "same", "kernel_size": 4},
            {"padding": "same", "kernel_size": 4},
        ),
    )
    plain = examples(axes, f"Conv{axes}d", f"Conv{axes}D", variants)
    if axes == 3:
        return plain
    depthwise = Example(
        f"Conv{axes}d",
        {**IN_TORCH, "out_channels": 12, "groups": 4},
        f"DepthwiseConv{axes}D",
        {"kernel_size": 3, "depth_multiplier": 3},
        "depthwise",
        SHAPES[axes],
    )
    return (*plain, depthwise)


CONVOLUTIONS = tuple(map(convolution, (1, 2, 3)))
