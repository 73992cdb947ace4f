"""Group normalisation: each group of features of each sample by itself.

Instance normalisation is that with a group for each feature; Keras has no other layer
for it than `GroupNormalization(groups=-1)`.
"""

from __future__ import annotations

import numpy as np

from compare.kinds import norm_source, normalisation
from compare.kinds.any_arrays import ANOTHER_LAYER, ROUNDED
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Call, Computation, Mistake
from compare.kinds.option import REQUIRED, Option, Options

IN_TORCH = {"num_groups": 2, "num_channels": 4}
IN_KERAS = {"groups": 2, "epsilon": 1e-5}


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray | None:
    """Normalise each group of features of a sample, over all its steps.

        y = weight * (x - mean) / sqrt(variance + epsilon) + bias

    Args:
        arrays: `weight` and `bias`, (features,) each, or none.
        x: (batch, ..., features).
        options: groups, neighbours in the order of the features and of one size, -1
            for one of each feature;
            epsilon, which keeps the divisor from zero; steps_apart, whether each step
            has a mean and variance of its own.

    Returns:
        The shape of x. None where groups or epsilon is not told, where the features
        cannot be cut so, or where the statistics of a batch are asked for: this layer
        learns none.

    Source: Wu & He 2018, arXiv:1803.08494, equations 1 to 7; with a group for each
        feature Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022, equation 3. The
        variance is that of all values, not of one less.
    """
    epsilon, groups = options.get("epsilon"), options.get("groups")
    if epsilon is None or groups is None or options.get("training"):
        return None
    if groups == -1:
        groups = x.shape[-1]
    if groups < 1 or x.shape[-1] % groups:
        return None
    grouped = np.asarray(x, "float64").reshape(*x.shape[:-1], groups, -1)
    axes = (*range(1, grouped.ndim - 2), -1)  # all but the sample and the group
    if options.get("steps_apart"):
        axes = (-1,)
    mean, variance = grouped.mean(axes, keepdims=True), grouped.var(axes, keepdims=True)
    standard = normalisation.standardised(grouped, mean, variance, epsilon)
    return normalisation.scaled(standard.reshape(x.shape), arrays)


def number_of_features(layer: object) -> int:
    """The number of groups of PyTorch's InstanceNorm, which has no such attribute."""
    return int(getattr(layer, "num_features", -1))


def _other_number(call: Call) -> np.ndarray | None:
    """Normalise in one group; in a group for each feature where one is right."""
    groups = call.options.get("groups")
    if groups is None:
        return None
    wrong_groups = call.x.shape[-1] if groups == 1 else 1
    result: np.ndarray | None = call.run(groups=wrong_groups)
    return result


def _interleaved(call: Call) -> np.ndarray | None:
    """Put every n-th feature into a group, not neighbours."""
    groups = call.options.get("groups")
    size = call.x.shape[-1]
    if groups is None or size % groups or groups in (1, size):
        return None
    order = np.arange(size).reshape(-1, groups).T.ravel()  # feature at each place
    scales = {name: array[order] for name, array in call.arrays.items()}
    grouped = call.compute(scales, call.x[..., order], call.options)
    if not isinstance(grouped, np.ndarray):
        return None
    result: np.ndarray = grouped[..., np.argsort(order)]
    return result


def _steps_apart(call: Call) -> np.ndarray | None:
    """Give each step statistics of its own; None where there are no steps."""
    if call.x.ndim < 3:
        return None
    result: np.ndarray | None = call.run(steps_apart=True)
    return result


MISTAKES = (
    Mistake(
        "another number of groups",
        "the features are normalised in another number of groups",
        "num_groups must be Keras's groups",
        "groups must be PyTorch's num_groups (by default it is 32)",
        Computation(_other_number, normalisation.with_options(), option="groups"),
    ),
    Mistake(
        "groups of every n-th feature",
        "each group has every n-th feature, not features that are neighbours",
        "reorder the features before the layer, or its input kernel's outputs",
        "reorder the features before the layer, or its input kernel's outputs",
        Computation(_interleaved, normalisation.with_options()),
    ),
    Mistake(
        "statistics of each step alone",
        "each step has a mean and variance of its own, not all steps of a sample",
        "give the layer (batch, features, time), not each step as a sample",
        "give the layer (batch, time, features), not in a TimeDistributed",
        Computation(_steps_apart, normalisation.with_options()),
    ),
)

GROUP_NORM = Kind(
    name="GroupNorm",
    torch=("GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
    keras=("GroupNormalization",),
    family="normalisation",
    sources={"GroupNormalization": norm_source.GROUP_NORMALIZATION},
    compute=compute,
    rows=normalisation.SCALED_ALONE,
    options=(
        Option(
            "groups",
            "num_groups",
            "groups",
            REQUIRED,
            32,
            without_attribute=number_of_features,
            sample=(4, 4),
        ),
        normalisation.EPSILON,
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
    ),
    mistakes=(
        ANOTHER_LAYER,
        *ROUNDED,
        *normalisation.EPSILONS,
        *MISTAKES,
        normalisation.INITIAL_SCALE,
    ),
    features_first=True,
    files=(Axes({"weight": 1, "bias": 1}, {"gamma": 1, "beta": 1}),),
    switches=normalisation.SWITCHES,
    examples=(
        Example("GroupNorm", IN_TORCH, "GroupNormalization", IN_KERAS),
        Example(
            "GroupNorm",
            IN_TORCH,
            "GroupNormalization",
            IN_KERAS,
            "without time",
            (3, 4),
        ),
        Example(
            "GroupNorm",
            {**IN_TORCH, "eps": 1e-3},
            "GroupNormalization",
            {"groups": 2},
            "with Keras's epsilon",
        ),
        Example(
            "GroupNorm",
            IN_TORCH,
            "GroupNormalization",
            IN_KERAS,
            "of two axes",
            (3, 5, 2, 4),
        ),
        Example(
            "GroupNorm",
            IN_TORCH,
            "GroupNormalization",
            {**IN_KERAS, "axis": 1},
            "of two axes, features first in Keras",
            (3, 5, 2, 4),
        ),
        *(
            Example(
                f"InstanceNorm{len(axes)}d",
                {"num_features": 4, "affine": True},
                "GroupNormalization",
                {"groups": -1, "epsilon": 1e-5},
                f"of each feature, {len(axes)} axes",
                (3, *axes, 4),
            )
            for axes in ((5,), (5, 2), (5, 2, 3))
        ),
    ),
)
