"""Instance normalisation: each feature of each sample by itself."""

from __future__ import annotations

import numpy as np

from compare.kinds import normalisation
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import Option, Options


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray | None:
    """Normalise each feature of a sample over its steps.

        y = weight * (x - mean) / sqrt(variance + epsilon) + bias

    Args:
        arrays: `weight` and `bias`, (features,) each, or none.
        x: (batch, time, features).
        options: epsilon, which keeps the divisor from zero.

    Returns:
        The shape of x. None where epsilon is not told.

    Source: Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022, equation 3.
    """
    epsilon = options.get("epsilon")
    if epsilon is None:
        return None
    x = np.asarray(x, "float64")
    mean, variance = x.mean(1, keepdims=True), x.var(1, keepdims=True)
    standard = normalisation.standardised(x, mean, variance, epsilon)
    return normalisation.scaled(standard, arrays)


# Keras has none: GroupNormalization(groups=-1) does the same.
INSTANCE_NORM = Kind(
    name="InstanceNorm1d",
    torch=("InstanceNorm1d",),
    keras=(),
    family="normalisation",
    compute=compute,
    options=(
        Option("epsilon", "eps", "", 1e-5, 1e-5, sample=(1e-4, None)),
        Option("affine", "affine", "", False, False, sample=(True, None)),
    ),
    features_first=True,
    examples=(
        Example(
            "InstanceNorm1d",
            {"num_features": 4},
            "GroupNormalization",
            {"groups": -1, "epsilon": 1e-5, "center": False, "scale": False},
        ),
    ),
)
