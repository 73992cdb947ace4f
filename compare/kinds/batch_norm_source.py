"""How batch normalisation is written in PyTorch."""

from __future__ import annotations

from typing import Any

from compare.kinds.graph import LayerPlan
from compare.kinds.layer import Arrays
from compare.kinds.norm_source import (
    axes_of,
    features_layout,
    features_moved,
    scale_rows,
)
from compare.kinds.rows import Row, copied
from compare.kinds.source import Site, Source, call_text, changed

STATISTICS = (
    copied("running_mean", "moving_mean"),
    copied("running_var", "moving_variance"),
)


def write(site: Site) -> str:
    """Batch normalisation, of which PyTorch has the scale and the offset or neither."""
    x = site.x
    settings: dict[str, Any] = {"eps": site.setting("epsilon", 1e-3)}
    settings["momentum"] = round(1 - site.setting("momentum", 0.99), 12)
    settings["affine"] = bool({"gamma", "beta"} & {*site.arrays})
    (features,) = site.arrays["moving_mean"].shape
    rank = 1 if x.axes > 5 else max(x.axes - 2, 1)
    text = call_text(
        f"nn.BatchNorm{rank}d",
        features,
        **changed(settings, {"eps": 1e-5, "momentum": 0.1, "affine": True}),
    )
    rows: tuple[Row, ...] = STATISTICS
    if settings["affine"]:
        rows = (*scale_rows(site.arrays, (features,)), *STATISTICS)
    layer = site.module(text, rows=rows)
    (axis,) = axes_of(site.plan, x.axes)
    if x.axes > 5:
        return f"{layer}({x.text}.flatten(2)).view_as({x.text})"
    return features_moved(site, layer, x.axis_in_torch(axis))


def problem(plan: LayerPlan, arrays: Arrays) -> str:
    """Several axes, and what Keras 3 has not: renormalisation, virtual batches."""
    axis = plan.config.get("axis", -1)
    if isinstance(axis, list) and len(axis) > 1:
        return f"BatchNormalization over the axes {axis}: needs one axis"
    for name in ("renorm", "virtual_batch_size"):
        if plan.config.get(name):
            return f"BatchNormalization with {name}: needs a layer without it"
    return ""


BATCH_NORMALIZATION = Source(write, features_layout, problem=problem)
