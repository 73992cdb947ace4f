"""Relu whose slope below zero is learnt."""

from __future__ import annotations

import math

import numpy as np

from compare.judging.arrays import IMAGE_AXES
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import Option, Options
from compare.kinds.rows import Row


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Multiply what is below zero by the slope of its feature, or by the only one.

    Args:
        arrays: `weight`, (features,) or (1,).
        x: (batch, ..., features).
        options: none is looked at.

    Source: He et al. 2015, arXiv:1502.01852, equation 1.
    """
    x = np.asarray(x, "float64")
    return np.where(x > 0, x, arrays["weight"] * x)


def rows(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """PyTorch has a slope for each channel, or one for all: (channels,) or (1,).

    Keras has one for each place after the batch, and an axis that shares its slopes has
    size 1: (1, channels) for x of (batch, time, channels) with `shared_axes=[1]`. Only
    these axes of size 1 are added or left out. With slopes that differ from step to
    step the shapes do not fit.
    """
    shared = sum(len(alpha.shape) - 1 for alpha in keras.values())
    ones = (1,) * shared

    def to_keras(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        return (weight.reshape(ones + weight.shape),)

    def to_torch(alpha: np.ndarray) -> tuple[np.ndarray, ...]:
        if alpha.shape[:shared] != ones:
            return (alpha,)  # does not fit, and is refused for its shape
        return (alpha.reshape(alpha.shape[shared:]),)

    return (Row(("weight",), ("alpha",), to_keras, to_torch),)


def same_in_words(torch: Options, keras: Options, x: np.ndarray) -> Options:
    """Write PyTorch's settings as Keras's where they come to the same.

    How many slopes Keras's layer has, its array alone tells, and layers whose arrays do
    not have as many are no twins. PyTorch's layer shares its slopes over all axes but
    that of the channels.
    """
    shared = keras.get("shared axes")
    axes = set(shared or ())
    one_a_channel = set(range(1, x.ndim - 1))
    result = {**torch, "number of slopes": keras.get("number of slopes")}
    if one_a_channel and axes in (one_a_channel, one_a_channel | {x.ndim - 1}):
        result["shared axes"] = shared
    return result


def slopes_are_of_second_axis(count: int, axes: int) -> bool:
    """Whether PyTorch's layer is given (batch, features, *spatial).

    A layer with one slope takes any layout: a sequence may have its features last, as a
    Linear layer hands them on, and images have them second.

    Args:
        count: of the slopes.
        axes: number of axes of its input.
    """
    return axes >= IMAGE_AXES or (axes > 2 and count > 1)


def _number_of_slopes(layer: object) -> int:
    """How many slopes Keras's layer has, which has no such attribute."""
    alpha = getattr(layer, "alpha", None)
    return 1 if alpha is None else math.prod(alpha.shape)


PRELU = Kind(
    name="PReLU",
    torch=("PReLU",),
    keras=("PReLU",),
    family="activation",
    compute=compute,
    rows=rows,
    same_in_words=same_in_words,
    options=(
        Option(
            "number of slopes",
            "num_parameters",
            "",
            1,
            1,
            instead="shared_axes says in Keras which axes share a slope",
            sample=(4, None),
            without_attribute=_number_of_slopes,
        ),
        Option(
            "shared axes",
            "",
            "shared_axes",
            None,
            None,
            instead="PyTorch's layer has one slope, or one for each channel",
            sample=(None, [1]),
        ),
    ),
    files=(
        Axes({"weight": 1}, {"alpha": 1}),
        Axes({"weight": 1}, {"alpha": 2}),
        Axes({"weight": 1}, {"alpha": 3}),
    ),
    examples=(
        Example("PReLU", {}, "PReLU", {"shared_axes": [1, 2]}),
        Example(
            "PReLU",
            {"num_parameters": 4},
            "PReLU",
            {"shared_axes": [1]},
            "with one slope a channel",
            features_first=True,
        ),
    ),
)
