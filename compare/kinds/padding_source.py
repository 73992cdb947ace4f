"""How the padding of convolutions and pooling is written in PyTorch.

Keras's "same" puts the larger half after an axis, and where the stride is above one,
how much it puts depends on the size of the axis. PyTorch's `padding` puts the same on
both sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from compare.kinds.edges import numbers_of_pytorch
from compare.kinds.graph import LayerPlan
from compare.kinds.source import Layout, Site
from compare.kinds.windows import Around, around


@dataclass(frozen=True)
class Padded:
    """What a window slides over.

    Args:
        text: the expression of the tensor, padded if `settings` pad nothing.
        settings: `padding` of PyTorch's layer, if it has any.
    """

    text: str
    settings: dict[str, Any] = field(default_factory=dict)


def features_first(plan: LayerPlan) -> bool:
    """Whether Keras's layer has the features second."""
    return plan.config.get("data_format") == "channels_first"


def layout(plan: LayerPlan, axes: int) -> Layout:
    """Where a layer of images takes the features: second, in Keras's order or ours."""
    return "features last" if features_first(plan) else "features second"


def spatial_axes(site: Site) -> tuple[int, ...]:
    """Keras's numbers of the axes that are neither the batch nor the features."""
    first = 2 if features_first(site.plan) else 1
    return tuple(range(first, first + site.x.axes - 2))


def as_sizes(value: Any, axes: int) -> tuple[int, ...]:
    """A number for each axis."""
    if isinstance(value, int):
        return (value,) * axes
    return tuple(value)


def same_around(
    site: Site, reaches: tuple[int, ...], strides: tuple[int, ...]
) -> Around | None:
    """Steps before and after each axis for "same"; None where they are not known yet.

    Args:
        site: of the layer.
        reaches: steps from the first to the last of a window.
        strides: steps from one window to the next.
    """
    sizes = []
    for axis, reach, stride in zip(spatial_axes(site), reaches, strides, strict=True):
        size = site.x.shape[axis]
        if size is None and stride > 1 and reach > 1:
            return None
        sizes.append(size or stride)
    return around("same", sizes, reaches, strides)


def padded(
    site: Site, around_axes: Around | None, windows: tuple[tuple[int, ...], ...]
) -> Padded:
    """What a layer with zeros around its axes slides over.

    Args:
        site: of the layer.
        around_axes: steps before and after each axis, None where they are not known.
        windows: reaches and strides, for those.
    """
    if around_axes is None:
        site.helper("pad_same")
        reaches, strides = windows
        return Padded(f"pad_same({site.x.text}, {reaches}, {strides})")
    if is_even(around_axes):
        before = tuple(pair[0] for pair in around_axes)
        return Padded(site.x.text, {"padding": before} if any(before) else {})
    return Padded(filled(site.x.text, around_axes))


def is_even(around_axes: Around) -> bool:
    """Whether there is as much before each axis as after it."""
    return all(before == after for before, after in around_axes)


def filled(text: str, around_axes: Around, value: str = "") -> str:
    """A tensor with features second, with numbers around its axes.

    Args:
        text: its expression.
        around_axes: steps before and after each axis.
        value: the number; zero where it is empty.
    """
    numbers = ", ".join(map(str, numbers_of_pytorch(around_axes)))
    ending = f", value={value}" if value else ""
    return f"F.pad({text}, ({numbers}){ending})"
