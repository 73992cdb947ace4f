"""Transposed convolution: each step of the input spreads over a window of the output.

Keras counts what it cuts off by a word, PyTorch by a number for both sides.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from compare.kinds import convolution_arrays, transposed_source
from compare.kinds.any_arrays import ANOTHER_LAYER, INITIAL, ROUNDED
from compare.kinds.convolution_examples import Variant, examples
from compare.kinds.convolution_options import dilation, stride, window
from compare.kinds.dense import ACTIVATION, BIAS
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options, Value, as_sizes
from compare.kinds.windows import Around, reaches

NAME = "transposed convolution"
CUT = (
    "same in PyTorch: padding=(window - stride) // 2, and cut one more step off the "
    "end of each axis where window - stride is odd; numbers in Keras: "
    'padding="valid", and Cropping after the layer'
)


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Spread each step of x over a window of the output, and add up where they meet.

        y[stride t + dilation k - before] += W[k]^T x[t],    y += b

    t and k have a number for each axis of the window; what lies before the first step
    or after the last is cut off, and steps that no window reaches are zero, before the
    bias.

    Args:
        arrays: W `weight` (features, outputs of a group, *window), b `bias` (outputs,)
            or none.
        x: (batch, *spatial, features).
        options: stride, dilation; groups, usually 1; padding and output padding, which
            say what is cut off. The activation is not computed.

    Returns:
        (batch, *steps, outputs).

    Source: Dumoulin & Visin 2016, arXiv:1603.07285, chapter 4; Zeiler et al. 2010,
        Deconvolutional networks, section 3.
    """
    weight = np.asarray(arrays["weight"], "float64")
    x = np.asarray(x, "float64")
    sizes = weight.shape[2:]
    once = (1,) * len(sizes)
    strides, dilations = options.get("stride", once), options.get("dilation", once)
    groups = options.get("groups", 1)
    whole = _whole(x.shape[1:-1], reaches(sizes, dilations), strides)
    outputs = []
    for channels, kernel in zip(
        np.split(x, groups, axis=-1), np.split(weight, groups), strict=True
    ):
        spread = np.zeros((len(x), *whole, kernel.shape[1]))
        for place in product(*map(range, sizes)):
            steps = tuple(
                slice(step * apart, step * apart + (size - 1) * far + 1, far)
                for step, apart, size, far in zip(
                    place, dilations, x.shape[1:-1], strides, strict=True
                )
            )
            at_place = np.moveaxis(kernel, (0, 1), (-2, -1))[place]
            spread[(slice(None), *steps)] += channels @ at_place
        outputs.append(spread)
    y = _cut(np.concatenate(outputs, axis=-1), cut(options, x.shape[1:-1], sizes))
    return y + arrays.get("bias", 0)


def _whole(
    sizes: tuple[int, ...], reach: tuple[int, ...], strides: tuple[int, ...]
) -> list[int]:
    """The steps of the output before anything is cut off."""
    axes = zip(sizes, reach, strides, strict=True)
    return [(size - 1) * stride + far for size, far, stride in axes]


def _cut(y: np.ndarray, ends: Around) -> np.ndarray:
    """Cut steps off before and after each axis; those below zero are zeros added."""
    added = [(max(-before, 0), max(-after, 0)) for before, after in ends]
    y = np.pad(y, ((0, 0), *added, (0, 0)))
    for axis, (before, after) in enumerate(ends, start=1):
        places = np.arange(max(before, 0), y.shape[axis] - max(after, 0))
        y = y.take(places, axis)
    return y


def cut(options: Options, sizes: tuple[int, ...], window: tuple[int, ...]) -> Around:
    """Return how many steps are cut off the output, before and after each axis.

    Below zero, they are added.

    Args:
        options: of the layer.
        sizes: steps of each axis of the input.
        window: of each axis.
    """
    once = (1,) * len(sizes)
    strides, dilations = options.get("stride", once), options.get("dilation", once)
    padding = options.get("padding", (0,) * len(sizes))
    extra = options.get("output padding")
    ends = []
    for axis, reach in enumerate(reaches(window, dilations)):
        size, step = sizes[axis], strides[axis]
        more = None if extra is None else extra[axis]
        if not isinstance(padding, str):  # PyTorch's numbers
            ends.append((padding[axis], padding[axis] - (more or 0)))
            continue
        whole = (size - 1) * step + reach
        length = _length(padding, size, reach, step, more)
        before = max(whole - length, 0) // 2 if padding == "same" else 0
        ends.append((before, whole - length - before))
    return tuple(ends)


def _length(padding: str, size: int, reach: int, stride: int, extra: int | None) -> int:
    """The steps that Keras's layer returns along one axis.

    Raises:
        ValueError: if the padding is neither of its words.
    """
    if padding not in ("valid", "same"):
        raise ValueError(f"padding expects valid or same, got {padding}")
    if padding == "same":
        if extra is None:
            return size * stride
        return (size - 1) * stride + reach % 2 + extra
    if extra is None:
        extra = max(stride - reach, 0)
    return (size - 1) * stride + reach + extra


def cut_in_words(torch: Options, keras: Options, x: np.ndarray) -> Options:
    """Write what PyTorch's layer cuts off as Keras does, where it comes to the same.

    Args:
        torch: settings of PyTorch's layer.
        keras: settings of Keras's layer.
        x: what PyTorch's layer is given, (batch, *spatial, features).
    """
    names = "padding", "output padding"
    as_keras = {**torch, **{name: keras.get(name) for name in names}}
    sizes, window = x.shape[1:-1], torch["window"]
    if cut(torch, sizes, window) == cut(as_keras, sizes, window):
        return as_keras
    return torch


def nothing_as_none(extra: Value) -> Value:
    """Write PyTorch's output padding of zero as nothing, as Keras says it."""
    return extra if any(extra) else None


def transposed_convolution(axes: int) -> Kind:
    """Make the kind of a transposed convolution over so many axes, 1 to 3."""
    return Kind(
        name=f"ConvTranspose{axes}d",
        torch=(f"ConvTranspose{axes}d",),
        keras=(f"Conv{axes}DTranspose",),
        family="transposed convolution",
        compute=compute,
        rows=convolution_arrays.rows,
        options=_options(axes),
        same_in_words=cut_in_words,
        mistakes=(
            ANOTHER_LAYER,
            *convolution_arrays.mistakes(axes, NAME),
            *ROUNDED,
            INITIAL,
        ),
        features_first=True,
        files=convolution_arrays.files(axes),
        sources={f"Conv{axes}DTranspose": transposed_source.SOURCE},
        examples=_examples(axes),
    )


def _options(axes: int) -> tuple[Option, ...]:
    """The settings of a transposed convolution over so many axes."""
    return (
        Option("size", "out_channels", "filters", REQUIRED, REQUIRED, sample=(8, 8)),
        window(axes),
        stride(axes),
        dilation(axes),
        Option(
            "groups",
            "groups",
            "",
            1,
            1,
            instead="a Conv Transpose of Keras for each group, of ops.split(x, groups, "
            "axis=-1), and ops.concatenate",
            sample=(2, None),
        ),
        Option(
            "padding",
            "padding",
            "padding",
            0,
            "valid",
            read=as_sizes(axes),
            in_pytorch=("valid",),
            keras_has=("valid", "same"),
            instead=CUT,
            sample=(1, "same"),
        ),
        Option(
            "output padding",
            "output_padding",
            "output_padding",
            0,
            None,
            read=as_sizes(axes),
            in_keras=nothing_as_none,
            sample=(1, 1),
        ),
        BIAS,
        ACTIVATION,
    )


def _examples(axes: int) -> tuple[Example, ...]:
    """Small layers over so many axes."""
    variants: tuple[Variant, ...] = (
        ("", {}, {}),
        ("without bias", {"bias": False}, {"use_bias": False}),
        ("as many outputs as inputs", {"out_channels": 4}, {"filters": 4}),
        ("in strides", {"stride": 2}, {"strides": 2}),
        (
            "padded",
            {"stride": 2, "padding": 1, "kernel_size": 4},
            {"strides": 2, "padding": "same", "kernel_size": 4},
        ),
        (
            "with output padding",
            {"stride": 3, "output_padding": 1},
            {"strides": 3, "output_padding": 1},
        ),
    )
    keras = f"Conv{axes}DTranspose"
    return examples(axes, f"ConvTranspose{axes}d", keras, variants)


TRANSPOSED_CONVOLUTIONS = tuple(map(transposed_convolution, (1, 2, 3)))
