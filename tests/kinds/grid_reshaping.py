"""Configurations of padding, cropping, upsampling and reshaping."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from grid import Configuration, Impossible, Unsayable

from compare.kinds.kind import Example

AXES = (1, 2, 3)
FEATURES = 4
SHAPES = {1: (3, 7, FEATURES), 2: (2, 7, 6, FEATURES), 3: (2, 5, 6, 7, FEATURES)}


def numbers(pairs: tuple[tuple[int, int], ...], sign: int = 1) -> tuple[int, ...]:
    """PyTorch's numbers begin with the last axis."""
    return tuple(sign * number for pair in reversed(pairs) for number in pair)


def edges() -> Iterator[Configuration]:
    for axes in AXES:
        for pairs in (
            ((1, 1),) * axes,
            ((1, 0), (0, 2), (2, 1))[:axes],
            ((0, 3), (1, 1), (0, 0))[:axes],
        ):
            said: Any = pairs[0] if axes == 1 else pairs
            yield Configuration(
                f"ZeroPad{axes}d",
                Example(
                    f"ZeroPad{axes}d",
                    {"padding": numbers(pairs)},
                    f"ZeroPadding{axes}D",
                    {"padding": said},
                    f"zeros {pairs}",
                    SHAPES[axes],
                ),
            )
            yield Configuration(
                f"ZeroPad{axes}d",
                Example(
                    f"ZeroPad{axes}d",
                    {"padding": numbers(pairs, -1)},
                    f"Cropping{axes}D",
                    {"cropping": said},
                    f"cropping {pairs}",
                    SHAPES[axes],
                ),
            )


def by_ops() -> Iterator[Configuration]:
    """Keras pads otherwise by a function alone."""
    for name, mode in (
        ("Constant", "constant"),
        ("Reflection", "reflect"),
    ):
        for axes in AXES:
            pairs = ((1, 2), (2, 0), (0, 1))[:axes]
            value = {"value": 0.5} if mode == "constant" else {}
            yield Configuration(
                f"{name}Pad{axes}d",
                Example(
                    f"{name}Pad{axes}d",
                    {"padding": numbers(pairs), **value},
                    "Activation",
                    {"activation": "linear"},
                    f"{mode} {pairs}",
                    SHAPES[axes],
                ),
                None,
                padding(pairs, mode, 0.5 if value else None),
            )


def padding(
    pairs: tuple[tuple[int, int], ...], mode: str, value: float | None
) -> Callable[[Any, Any], Any]:
    def in_keras(layer: Any, x: Any) -> Any:
        import keras

        return keras.ops.pad(x, [(0, 0), *pairs, (0, 0)], mode, value)

    return in_keras


def upsampling() -> Iterator[Configuration]:
    for axes in AXES:
        for size in (2, 3, *((((3, 1, 2)[:axes]),) if axes > 1 else ())):
            yield Configuration(
                "Upsample",
                Example(
                    "Upsample",
                    {"scale_factor": size},
                    f"UpSampling{axes}D",
                    {"size": size},
                    f"nearest, {size}, {axes} axes",
                    SHAPES[axes],
                ),
            )
    for size in (2, 3, (2, 3)):
        yield Configuration(
            "Upsample",
            Example(
                "Upsample",
                {"scale_factor": size, "mode": "bilinear"},
                "UpSampling2D",
                {"size": size, "interpolation": "bilinear"},
                f"bilinear, {size}",
                SHAPES[2],
            ),
        )


def resized() -> Iterator[Configuration]:
    """Keras's Resizing takes the middle of a step for its place."""
    for size, (mode, keras_mode) in product(
        ((3, 4), (9, 5), (14, 12)),
        (("bilinear", "bilinear"), ("nearest-exact", "nearest")),
    ):
        yield Configuration(
            "Upsample",
            Example(
                "Upsample",
                {"size": size, "mode": mode},
                "Resizing",
                {
                    "height": size[0],
                    "width": size[1],
                    "interpolation": keras_mode,
                },
                f"{mode} to {size}",
                SHAPES[2],
            ),
            None,
            called,
        )


def called(layer: Any, x: Any) -> Any:
    return layer(x)


def reshaping() -> Iterator[Configuration]:
    for axes in AXES:
        yield Configuration(
            "Flatten",
            Example("Flatten", {}, "Flatten", {}, f"{axes} axes", SHAPES[axes]),
        )
    for shape in ((2, 6), (3, 4), (2, 3, 2)):
        yield Configuration(
            "Unflatten",
            Example(
                "Unflatten",
                {"dim": 1, "unflattened_size": shape},
                "Reshape",
                {"target_shape": shape},
                str(shape),
                (3, 12),
            ),
        )

    def repeated(layer: Any, x: Any) -> Any:
        return x[:, None].repeat(1, 3, 1)

    def permuted(layer: Any, x: Any) -> Any:
        return x.permute(0, 3, 1, 2)

    for layer, settings, shape, use in (
        ("RepeatVector", {"n": 3}, (2, 4), repeated),
        ("Permute", {"dims": (3, 1, 2)}, (2, 3, 5, 4), permuted),
    ):
        yield Configuration(
            "Identity",
            Example("Identity", {}, layer, settings, layer, shape),
            use,
            called,
        )


def shuffles() -> Iterator[Configuration]:
    """Keras's depth_to_space has the features first, PyTorch's layer the place."""
    for r in (2, 3):

        def in_keras(layer: Any, x: Any, r: int = r) -> Any:
            import keras

            batch, height, width, features = x.shape
            x = keras.ops.reshape(x, (batch, height, width, features // r**2, r**2))
            x = keras.ops.swapaxes(x, -1, -2)
            x = keras.ops.reshape(x, (batch, height, width, r, r, features // r**2))
            x = keras.ops.transpose(x, (0, 1, 3, 2, 4, 5))
            return keras.ops.reshape(x, (batch, height * r, width * r, -1))

        yield Configuration(
            "PixelShuffle",
            Example(
                "PixelShuffle",
                {"upscale_factor": r},
                "Activation",
                {"activation": "linear"},
                f"by {r}",
                (2, 3, 4, 2 * r**2),
            ),
            None,
            in_keras,
        )


CONFIGURATIONS = [
    *edges(),
    *by_ops(),
    *upsampling(),
    *resized(),
    *reshaping(),
    *shuffles(),
]

UNSAYABLE = [
    Unsayable(
        "Upsample",
        "torch",
        {"scale_factor": 2, "mode": "bilinear", "align_corners": True},
        "corners aligned",
        "interpolate by hand, with keras.ops.take",
    ),
    Unsayable(
        "Upsample", "torch", {"size": (3, 4)}, "steps returned", "Resizing(height"
    ),
    Unsayable("ZeroPad2d", "torch", {"padding": 1}, "steps around", "ZeroPadding2D"),
    Unsayable("Flatten", "torch", {"start_dim": 2}, "first axis", "Reshape"),
    Unsayable(
        "Unflatten", "torch", {"dim": 2, "unflattened_size": (2, 2)}, "axis", "Reshape"
    ),
]

IMPOSSIBLE = [
    Impossible(
        "keras",
        "UpSampling2D",
        {"interpolation": "nearest-exact"},
        (1, 4, 4, 3),
        "PyTorch's word",
    ),
    Impossible(
        "torch",
        "ReflectionPad1d",
        {"padding": 5},
        (1, 3, 4),
        "more steps than there are",
    ),
]
