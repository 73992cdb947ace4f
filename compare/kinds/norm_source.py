"""How layers that normalise are written in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from compare.kinds.graph import LayerPlan
from compare.kinds.layer import Arrays
from compare.kinds.rows import Row, copied
from compare.kinds.source import Layout, Site, Source, call_text, changed, number_text


def axes_of(plan: LayerPlan, axes: int) -> tuple[int, ...]:
    """Keras's axes that a layer is told, counted from the first, in order.

    Args:
        plan: of the layer.
        axes: how many there are.
    """
    axis = plan.config.get("axis", -1)
    numbers = [axis] if isinstance(axis, int) else axis
    return tuple(sorted(number % axes for number in numbers))


def scale_rows(arrays: Arrays, shape: tuple[int, ...]) -> tuple[Row, ...]:
    """The rows of scale and offset, of which Keras may have one alone.

    Args:
        arrays: of Keras's layer.
        shape: of either.
    """
    rows = []
    for torch, keras, neutral in (("weight", "gamma", 1.0), ("bias", "beta", 0.0)):
        if keras in arrays:
            rows.append(copied(torch, keras))
        else:
            rows.append(constant(torch, np.full(shape, neutral)))
    return tuple(rows)


def constant(torch: str, array: np.ndarray) -> Row:
    """PyTorch has an array that Keras's layer has not: its numbers change nothing."""

    def to_keras(_: np.ndarray) -> tuple[np.ndarray, ...]:
        return ()

    def to_torch() -> tuple[np.ndarray, ...]:
        return (array,)

    return Row((torch,), (), to_keras, to_torch)


def features_moved(site: Site, layer: str, axis: int) -> str:
    """A layer of PyTorch that takes the features as its second axis, called.

    Args:
        site: of Keras's layer.
        layer: the expression of PyTorch's.
        axis: of PyTorch's tensor, that has the features.
    """
    if axis == 1:
        return f"{layer}({site.x.text})"
    if site.x.axes == 3:
        return f"{layer}({site.x.text}.transpose(1, 2)).transpose(1, 2)"
    return f"{layer}({site.x.text}.movedim({axis}, 1)).movedim(1, {axis})"


def features_layout(plan: LayerPlan, axes: int) -> Layout:
    """The features are Keras's last axis, or one that is in Keras's order.

    Between recurrent layers they are moved for this one call, see `features_moved`.
    """
    if axes_of(plan, axes) != (axes - 1,):
        return "features last"
    return "any" if axes == 3 else "features second"


def sizes_of(site: Site, axes: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes of axes, of the layer's arrays or of what it takes."""
    for array in site.arrays.values():
        return tuple(array.shape)
    sizes = tuple(site.x.shape[axis] for axis in axes)
    assert None not in sizes, site.name
    return sizes  # type: ignore[return-value]  # none of them is open


def write_over_last_axes(site: Site, layer: str) -> str:
    """A layer of PyTorch that takes the axes it normalises as the last, called."""
    axes = axes_of(site.plan, site.x.axes)
    ends = tuple(range(-len(axes), 0))
    if axes == tuple(range(site.x.axes - len(axes), site.x.axes)):
        return f"{layer}({site.x.text})"
    return f"{layer}({site.x.text}.movedim({axes}, {ends})).movedim({ends}, {axes})"


def write_layer_norm(site: Site) -> str:
    """Layer normalisation over any axes."""
    shape = sizes_of(site, axes_of(site.plan, site.x.axes))
    eps = site.setting("epsilon", 1e-3)
    if site.setting("rms_scaling", False):
        site.helper("variance_norm")
        text = call_text("VarianceNorm", *shape, eps=eps)
        layer = site.module(text, rows=(copied("weight", "gamma"),))
        return write_over_last_axes(site, layer)
    has_scale, has_offset = "gamma" in site.arrays, "beta" in site.arrays
    settings = {"eps": eps}
    if not has_scale and not has_offset:
        settings["elementwise_affine"] = False
    elif not has_offset:
        settings["bias"] = False
    text = _over("LayerNorm", shape, changed(settings, {"eps": 1e-5}))
    rows = tuple(
        row for row in scale_rows(site.arrays, shape) if has_offset or row.keras
    )
    layer = site.module(text, rows=rows if has_scale or has_offset else None)
    return write_over_last_axes(site, layer)


def _over(name: str, shape: tuple[int, ...], settings: dict[str, Any]) -> str:
    """What makes a module that normalises over axes of this shape."""
    sizes = f"({', '.join(map(str, shape))})" if len(shape) > 1 else str(shape[0])
    pieces = [f"{key}={number_text(value)}" for key, value in settings.items()]
    return f"nn.{name}({', '.join([sizes, *pieces])})"


def write_rms_norm(site: Site) -> str:
    """RMS normalisation over any axes."""
    shape = site.arrays["scale"].shape
    text = _over("RMSNorm", shape, {"eps": site.setting("epsilon", 1e-6)})
    layer = site.module(text, rows=(copied("weight", "scale"),))
    return write_over_last_axes(site, layer)


def write_group_norm(site: Site) -> str:
    """Group normalisation of any axis; PyTorch has scale and offset, or neither."""
    (axis,) = axes_of(site.plan, site.x.axes)
    (features,) = sizes_of(site, (axis,))
    groups = site.setting("groups", 32)
    settings = {
        "eps": site.setting("epsilon", 1e-3),
        "affine": bool({"gamma", "beta"} & {*site.arrays}),
    }
    text = call_text(
        "nn.GroupNorm",
        features if groups == -1 else groups,
        features,
        **changed(settings, {"eps": 1e-5, "affine": True}),
    )
    rows = scale_rows(site.arrays, (features,)) if settings["affine"] else None
    layer = site.module(text, rows=rows)
    return features_moved(site, layer, site.x.axis_in_torch(axis))


def write_unit_norm(site: Site) -> str:
    """Division by the length along any axes."""
    axes = sorted(map(site.x.axis_in_torch, axes_of(site.plan, site.x.axes)))
    dims = axes[0] if len(axes) == 1 else tuple(axes)
    return f"F.normalize({site.x.text}, dim={dims})"


LAYER_NORMALIZATION = Source(write_layer_norm, "features last")
RMS_NORMALIZATION = Source(write_rms_norm, "features last")
GROUP_NORMALIZATION = Source(write_group_norm, features_layout)
UNIT_NORMALIZATION = Source(write_unit_norm)
