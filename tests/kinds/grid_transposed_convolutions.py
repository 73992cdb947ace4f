"""Configurations of transposed convolutions, see `support/grid.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from grid import Configuration, Impossible, Unsayable, Use

from compare.kinds.kind import Example

IN, OUT = 4, 6
SHAPES = {1: (3, 5, IN), 2: (2, 5, 4, IN), 3: (2, 3, 4, 5, IN)}
AXES = (1, 2, 3)


def transposed(
    axes: int,
    name: str,
    torch: Mapping[str, Any],
    keras: Mapping[str, Any],
    in_torch: Use | None = None,
    in_keras: Use | None = None,
) -> Configuration:
    """A transposed convolution over so many axes."""
    example = Example(
        f"ConvTranspose{axes}d",
        {"in_channels": IN, "out_channels": OUT, "kernel_size": 3, **torch},
        f"Conv{axes}DTranspose",
        {"filters": OUT, "kernel_size": 3, **keras},
        name,
        SHAPES[axes],
    )
    return Configuration(f"ConvTranspose{axes}d", example, in_torch, in_keras)


# -------------------------------------------------------------- what both can be given


def whole() -> Iterator[Configuration]:
    """Nothing is cut off: the window is at least as large as the stride."""
    for axes in AXES:
        for size, stride in ((1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (4, 2), (4, 3)):
            yield transposed(
                axes,
                f"window {size}, stride {stride}",
                {"kernel_size": size, "stride": stride},
                {"kernel_size": size, "strides": stride},
            )
        for size, stride in ((2, 3), (1, 2)):
            yield transposed(
                axes,
                f"window {size}, smaller than stride {stride}",
                {
                    "kernel_size": size,
                    "stride": stride,
                    "output_padding": stride - size,
                },
                {"kernel_size": size, "strides": stride},
            )
        yield transposed(axes, "without bias", {"bias": False}, {"use_bias": False})
        yield transposed(
            axes,
            "with output padding",
            {"stride": 3, "output_padding": 2},
            {"strides": 3, "output_padding": 2},
        )
    for axes in (2, 3):
        size, stride = (3, 2, 4)[:axes], (2, 1, 3)[:axes]
        yield transposed(
            axes,
            "of unlike axes",
            {"kernel_size": size, "stride": stride},
            {"kernel_size": size, "strides": stride},
        )


def same() -> Iterator[Configuration]:
    """As many steps as the stride makes of each: window - stride are cut off."""
    for axes in AXES:
        for size, stride in ((3, 1), (5, 1), (4, 2), (2, 2), (5, 3)):
            yield transposed(
                axes,
                f"same, window {size}, stride {stride}",
                {
                    "kernel_size": size,
                    "stride": stride,
                    "padding": (size - stride) // 2,
                },
                {"kernel_size": size, "strides": stride, "padding": "same"},
            )


# ------------------------------------------------------- what is written beside a layer


def without_the_last(layer: Any, x: Any) -> Any:
    """Cut the last step of each axis off what PyTorch's layer returns."""
    y = layer(x)
    return y[(slice(None), slice(None), *[slice(-1)] * (y.ndim - 2))]


def cropped_in_keras(before: int, after: int) -> Use:
    """Cut steps off what Keras's layer returns."""

    def use(layer: Any, x: Any) -> Any:
        y = layer(x)
        steps = [slice(before, size - after) for size in y.shape[1:-1]]
        return y[(slice(None), *steps)]

    return use


def beside() -> Iterator[Configuration]:
    for axes in AXES:
        for size, stride in ((3, 2), (2, 1), (5, 2), (4, 3), (4, 1)):
            yield transposed(
                axes,
                f"same, window {size}, stride {stride}, an odd step more at the end",
                {
                    "kernel_size": size,
                    "stride": stride,
                    "padding": (size - stride) // 2,
                },
                {"kernel_size": size, "strides": stride, "padding": "same"},
                in_torch=without_the_last,
            )
        yield transposed(
            axes,
            "same with output padding",
            {"stride": 2},
            {"strides": 2, "padding": "same", "output_padding": 1},
            in_torch=without_the_last,
        )
        for padding, extra in ((1, 0), (1, 1), (2, 1)):
            yield transposed(
                axes,
                f"padding {padding}, output padding {extra}",
                {"stride": 2, "padding": padding, "output_padding": extra},
                {"strides": 2},
                in_keras=cropped_in_keras(padding, padding - extra),
            )


CONFIGURATIONS = [*whole(), *same(), *beside()]

PLAIN = {"in_channels": IN, "out_channels": OUT, "kernel_size": 3}
PLAIN_IN_KERAS = {"filters": OUT, "kernel_size": 3}
UNSAYABLE = [
    *(
        Unsayable(
            f"ConvTranspose{axes}d",
            "torch",
            {**PLAIN, "stride": 2, "padding": 1},
            "padding",
            "Cropping after the layer",
        )
        for axes in AXES
    ),
    *(
        Unsayable(
            f"ConvTranspose{axes}d",
            "torch",
            {**PLAIN, "groups": 2},
            "groups",
            "for each group",
        )
        for axes in AXES
    ),
    *(
        Unsayable(
            f"ConvTranspose{axes}d",
            "keras",
            {**PLAIN_IN_KERAS, "strides": 2, "padding": "same"},
            "padding",
            "padding=(window - stride) // 2",
        )
        for axes in AXES
    ),
]
IMPOSSIBLE = [
    *(
        Impossible(
            "keras",
            f"Conv{axes}DTranspose",
            {**PLAIN_IN_KERAS, "dilation_rate": 2, "dtype": "float64"},
            SHAPES[axes],
            "dilated in float64 on the CPU",
        )
        for axes in AXES
    ),
    *(
        Impossible(
            "keras",
            f"Conv{axes}DTranspose",
            {"filters": 2, "kernel_size": 4, "padding": "same", "output_padding": 0},
            SHAPES[axes],
            "an even window with an output padding",
        )
        for axes in AXES
    ),
]
