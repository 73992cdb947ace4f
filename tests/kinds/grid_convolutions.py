"""Configurations of convolutions, see `support/grid.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from grid import Configuration, Impossible, Unsayable, Use

from compare.kinds.kind import Example

IN, OUT = 4, 6
# Even and odd numbers of steps: a stride meets the end of some and not of others.
SHAPES = {1: (3, 9, IN), 2: (2, 9, 8, IN), 3: (2, 5, 7, 6, IN)}
AXES = (1, 2, 3)


def in_words(value: Any) -> str:
    return str(value).replace(" ", "")


def convolution(
    axes: int,
    name: str,
    torch: Mapping[str, Any],
    keras: Mapping[str, Any],
    in_torch: Use | None = None,
    in_keras: Use | None = None,
    layer: str = "Conv{}D",
) -> Configuration:
    """A convolution over so many axes; what is not said is a window of 3."""
    in_keras_settings = {"filters": OUT, "kernel_size": 3, **keras}
    if layer.startswith("Depthwise"):
        del in_keras_settings["filters"]
        name = f"depthwise, {name}"
    example = Example(
        f"Conv{axes}d",
        {"in_channels": IN, "out_channels": OUT, "kernel_size": 3, **torch},
        layer.format(axes),
        in_keras_settings,
        name,
        SHAPES[axes],
    )
    return Configuration(f"Conv{axes}d", example, in_torch, in_keras)


def per_axis(axes: int, *numbers: int) -> int | tuple[int, ...]:
    """The first numbers, one for each axis; one number of one axis."""
    return numbers[0] if axes == 1 else numbers[:axes]


def windows(axes: int) -> list[Any]:
    """Windows of even, odd and unlike sizes."""
    sizes: list[Any] = [1, 2, 3, 4]
    if axes > 1:
        sizes += [per_axis(axes, 3, 2, 1), per_axis(axes, 1, 3, 2)]
    return sizes


# -------------------------------------------------------------- what both can be given


def unpadded() -> Iterator[Configuration]:
    for axes in AXES:
        strides = (1, 2, per_axis(axes, 3, 1, 2))
        for size, stride in product(windows(axes), strides):
            yield convolution(
                axes,
                f"window {in_words(size)}, stride {in_words(stride)}",
                {"kernel_size": size, "stride": stride},
                {"kernel_size": size, "strides": stride},
            )
        for size, rate in product((2, 3), (2, per_axis(axes, 1, 2, 1))):
            yield convolution(
                axes,
                f"window {size}, dilation {in_words(rate)}",
                {"kernel_size": size, "dilation": rate},
                {"kernel_size": size, "dilation_rate": rate},
            )
        yield convolution(axes, "without bias", {"bias": False}, {"use_bias": False})
        yield convolution(axes, "of one output", {"out_channels": 1}, {"filters": 1})


def padded_by_a_word() -> Iterator[Configuration]:
    """Keras adds an odd step at the end; so does PyTorch, which takes no stride."""
    for axes in AXES:
        for size, rate in product(windows(axes), (1, 2)):
            yield convolution(
                axes,
                f"same, window {in_words(size)}, dilation {rate}",
                {"kernel_size": size, "padding": "same", "dilation": rate},
                {"kernel_size": size, "padding": "same", "dilation_rate": rate},
            )


def padded_by_numbers() -> Iterator[Configuration]:
    """An odd window and no stride: Keras pads both sides alike."""
    for axes in AXES:
        for size, rate in ((3, 1), (5, 1), (3, 2)):
            around = rate * (size - 1) // 2
            yield convolution(
                axes,
                f"padding {around}, window {size}, dilation {rate}",
                {"kernel_size": size, "padding": around, "dilation": rate},
                {"kernel_size": size, "padding": "same", "dilation_rate": rate},
            )
        yield convolution(
            axes,
            "as many steps around as the word comes to",
            {
                "kernel_size": per_axis(axes, 3, 5, 1),
                "padding": per_axis(axes, 1, 2, 0),
            },
            {"kernel_size": per_axis(axes, 3, 5, 1), "padding": "same"},
        )
    yield convolution(
        1,
        "in strides, where the word comes to as many on both sides",
        {"padding": 1, "stride": 2},
        {"padding": "same", "strides": 2},
    )


def in_groups() -> Iterator[Configuration]:
    for axes in AXES:
        for groups, stride in ((2, 1), (2, 2), (IN, 1)):
            outputs = OUT if groups == 2 else 2 * IN
            yield convolution(
                axes,
                f"{groups} groups, stride {stride}",
                {"groups": groups, "stride": stride, "out_channels": outputs},
                {"groups": groups, "strides": stride, "filters": outputs},
            )


def depthwise() -> Iterator[Configuration]:
    for axes, multiplier in product((1, 2), (1, 2, 3)):
        for size, stride, rate in ((3, 1, 1), (2, 2, 1), (3, 1, 2), (1, 1, 1)):
            yield convolution(
                axes,
                f"multiplier {multiplier}, window {size}, stride {stride}, "
                f"dilation {rate}",
                {
                    "out_channels": IN * multiplier,
                    "groups": IN,
                    "kernel_size": size,
                    "stride": stride,
                    "dilation": rate,
                },
                {
                    "depth_multiplier": multiplier,
                    "kernel_size": size,
                    "strides": stride,
                    "dilation_rate": rate,
                },
                layer="DepthwiseConv{}D",
            )
        yield convolution(
            axes,
            f"multiplier {multiplier}, same, without bias",
            {
                "out_channels": IN * multiplier,
                "groups": IN,
                "padding": "same",
                "bias": False,
            },
            {"depth_multiplier": multiplier, "padding": "same", "use_bias": False},
            layer="DepthwiseConv{}D",
        )


# ------------------------------------------------------- what is written beside a layer


def zeros_in_torch(*numbers: int) -> Use:
    """Pad with zeros before the layer, as `F.pad` takes them: the last axis first."""

    def use(layer: Any, x: Any) -> Any:
        from torch.nn.functional import pad

        return layer(pad(x, numbers))

    return use


def padded_in_keras(mode: str, *edges: tuple[int, int]) -> Use:
    """Pad before the layer in some way."""

    def use(layer: Any, x: Any) -> Any:
        from keras import ops

        return layer(ops.pad(x, ((0, 0), *edges, (0, 0)), mode=mode))

    return use


def wrapped_in_keras(axes: int) -> Use:
    """Put the last step of each axis before it, and the first after it."""

    def use(layer: Any, x: Any) -> Any:
        from keras import ops

        for axis in range(1, axes + 1):
            first = ops.take(x, [0], axis)
            last = ops.take(x, [x.shape[axis] - 1], axis)
            x = ops.concatenate([last, x, first], axis)
        return layer(x)

    return use


def every_second_window(layer: Any, x: Any) -> Any:
    """Drop every second window of each axis between batch and features."""
    y = layer(x)
    return y[(slice(None), *[slice(None, None, 2)] * (y.ndim - 2))]


def beside() -> Iterator[Configuration]:
    yield convolution(
        1,
        "causal",
        {},
        {"padding": "causal"},
        in_torch=zeros_in_torch(2, 0),
    )
    yield convolution(
        1,
        "causal, dilated",
        {"dilation": 2},
        {"padding": "causal", "dilation_rate": 2},
        in_torch=zeros_in_torch(4, 0),
    )
    yield convolution(
        1,
        "causal, in strides",
        {"stride": 2},
        {"padding": "causal", "strides": 2},
        in_torch=zeros_in_torch(2, 0),
    )
    for axes in AXES:
        # Of (9,), (9, 8) and (5, 7, 6) steps: those that are even have one at the end.
        zeros = {1: (1, 1), 2: (0, 1, 1, 1), 3: (0, 1, 1, 1, 1, 1)}[axes]
        yield convolution(
            axes,
            "same in strides",
            {"stride": 2},
            {"padding": "same", "strides": 2},
            in_torch=zeros_in_torch(*zeros),
        )
        yield convolution(
            axes,
            "numbers of padding",
            {"padding": 2},
            {},
            in_keras=padded_in_keras("constant", *[(2, 2)] * axes),
        )
        yield convolution(
            axes,
            "numbers of padding and a stride",
            {"padding": 1, "stride": 2},
            {"strides": 2},
            in_keras=padded_in_keras("constant", *[(1, 1)] * axes),
        )
        yield convolution(
            axes,
            "both strides and a dilation",
            {"stride": 2, "dilation": 2},
            {"dilation_rate": 2},
            in_keras=every_second_window,
        )
        yield convolution(
            axes,
            "padded by reflecting",
            {"padding": 1, "padding_mode": "reflect"},
            {},
            in_keras=padded_in_keras("reflect", *[(1, 1)] * axes),
        )
        yield convolution(
            axes,
            "padded by repeating the edge",
            {"padding": 1, "padding_mode": "replicate"},
            {},
            in_keras=padded_in_keras("symmetric", *[(1, 1)] * axes),
        )
        yield convolution(
            axes,
            "padded by wrapping around",
            {"padding": 1, "padding_mode": "circular"},
            {},
            in_keras=wrapped_in_keras(axes),
        )


CONFIGURATIONS = [
    *unpadded(),
    *padded_by_a_word(),
    *padded_by_numbers(),
    *in_groups(),
    *depthwise(),
    *beside(),
]

PLAIN = {"in_channels": IN, "out_channels": OUT, "kernel_size": 3}
PLAIN_IN_KERAS = {"filters": OUT, "kernel_size": 3}
UNSAYABLE = [
    *(
        Unsayable(
            f"Conv{axes}d",
            "torch",
            {**PLAIN, "padding": 1, "padding_mode": mode},
            "what is padded with",
            "keras.ops.pad",
        )
        for axes, mode in product(AXES, ("reflect", "replicate", "circular"))
    ),
    *(
        Unsayable(
            f"Conv{axes}d",
            "torch",
            {**PLAIN, "padding": 2},
            "padding",
            f"ZeroPadding{axes}D before the layer",
        )
        for axes in AXES
    ),
    Unsayable(
        "Conv1d", "keras", {**PLAIN_IN_KERAS, "padding": "causal"}, "padding", "F.pad"
    ),
    *(
        Unsayable(
            f"Conv{axes}d",
            "keras",
            {**PLAIN_IN_KERAS, "activation": "relu"},
            "activation",
            "after PyTorch's layer",
        )
        for axes in AXES
    ),
]
IMPOSSIBLE = [
    *(
        Impossible(
            "keras",
            f"Conv{axes}D",
            {**PLAIN_IN_KERAS, "strides": 2, "dilation_rate": 2},
            SHAPES[axes],
            "both strides and a dilation",
        )
        for axes in AXES
    ),
    *(
        Impossible(
            "keras",
            f"Conv{axes}D",
            {**PLAIN_IN_KERAS, "padding": "causal"},
            SHAPES[axes],
            "causal over several axes",
        )
        for axes in (2, 3)
    ),
    *(
        Impossible(
            "torch",
            f"Conv{axes}d",
            {**PLAIN, "padding": "same", "stride": 2},
            (2, IN, *SHAPES[axes][1:-1]),
            "same in strides",
        )
        for axes in AXES
    ),
    Impossible(
        "keras",
        "DepthwiseConv2D",
        {"kernel_size": 3, "strides": (2, 1), "dtype": "float64"},
        SHAPES[2],
        "unlike strides of a depthwise convolution in float64 on the CPU",
    ),
]
