"""Layer normalisation: each sample and step by itself."""

from __future__ import annotations

import numpy as np

from compare.kinds import norm_source, normalisation
from compare.kinds.any_arrays import ANOTHER_LAYER, ROUNDED
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import Option, Options, is_there
from compare.kinds.rows import Row


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray | None:
    """Normalise each sample and step over its features.

        y = weight * (x - mean) / sqrt(variance + epsilon) + bias

    Args:
        arrays: `weight` and `bias`, of the shape of the axes of x over which is
            normalised.
        x: (batch, ..., features).
        options: epsilon, which keeps the divisor from zero; axes, over which is
            normalised, usually as many as the arrays have, the last ones.

    Returns:
        The shape of x. None where epsilon is not told, or where the statistics of a
        batch are asked for: this layer learns none.

    Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450, equation 4. The variance is that
        of all values, not of one less.
    """
    epsilon = options.get("epsilon")
    if epsilon is None or options.get("training"):
        return None
    x = np.asarray(x, "float64")
    axes = normalisation.axes_of(x, arrays, options)
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    standard = normalisation.standardised(x, mean, variance, epsilon)
    return normalisation.scaled(standard, normalisation.along(axes, x, arrays))


def rows(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """The axes of an array are those of the input over which is normalised.

    Over all axes but the batch, PyTorch may have (features, *spatial), where the input
    is as its convolutions have it, and Keras (*spatial, features).
    """
    shapes = {torch["weight"].shape, keras["gamma"].shape} if torch and keras else set()
    if len(shapes) != 2:
        return normalisation.SCALED
    return features_moved("weight", "gamma"), features_moved("bias", "beta")


def features_moved(torch: str, keras: str) -> Row:
    """PyTorch's first axis is Keras's last one."""

    def to_keras(array: np.ndarray) -> tuple[np.ndarray, ...]:
        return (np.moveaxis(array, 0, -1),)

    def to_torch(array: np.ndarray) -> tuple[np.ndarray, ...]:
        return (np.moveaxis(array, -1, 0),)

    return Row((torch,), (keras,), to_keras, to_torch)


LAYER_NORM = Kind(
    name="LayerNorm",
    torch=("LayerNorm",),
    keras=("LayerNormalization",),
    family="normalisation",
    sources={"LayerNormalization": norm_source.LAYER_NORMALIZATION},
    compute=compute,
    rows=rows,
    same_in_words=normalisation.axes_in_words,
    options=(
        normalisation.EPSILON,
        Option(
            "scale", "elementwise_affine", "scale", True, True, sample=(False, False)
        ),
        Option(
            "offset",
            "bias",
            "center",
            True,
            True,
            read=is_there,
            sample=(False, False),
        ),
        normalisation.AXES,
    ),
    mistakes=(
        ANOTHER_LAYER,
        *ROUNDED,
        *normalisation.EPSILONS,
        normalisation.INITIAL_SCALE,
    ),
    files=(
        Axes({"weight": 1, "bias": 1}, {"gamma": 1, "beta": 1}),
        Axes({"weight": 1}, {"gamma": 1}),
        Axes({"weight": 2, "bias": 2}, {"gamma": 2, "beta": 2}),
        Axes({"weight": 3, "bias": 3}, {"gamma": 3, "beta": 3}),
    ),
    switches=normalisation.SWITCHES,
    examples=(
        Example(
            "LayerNorm",
            {"normalized_shape": 4},
            "LayerNormalization",
            {"epsilon": 1e-5},
        ),
        Example(
            "LayerNorm",
            {"normalized_shape": 4, "eps": 1e-3},
            "LayerNormalization",
            {},
            "with Keras's epsilon",
        ),
        Example(
            "LayerNorm",
            {"normalized_shape": 4, "bias": False},
            "LayerNormalization",
            {"epsilon": 1e-5, "center": False},
            "without offset",
        ),
        Example(
            "LayerNorm",
            {"normalized_shape": [5, 4]},
            "LayerNormalization",
            {"epsilon": 1e-5, "axis": [-2, -1]},
            "over two axes",
        ),
        Example(
            "LayerNorm",
            {"normalized_shape": [5, 2, 4]},
            "LayerNormalization",
            {"epsilon": 1e-5, "axis": [1, 2, 3]},
            "over three axes",
            (3, 5, 2, 4),
        ),
    ),
)
