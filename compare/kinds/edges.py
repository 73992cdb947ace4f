"""Layers that put steps around each axis, or take some away."""

from __future__ import annotations

from typing import Literal

import numpy as np

from compare.kinds.computing import Compute
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options, Value, plain_value
from compare.kinds.windows import Around

Mode = Literal["constant", "reflect", "edge", "wrap"]  # NumPy's words


def padded(mode: Mode) -> Compute:
    """Say that a layer puts steps around each axis, or takes some away."""

    def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
        """Pad or cut each axis.

        Args:
            arrays: none.
            x: (batch, *spatial, features).
            options: steps around, before and after each axis; below zero they are taken
                away; value, the number that is put there, usually 0.

        Returns:
            (batch, *steps, features).
        """
        around = options["steps around"]
        more = [(max(before, 0), max(after, 0)) for before, after in around]
        edges = ((0, 0), *more, (0, 0))
        x = np.asarray(x, "float64")
        if mode == "constant":
            x = np.pad(x, edges, constant_values=options.get("value", 0.0))
        else:
            x = np.pad(x, edges, mode=mode)
        sizes = [
            slice(max(-before, 0), size - max(-after, 0))
            for size, (before, after) in zip(x.shape[1:-1], around, strict=True)
        ]
        return x[(slice(None), *sizes)]

    return compute


def pairs_of_pytorch(padding: Value) -> Value:
    """Steps before and after each axis; PyTorch's numbers begin with the last axis."""
    numbers = plain_value(padding)
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    return tuple(reversed(pairs))


def numbers_of_pytorch(pairs: Around) -> tuple[int, ...]:
    """PyTorch's numbers for the steps before and after each axis."""
    return tuple(steps for pair in reversed(pairs) for steps in pair)


def pairs_of_keras(layer: object) -> Around:
    """Steps before and after each axis of a Keras layer that pads, or cuts."""
    numbers = getattr(layer, "padding", None)
    sign = 1
    if numbers is None:
        numbers, sign = layer.cropping, -1  # type: ignore[attr-defined]
    if isinstance(numbers[0], int):
        numbers = (numbers,)
    return tuple((sign * before, sign * after) for before, after in numbers)


def _steps_around(axes: int, keras: str, instead: str = "") -> Option:
    """How many steps are put before and after each axis.

    Args:
        axes: how many.
        keras: Keras's name of it, or "".
        instead: what to do in Keras where there is no such layer.
    """
    numbers = tuple(range(1, 2 * axes + 1))
    return Option(
        "steps around",
        "padding",
        "",
        REQUIRED,
        REQUIRED,
        in_keras=pairs_of_pytorch,
        instead=instead or f"{keras}, by pairs of the steps before and after each axis",
        sample=(numbers, None),
        without_attribute=pairs_of_keras,
    )


def _pair(axes: int) -> tuple[dict[str, Value], Value]:
    """Steps that differ before and after and on each axis, on either side."""
    pairs = tuple((n, n + 1) for n in range(axes))
    return {"padding": numbers_of_pytorch(pairs)}, pairs[0] if axes == 1 else pairs


def zero_pad(axes: int) -> Kind:
    """Zeros around so many axes; with numbers below zero it is Keras's cropping."""
    torch, (settings, pairs) = f"ZeroPad{axes}d", _pair(axes)
    pads, crops = f"ZeroPadding{axes}D", f"Cropping{axes}D"
    shape = (3, *(5, 6, 7)[:axes], 4)
    negative = {"padding": tuple(-number for number in settings["padding"])}
    return Kind(
        name=torch,
        torch=(torch,),
        keras=(pads, crops),
        family="other",
        compute=padded("constant"),
        options=(_steps_around(axes, pads),),
        features_first=True,
        examples=(
            Example(torch, settings, pads, {"padding": pairs}, shape=shape),
            Example(torch, negative, crops, {"cropping": pairs}, "cropping", shape),
        ),
    )


def _by_hand(mode: str) -> str:
    """How to put such steps around an axis in Keras, which has no layer for it."""
    if mode in ("constant", "reflect"):
        return f'keras.ops.pad(x, ..., mode="{mode}")'
    places = "keras.ops.arange(-before, steps + after)"
    places = f"{places} % steps" if mode == "wrap" else f"clip({places}, 0, steps - 1)"
    return f"keras.ops.take(x, {places}, axis) along each axis"


def _other_pad(name: str, axes: int, mode: Mode, keras_mode: str) -> Kind:
    """Other numbers than zeros around so many axes. Keras has no layer for it."""
    torch, (settings, _) = f"{name}Pad{axes}d", _pair(axes)
    options = [_steps_around(axes, "", _by_hand(keras_mode))]
    if mode == "constant":
        settings = {**settings, "value": 0.5}
        options.append(Option("value", "value", "", REQUIRED, 0.0, sample=(2.0, None)))
    return Kind(
        name=torch,
        torch=(torch,),
        keras=(),
        family="other",
        compute=padded(mode),
        options=tuple(options),
        features_first=True,
        examples=(Example(torch, settings, shape=(3, *(5, 6, 7)[:axes], 4)),),
    )


EDGES = (
    *(zero_pad(axes) for axes in (1, 2, 3)),
    *(_other_pad("Constant", axes, "constant", "constant") for axes in (1, 2, 3)),
    *(_other_pad("Reflection", axes, "reflect", "reflect") for axes in (1, 2, 3)),
    *(_other_pad("Replication", axes, "edge", "edge") for axes in (1, 2, 3)),
    *(_other_pad("Circular", axes, "wrap", "wrap") for axes in (1, 2, 3)),
)
