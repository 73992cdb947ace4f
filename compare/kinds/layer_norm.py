"""Layer normalisation: each sample and step by itself."""

from __future__ import annotations

import numpy as np

from compare.kinds import normalisation
from compare.kinds.any_arrays import ANOTHER_LAYER, ROUNDED
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import Option, Options


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray | None:
    """Normalise each sample and step over its features.

        y = weight * (x - mean) / sqrt(variance + epsilon) + bias

    Args:
        arrays: `weight` and `bias`, of the shape of the last axes of x, over which is
            normalised.
        x: (batch, ..., features).
        options: epsilon, which keeps the divisor from zero.

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
    shape = next((array.shape for array in arrays.values()), (x.shape[-1],))
    axes = tuple(range(-len(shape), 0))
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    standard = normalisation.standardised(x, mean, variance, epsilon)
    return normalisation.scaled(standard, arrays)


LAYER_NORM = Kind(
    name="LayerNorm",
    torch=("LayerNorm",),
    keras=("LayerNormalization",),
    family="normalisation",
    compute=compute,
    rows=normalisation.SCALED_ALONE,
    options=(
        normalisation.EPSILON,
        *normalisation.scale_and_offset("elementwise_affine"),
        Option(
            "axes",
            "",
            "axis",
            -1,
            -1,
            instead="PyTorch normalises over the last axes, of normalized_shape: move "
            "the axes to the end",
            sample=(None, 1),
        ),
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
    ),
)
