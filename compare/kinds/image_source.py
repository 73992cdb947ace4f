"""How layers that pad, cut, resize and rescale images are written in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from compare.kinds import padding_source
from compare.kinds.graph import LayerPlan
from compare.kinds.layer import Arrays
from compare.kinds.norm_source import constant
from compare.kinds.padding_source import as_sizes, spatial_axes
from compare.kinds.rows import Row
from compare.kinds.source import Layout, Site, Source, TensorText, call_text
from compare.kinds.windows import Around

MODES = {"nearest": "nearest", "bilinear": "bilinear"}


def pairs_of(value: Any, axes: int) -> Around:
    """Steps before and after each axis, as Keras's padding and cropping say them.

    Args:
        value: a number for all, one for each axis, or a pair for each; of one axis the
            pair itself.
        axes: how many.
    """
    if isinstance(value, int):
        return ((value, value),) * axes
    if axes == 1:
        before, *after = value if isinstance(value[0], int) else value[0]
        return ((before, after[0] if after else before),)
    pairs = []
    for entry in value:
        pairs.append((entry, entry) if isinstance(entry, int) else tuple(entry))
    return tuple(pairs)


# ------------------------------------------------------------------------------- edges


def padding_layout(plan: LayerPlan, axes: int) -> Layout:
    """Images are padded before a convolution; one axis may be padded anywhere."""
    return "any" if axes == 3 else padding_source.layout(plan, axes)


def write_padding(site: Site) -> str:
    """Zeros around axes."""
    around = pairs_of(site.setting("padding", 1), site.x.axes - 2)
    features_are_last = not site.x.features_second
    if features_are_last and not padding_source.features_first(site.plan):
        around = (*around, (0, 0))
    return padding_source.filled(site.x.text, around)


def write_cropping(site: Site) -> str:
    """Steps taken away from the ends of axes."""
    pairs = pairs_of(site.setting("cropping", 1), site.x.axes - 2)
    pieces = [":"] * site.x.axes
    for axis, (before, after) in zip(spatial_axes(site), pairs, strict=True):
        start = str(before) if before else ""
        stop = f"-{after}" if after else ""
        pieces[site.x.axis_in_torch(axis)] = f"{start}:{stop}"
    while len(pieces) > 1 and pieces[-1] == ":":
        pieces.pop()
    return f"{site.x.text}[{', '.join(pieces)}]"


# ------------------------------------------------------------------------------- sizes


def write_upsampling(site: Site) -> str:
    """Each step repeated, or new ones between them."""
    factor = as_sizes(site.setting("size", 2), site.x.axes - 2)
    settings: dict[str, Any] = {"scale_factor": factor}
    mode = site.setting("interpolation", "nearest")
    if mode != "nearest":
        settings["mode"] = MODES[mode]
    layer = site.module(call_text("nn.Upsample", **settings))
    return f"{layer}({site.x.text})"


def upsampling_problem(plan: LayerPlan, arrays: Arrays) -> str:
    """Interpolations of which PyTorch has others."""
    mode = plan.config.get("interpolation", "nearest")
    if mode in MODES:
        return ""
    return f"{plan.keras} with {mode} interpolation: needs nearest or bilinear"


def write_resizing(site: Site) -> str:
    """Images of another height and width."""
    height, width = site.setting("height"), site.setting("width")
    mode = site.setting("interpolation", "bilinear")
    mode = "nearest-exact" if mode == "nearest" else mode
    text = site.x.text
    if "float" not in site.x.dtype:
        text = f"{text}.float()"
    return f'F.interpolate({text}, ({height}, {width}), mode="{mode}")'


def resizing_problem(plan: LayerPlan, arrays: Arrays) -> str:
    """Ways of resizing that PyTorch has not, or has otherwise."""
    ways = ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    for way in ways:
        if plan.config.get(way):
            return f"Resizing with {way}: needs one without it"
    mode = plan.config.get("interpolation", "bilinear")
    if mode in MODES:
        return ""
    return f"Resizing with {mode} interpolation: needs nearest or bilinear"


# ------------------------------------------------------------------------------- units


def rescaling_layout(plan: LayerPlan, axes: int) -> Layout:
    """Numbers of each channel are Keras's last axis."""
    settings = plan.config.get("scale"), plan.config.get("offset", 0)
    return "any" if all(map(_is_number, settings)) else "features last"


def write_rescaling(site: Site) -> str:
    """A factor and an offset, of all numbers or of each channel."""
    x, scale = site.x, _plain(site.setting("scale", 1.0))
    offset = _plain(site.setting("offset", 0.0))
    text = _scaled(x, scale)
    if not _is_number(offset):
        return f"{text} + {x.text}.new_tensor({offset})"
    if offset:
        sign = "-" if offset < 0 else "+"
        text = f"{text} {sign} {abs(offset)}"
    return text


def _scaled(x: TensorText, scale: Any) -> str:
    """A tensor times a factor; a division where that is the plainer number."""
    text = x.text if "float" in x.dtype else f"{x.text}.float()"
    if not _is_number(scale):
        return f"{text} * {text}.new_tensor({scale})"
    parts = round(1 / scale) if scale else 0
    if abs(parts) > 1 and 1 / parts == scale:
        return f"{text} / {parts}"
    return f"{text} * {scale}"


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, int | float)


def _plain(value: Any) -> Any:
    """Numbers as they are, in lists; those of a saved array are under its "value"."""
    if isinstance(value, dict):
        return value.get("config", {}).get("value", value)
    return list(value) if isinstance(value, tuple) else value


def write_normalization(site: Site) -> str:
    """A mean and a variance that were learnt from data, or told."""
    axis = site.plan.config.get("axis", -1)
    numbers = [axis] if isinstance(axis, int) else axis or ()
    kept = {number % site.x.axes for number in numbers}
    sizes = [
        site.x.shape[number] if number in kept else 1 for number in range(site.x.axes)
    ]
    first = min(kept, default=site.x.axes)
    shape = tuple(size or 1 for size in sizes[first:])
    rows = tuple(_statistics(site, name, shape) for name in ("mean", "variance"))
    site.helper("standardise")
    backwards = {"invert": True} if site.setting("invert", False) else {}
    layer = site.module(call_text("Standardise", *shape, **backwards), rows=rows)
    return f"{layer}({site.x.text})"


def _statistics(site: Site, name: str, shape: tuple[int, ...]) -> Row:
    """The mean or the variance: an array of Keras's layer, or in its configuration."""
    if name not in site.arrays:
        numbers = np.asarray(_plain(site.setting(name, 0.0)), "float64")
        return constant(name, np.broadcast_to(numbers, shape))

    def to_keras(array: np.ndarray) -> tuple[np.ndarray, ...]:
        return (array,)

    def to_torch(array: np.ndarray) -> tuple[np.ndarray, ...]:
        return (array.reshape(shape),)

    return Row((name,), (name,), to_keras, to_torch)


PADDING = Source(write_padding, padding_layout)
CROPPING = Source(write_cropping)
UPSAMPLING = Source(write_upsampling, padding_source.layout, problem=upsampling_problem)
RESIZING = Source(write_resizing, padding_source.layout, problem=resizing_problem)
RESCALING = Source(write_rescaling, rescaling_layout)
NORMALIZATION = Source(write_normalization, "features last")
LAYERS = {
    **{f"ZeroPadding{axes}D": PADDING for axes in (1, 2, 3)},
    **{f"Cropping{axes}D": CROPPING for axes in (1, 2, 3)},
    **{f"UpSampling{axes}D": UPSAMPLING for axes in (1, 2, 3)},
    "Resizing": RESIZING,
    "Rescaling": RESCALING,
    "Normalization": NORMALIZATION,
}
