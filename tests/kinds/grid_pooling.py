"""Configurations of pooling, see `support/grid.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from grid import Configuration, Impossible, Unsayable, Use

from compare.kinds.kind import Example

FEATURES = 3
# Even and odd numbers of steps: a stride meets the end of some and not of others.
SHAPES = {1: (3, 9, FEATURES), 2: (2, 9, 8, FEATURES), 3: (2, 5, 7, 6, FEATURES)}
AXES = (1, 2, 3)
NAMES = {"Max": "Max", "Avg": "Average"}  # PyTorch's word, and Keras's
WORDS = tuple(NAMES)


def in_words(value: Any) -> str:
    return str(value).replace(" ", "")


def per_axis(axes: int, *numbers: int) -> int | tuple[int, ...]:
    """The first numbers, one for each axis; one number of one axis."""
    return numbers[0] if axes == 1 else numbers[:axes]


def pooling(
    word: str,
    axes: int,
    name: str,
    torch: Mapping[str, Any],
    keras: Mapping[str, Any],
    in_torch: Use | None = None,
    in_keras: Use | None = None,
    shape: tuple[int, ...] = (),
) -> Configuration:
    kind = f"{word}Pool{axes}d"
    example = Example(
        kind,
        torch,
        f"{NAMES[word]}Pooling{axes}D",
        keras,
        name,
        shape or SHAPES[axes],
    )
    return Configuration(kind, example, in_torch, in_keras)


# -------------------------------------------------------------- what both can be given


def unpadded() -> Iterator[Configuration]:
    for word, axes in product(WORDS, AXES):
        sizes = (1, 2, 3, per_axis(axes, 3, 2, 1))
        strides = (None, 1, 2, per_axis(axes, 3, 1, 2))
        for size, stride in dict.fromkeys(product(sizes, strides)):
            yield pooling(
                word,
                axes,
                f"window {in_words(size)}, stride {in_words(stride)}",
                {"kernel_size": size, "stride": stride},
                {"pool_size": size, "strides": stride},
            )


def padded_alike() -> Iterator[Configuration]:
    """Steps that do not count are the same on both sides of an odd window."""
    for word, axes in product(WORDS, AXES):
        uncounted = {} if word == "Max" else {"count_include_pad": False}
        for size in (3, 5):
            yield pooling(
                word,
                axes,
                f"same, window {size}",
                {
                    "kernel_size": size,
                    "stride": 1,
                    "padding": size // 2,
                    **uncounted,
                },
                {"pool_size": size, "strides": 1, "padding": "same"},
            )
        yield pooling(
            word,
            axes,
            "rounded up",
            {"kernel_size": 2, "ceil_mode": True},
            {"pool_size": 2, "padding": "same"},
        )
        yield pooling(
            word,
            axes,
            "padded without need",
            {"kernel_size": 3, "stride": 3},
            {"pool_size": 3, "strides": 3, "padding": "same"},
            shape=(2, *(9, 6, 3)[:axes], FEATURES),
        )


def padded_first(axes: int, number: float) -> tuple[Use, Use]:
    """How each model pads by itself with a number, before and after by other steps."""

    def in_torch(layer: Any, x: Any) -> Any:
        import torch

        return layer(torch.nn.functional.pad(x, (0, 1) * axes, value=number))

    def in_keras(layer: Any, x: Any) -> Any:
        import keras

        edges = [(0, 0), *[(0, 1)] * axes, (0, 0)]
        return layer(keras.ops.pad(x, edges, constant_values=number))

    return in_torch, in_keras


def padded_by_hand() -> Iterator[Configuration]:
    """What one layer pads itself, the other model pads before its own."""
    for axes in AXES:
        in_torch, _ = padded_first(axes, float("-inf"))
        yield pooling(
            "Max",
            axes,
            "same of an even window, padded by hand in PyTorch",
            {"kernel_size": 2, "stride": 1},
            {"pool_size": 2, "strides": 1, "padding": "same"},
            in_torch=in_torch,
        )
        in_torch, in_keras = padded_first(axes, 0.0)
        yield pooling(
            "Avg",
            axes,
            "zeros that count, padded by hand in both",
            {"kernel_size": 2, "stride": 2},
            {"pool_size": 2, "strides": 2},
            in_torch=in_torch,
            in_keras=in_keras,
        )

        def counted(layer: Any, x: Any, axes: int = axes) -> Any:
            import keras

            edges = [(0, 0), *[(1, 1)] * axes, (0, 0)]
            return layer(keras.ops.pad(x, edges))

        yield pooling(
            "Avg",
            axes,
            "zeros that count in PyTorch, padded by hand in Keras",
            {"kernel_size": 3, "stride": 2, "padding": 1},
            {"pool_size": 3, "strides": 2},
            in_keras=counted,
        )


def flat(layer: Any, x: Any) -> Any:
    return layer(x).flatten(1)


def of_all_steps() -> Iterator[Configuration]:
    for word, axes, kept in product(WORDS, AXES, (True, False)):
        kind = f"Adaptive{word}Pool{axes}d"
        example = Example(
            kind,
            {"output_size": 1},
            f"Global{NAMES[word]}Pooling{axes}D",
            {"keepdims": kept},
            "axes kept" if kept else "axes not kept",
            SHAPES[axes],
        )
        yield Configuration(kind, example, None if kept else flat)


def in_equal_parts() -> Iterator[Configuration]:
    """Where parts are of one size, Keras's windows are PyTorch's adaptive ones."""
    for word, axes in product(WORDS, AXES):
        kind = f"Adaptive{word}Pool{axes}d"
        example = Example(
            kind,
            {"output_size": per_axis(axes, 3, 2, 1)},
            f"{NAMES[word]}Pooling{axes}D",
            {"pool_size": per_axis(axes, 2, 2, 4)},
            "in equal parts",
            (2, *(6, 4, 4)[:axes], FEATURES),
        )
        yield Configuration(kind, example, called, called)


def called(layer: Any, x: Any) -> Any:
    return layer(x)


CONFIGURATIONS = [
    *unpadded(),
    *padded_alike(),
    *padded_by_hand(),
    *of_all_steps(),
    *in_equal_parts(),
]

# ----------------------------------------------------- what one side cannot be given

UNSAYABLE = [
    *(
        Unsayable(kind, side, settings, option, words)
        for axes in AXES
        for kind, side, settings, option, words in (
            (
                f"MaxPool{axes}d",
                "torch",
                {"kernel_size": 2, "dilation": 2},
                "dilation",
                "ops.max",
            ),
            (
                f"MaxPool{axes}d",
                "torch",
                {"kernel_size": 3, "padding": 1},
                "padding",
                "keras.ops.pad",
            ),
            (
                f"AvgPool{axes}d",
                "torch",
                {"kernel_size": 3, "padding": 1},
                "padding counted",
                "keras.ops.pad before the layer",
            ),
            (
                f"AvgPool{axes}d",
                "keras",
                {"pool_size": 2, "padding": "same"},
                "padding",
                "F.pad",
            ),
            (
                f"AdaptiveAvgPool{axes}d",
                "torch",
                {"output_size": 2},
                "steps returned",
                "pool with the windows",
            ),
            (
                f"AdaptiveMaxPool{axes}d",
                "keras",
                {"keepdims": False},
                "axes kept",
                "flatten(1)",
            ),
        )
    ),
    *(
        Unsayable(
            f"AvgPool{axes}d",
            "torch",
            {"kernel_size": 2, "divisor_override": 3},
            "divisor",
            "divide",
        )
        for axes in (2, 3)
    ),
]

IMPOSSIBLE = [
    Impossible(
        "torch",
        "MaxPool2d",
        {"kernel_size": 2, "padding": 2},
        (1, 3, 8, 8),
        "a padding of more than half a window",
    ),
    Impossible(
        "torch",
        "AvgPool1d",
        {"kernel_size": 2, "divisor_override": 3},
        (1, 3, 8),
        "a divisor over one axis",
    ),
    Impossible(
        "keras",
        "MaxPooling1D",
        {"pool_size": 2, "padding": "causal"},
        (1, 8, 3),
        "a causal padding",
    ),
]
