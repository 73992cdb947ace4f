"""Configurations of layers that normalise, see `support/grid.py`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from grid import Configuration, Impossible, Unsayable

from compare.kinds.kind import Example

FEATURES = 6
SHAPES: dict[int, tuple[int, ...]] = {
    0: (4, FEATURES),
    1: (3, 5, FEATURES),
    2: (2, 5, 4, FEATURES),
    3: (2, 3, 4, 5, FEATURES),
}
EPSILONS = (1e-5, 1e-3, 1e-6)
LARGER = 1e-2


def batch_norms() -> Iterator[Configuration]:
    for axes, epsilon, scaled in product((0, 1, 2, 3), EPSILONS, (True, False)):
        layer = f"BatchNorm{max(axes, 1)}d"
        words = "scaled" if scaled else "not scaled"
        yield Configuration(
            "BatchNorm1d",
            Example(
                layer,
                {"num_features": FEATURES, "eps": epsilon, "affine": scaled},
                "BatchNormalization",
                {"epsilon": epsilon, "scale": scaled, "center": scaled},
                f"over {axes} axes, epsilon {epsilon}, {words}",
                SHAPES[axes],
            ),
        )
    for axes in (1, 2, 3):
        yield Configuration(
            "BatchNorm1d",
            Example(
                f"BatchNorm{axes}d",
                {"num_features": FEATURES, "eps": 1e-3},
                "BatchNormalization",
                {"axis": 1},
                f"over {axes} axes, features first in Keras",
                SHAPES[axes],
            ),
            called,
            called_features_first,
        )


def called(layer: Any, x: Any) -> Any:
    return layer(x)


def called_features_first(layer: Any, x: Any) -> Any:
    import keras

    return keras.ops.moveaxis(layer(keras.ops.moveaxis(x, -1, 1)), 1, -1)


def group_norms() -> Iterator[Configuration]:
    for axes, groups, epsilon in product((0, 1, 2, 3), (1, 2, 3, 6), (1e-5, 1e-3)):
        yield Configuration(
            "GroupNorm",
            Example(
                "GroupNorm",
                {"num_groups": groups, "num_channels": FEATURES, "eps": epsilon},
                "GroupNormalization",
                {"groups": groups, "epsilon": epsilon},
                f"over {axes} axes, {groups} groups, epsilon {epsilon}",
                SHAPES[axes],
            ),
        )
    for axes, scaled in product((1, 2, 3), (True, False)):
        yield Configuration(
            "GroupNorm",
            Example(
                f"InstanceNorm{axes}d",
                {"num_features": FEATURES, "affine": scaled},
                "GroupNormalization",
                {"groups": -1, "epsilon": 1e-5, "scale": scaled, "center": scaled},
                f"of each feature, over {axes} axes, scaled {scaled}",
                SHAPES[axes],
            ),
        )


def layer_norms() -> Iterator[Configuration]:
    for axes, last in product((0, 1, 2, 3), (1, 2, 3, 4)):
        shape = SHAPES[axes]
        if last > len(shape) - 1:
            continue
        over: Any = list(range(-last, 0)) if last > 1 else -1
        for scaled, centred in ((True, True), (True, False), (False, False)):
            yield Configuration(
                "LayerNorm",
                Example(
                    "LayerNorm",
                    {
                        "normalized_shape": shape[-last:],
                        "elementwise_affine": scaled,
                        "bias": centred,
                    },
                    "LayerNormalization",
                    {
                        "axis": over,
                        "epsilon": 1e-5,
                        "scale": scaled,
                        "center": centred,
                    },
                    f"{axes} axes, over the last {last}, scaled {scaled}, "
                    f"centred {centred}",
                    shape,
                ),
            )


def rms_norms() -> Iterator[Configuration]:
    for axes, last, epsilon in product((0, 1, 2), (1, 2), (1e-6, LARGER)):
        shape = SHAPES[axes]
        if last > len(shape) - 1:
            continue
        yield Configuration(
            "RMSNorm",
            Example(
                "RMSNorm",
                {"normalized_shape": shape[-last:], "eps": epsilon},
                "RMSNormalization",
                {
                    "axis": list(range(-last, 0)) if last > 1 else -1,
                    "epsilon": epsilon,
                },
                f"{axes} axes, over the last {last}, epsilon {epsilon}",
                shape,
            ),
        )


CONFIGURATIONS = [*batch_norms(), *group_norms(), *layer_norms(), *rms_norms()]

UNSAYABLE = [
    Unsayable(
        "BatchNorm1d",
        "torch",
        {"num_features": 3, "track_running_stats": False},
        "running statistics",
        "training=True",
    ),
    Unsayable(
        "RMSNorm",
        "torch",
        {"normalized_shape": 3, "elementwise_affine": False},
        "scale",
        "ones",
    ),
    Unsayable("LayerNorm", "keras", {"axis": 1}, "axes", "move"),
    Unsayable("BatchNorm1d", "keras", {"axis": 1}, "axis", "transpose"),
]

IMPOSSIBLE = [
    Impossible(
        "torch",
        "GroupNorm",
        {"num_groups": 4, "num_channels": 6},
        (2, 6, 5),
        "groups that do not go into the features",
    ),
    Impossible(
        "keras",
        "GroupNormalization",
        {"groups": 4},
        (2, 5, 6),
        "groups that do not go into the features",
    ),
    Impossible(
        "keras",
        "GroupNormalization",
        {},
        (2, 5, 6),
        "the default of 32 groups for 6 features",
    ),
]
