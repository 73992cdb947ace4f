"""Layers without numbers that change nothing, or the shape alone."""

from __future__ import annotations

import numpy as np

from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options
from compare.kinds.source import Site, Source, call_text


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


def write_dropout(site: Site) -> str:
    """Dropout in PyTorch, which does nothing unless the model trains."""
    name = "AlphaDropout" if site.plan.keras == "AlphaDropout" else "Dropout"
    layer = site.module(call_text(f"nn.{name}", site.setting("rate", 0.5)))
    return f"{layer}({site.x.text})"


def write_spatial_dropout(site: Site) -> str:
    """Dropout of whole features, which PyTorch has second."""
    x = site.x
    made = call_text(f"nn.Dropout{x.axes - 2}d", site.setting("rate", 0.5))
    layer = site.module(made)
    if x.features_second or site.setting("data_format") == "channels_first":
        return f"{layer}({x.text})"
    return f"{layer}({x.text}.movedim(-1, 1)).movedim(1, -1)"


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


def unflattened(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Write one axis as several.

    Args:
        arrays: none.
        x: (batch, ..., features).
        options: axis, the only one besides the batch in Keras; shape, of the axes in
            its place.
    """
    axis, x = options.get("axis", 1), np.asarray(x, "float64")
    axis = axis % x.ndim
    return x.reshape(*x.shape[:axis], *options["shape"], *x.shape[axis + 1 :])


UNFLATTEN = Kind(
    name="Unflatten",
    torch=("Unflatten",),
    keras=("Reshape",),
    family="other",
    compute=unflattened,
    options=(
        Option(
            "shape",
            "unflattened_size",
            "target_shape",
            REQUIRED,
            REQUIRED,
            sample=((3, 4), (3, 4)),
        ),
        Option(
            "axis",
            "dim",
            "",
            REQUIRED,
            1,
            instead="keras.layers.Reshape of the whole shape, without the batch",
            sample=(2, None),
        ),
    ),
    examples=(
        Example(
            "Unflatten",
            {"dim": 1, "unflattened_size": (2, 3)},
            "Reshape",
            {"target_shape": (2, 3)},
            shape=(3, 6),
        ),
    ),
)

# Those over two and three axes drop whole features, but in training alone.
DROPOUT = Kind(
    name="Dropout",
    torch=("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"),
    keras=(
        "Dropout",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "SpatialDropout3D",
        "AlphaDropout",
        "GaussianDropout",
    ),
    family="other",
    compute=dropped,
    options=(
        Option(
            "rate", "p", "rate", 0.5, REQUIRED, matters="training", sample=(0.25, 0.25)
        ),
    ),
    examples=(Example("Dropout", {"p": 0.5}, "Dropout", {"rate": 0.5}),),
    sources={
        "Dropout": Source(write_dropout),
        "AlphaDropout": Source(write_dropout),
        "SpatialDropout1D": Source(write_spatial_dropout),
        "SpatialDropout2D": Source(write_spatial_dropout),
        "SpatialDropout3D": Source(write_spatial_dropout),
    },
)
