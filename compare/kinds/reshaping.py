"""Layers without numbers that change nothing, or the shape alone."""

from __future__ import annotations

import numpy as np

from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options


def flattened(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Put the steps of each sample one after another.

    Args:
        arrays: none.
        x: (batch, ..., features).
        options: none is looked at.

    Returns:
        (batch, all numbers of a sample), the last axis of x walked through first.
    """
    return np.asarray(x, "float64").reshape(len(x), -1)


def dropped(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Return x as it is: numbers are dropped in training alone."""
    return np.asarray(x, "float64")


FLATTEN = Kind(
    name="Flatten",
    torch=("Flatten",),
    keras=("Flatten",),
    family="other",
    compute=flattened,
    options=(
        Option(
            "first axis",
            "start_dim",
            "",
            1,
            1,
            instead="keras.layers.Reshape, which may keep axes",
            sample=(2, None),
        ),
    ),
    examples=(Example("Flatten", {}, "Flatten", {}),),
)

DROPOUT = Kind(
    name="Dropout",
    torch=("Dropout",),
    keras=("Dropout",),
    family="other",
    compute=dropped,
    options=(
        Option(
            "rate", "p", "rate", 0.5, REQUIRED, matters="training", sample=(0.25, 0.25)
        ),
    ),
    examples=(Example("Dropout", {"p": 0.5}, "Dropout", {"rate": 0.5}),),
)
