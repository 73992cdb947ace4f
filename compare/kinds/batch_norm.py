"""Batch normalisation: each feature by statistics that were learnt."""

from __future__ import annotations

import numpy as np

from compare.kinds import normalisation
from compare.kinds.any_arrays import ANOTHER_LAYER, ROUNDED
from compare.kinds.batch_norm_source import BATCH_NORMALIZATION
from compare.kinds.changes import filled
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Computation, Mistake
from compare.kinds.option import Option, Options
from compare.kinds.rows import copied, in_any_layer


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray | None:
    """Normalise each feature by the running mean and variance.

        y = weight * (x - mean) / sqrt(variance + epsilon) + bias

    Args:
        arrays: `running_mean`, `running_var`, `weight`, `bias`, (features,) each.
        x: (batch, ..., features).
        options: epsilon, which keeps the divisor from zero; training, whether mean and
            variance are those of x, as while the layer learns.

    Returns:
        The shape of x. None where epsilon is not told, or where a layer keeps no
        running statistics and is not training.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 2. The variance is that of
        all values, not of one less.
    """
    epsilon = options.get("epsilon")
    if epsilon is None:
        return None
    x = np.asarray(x, "float64")
    if options.get("training"):
        axes = tuple(range(x.ndim - 1))
        mean, variance = x.mean(axes), x.var(axes)
    elif "running_mean" in arrays:
        mean, variance = arrays["running_mean"], arrays["running_var"]
    else:
        return None
    standard = normalisation.standardised(x, mean, variance, epsilon)
    return normalisation.scaled(standard, arrays)


def keras_momentum(momentum: float | None) -> float | None:
    """Keras's momentum is the share that is kept, PyTorch's the share that is new.

    None is the mean of all batches so far, which Keras cannot keep.
    """
    return None if momentum is None else 1 - momentum


def _swapped(arrays: Arrays) -> Arrays | None:
    """Put mean and variance in each other's place; None where there are none.

    A variance below zero is none: these arrays are those that are wrong.
    """
    if "running_mean" not in arrays:
        return None
    mean, variance = arrays["running_mean"], arrays["running_var"]
    if (variance < 0).any():
        return None
    return {**arrays, "running_mean": variance, "running_var": mean}


OF_BATCH = Mistake(
    "statistics of the batch for learnt statistics",
    "mean and variance are those of this batch, as in training, not the learnt ones",
    "model.eval(), and no .train() in forward",
    "call the layer with training=False",
    Computation(
        normalisation.with_options(training=True),
        normalisation.with_options(training=False),
    ),
)
INITIAL_STATISTICS = Mistake(
    "initial statistics",
    "the running statistics are still the mean 0 and the variance 1 of a new layer",
    "copy moving_mean and moving_variance into running_mean and running_var",
    "copy running_mean and running_var into moving_mean and moving_variance",
    ArraysOfLayer(filled(running_mean=0, running_var=1)),
)
STATISTICS_SWAPPED = Mistake(
    "mean and variance swapped",
    "the running mean and the running variance are in each other's place",
    "swap running_mean and running_var",
    "swap moving_mean and moving_variance",
    ArraysOfLayer(_swapped),
)

BATCH_NORM = Kind(
    name="BatchNorm1d",
    torch=("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"),
    keras=("BatchNormalization",),
    family="normalisation",
    compute=compute,
    rows=in_any_layer(
        *normalisation.SCALED,
        copied("running_mean", "moving_mean"),
        copied("running_var", "moving_variance"),
    ),
    options=(
        normalisation.EPSILON,
        Option(
            "momentum",
            "momentum",
            "momentum",
            0.1,
            0.99,
            matters="training",
            in_keras=keras_momentum,
            sample=(0.25, 0.75),
        ),
        *normalisation.scale_and_offset("affine"),
        Option(
            "axis",
            "",
            "axis",
            -1,
            -1,
            instead="PyTorch's features are the second axis: transpose what it takes",
            sample=(None, 1),
        ),
        Option(
            "running statistics",
            "track_running_stats",
            "",
            True,
            True,
            in_keras=bool,
            instead="call Keras's layer with training=True: it uses those of the batch",
            sample=(False, None),
        ),
    ),
    mistakes=(
        ANOTHER_LAYER,
        *ROUNDED,
        *normalisation.EPSILONS,
        OF_BATCH,
        normalisation.INITIAL_SCALE,
        INITIAL_STATISTICS,
        STATISTICS_SWAPPED,
    ),
    features_first=True,
    sources={"BatchNormalization": BATCH_NORMALIZATION},
    files=(
        Axes(
            {"weight": 1, "bias": 1, "running_mean": 1, "running_var": 1},
            {"gamma": 1, "beta": 1, "moving_mean": 1, "moving_variance": 1},
        ),
        Axes(
            {"running_mean": 1, "running_var": 1},
            {"moving_mean": 1, "moving_variance": 1},
        ),
    ),
    switches=normalisation.SWITCHES,
    examples=(
        Example(
            "BatchNorm1d",
            {"num_features": 4},
            "BatchNormalization",
            {"epsilon": 1e-5},
        ),
        Example(
            "BatchNorm1d",
            {"num_features": 4, "affine": False},
            "BatchNormalization",
            {"epsilon": 1e-5, "center": False, "scale": False},
            "without scale",
        ),
        Example(
            "BatchNorm1d",
            {"num_features": 4},
            "BatchNormalization",
            {"epsilon": 1e-5},
            "without time",
            (3, 4),
        ),
        Example(
            "BatchNorm1d",
            {"num_features": 4, "eps": 1e-3},
            "BatchNormalization",
            {},
            "with Keras's epsilon",
        ),
        Example(
            "BatchNorm2d",
            {"num_features": 4},
            "BatchNormalization",
            {"epsilon": 1e-5},
            "of two axes",
            (3, 5, 2, 4),
        ),
        Example(
            "BatchNorm2d",
            {"num_features": 4},
            "BatchNormalization",
            {"epsilon": 1e-5, "axis": 1},
            "of two axes, features first in Keras",
            (3, 5, 2, 4),
        ),
        Example(
            "BatchNorm3d",
            {"num_features": 4},
            "BatchNormalization",
            {"epsilon": 1e-5},
            "of three axes",
            (3, 5, 2, 3, 4),
        ),
    ),
)
