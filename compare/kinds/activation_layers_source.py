"""How Keras's layers of activations, and of other dropout, are written in PyTorch."""

from __future__ import annotations

from typing import Any

from compare.kinds.activation_source import elu_text, leaky_relu_text, relu_text
from compare.kinds.graph import LayerPlan
from compare.kinds.rows import Row
from compare.kinds.source import (
    Layout,
    Site,
    Source,
    TensorText,
    call_text,
    number_text,
)
from compare.kinds.source_tensors import moved_features


def write_relu(site: Site) -> str:
    """Relu from a threshold on, with a slope below it and a limit above."""
    x = site.x.text
    threshold = site.setting("threshold", 0.0)
    if not threshold:
        return relu_text(x, site.plan.config)
    limit = site.plan.config.get("max_value")
    slope = site.setting("negative_slope", 0.0)
    above = x if limit is None else f"{x}.clamp(0, {number_text(limit)})"
    below = f"{slope} * ({x} - {threshold})" if slope else "0.0"
    return f"torch.where({x} > {threshold}, {above}, {below})"


def write_leaky_relu(site: Site) -> str:
    """Relu with a slope below zero."""
    return leaky_relu_text(site.x.text, site.plan.config)


def write_elu(site: Site) -> str:
    """The exponential below zero."""
    return elu_text(site.x.text, site.plan.config)


def write_softmax(site: Site) -> str:
    """Softmax along one axis or several, of what a mask lets count."""
    x = site.x
    axis = site.setting("axis", -1)
    numbers = [axis] if isinstance(axis, int) else axis
    axes = [x.axis_in_torch(number) for number in numbers]
    axes = [-1 if number == x.axes - 1 else number for number in axes]
    text = x.text
    mask = _mask_of(site)
    if mask:
        text = f"{text}.masked_fill(~{mask}, -1e9)"
    if len(axes) == 1:
        text = f"F.softmax({text}, dim={axes[0]})"
    else:
        text = f"torch.exp({text} - {text}.logsumexp({tuple(axes)}, keepdim=True))"
    return f"{text}.masked_fill(~{mask}, 0.0)" if mask else text


def _mask_of(site: Site) -> str:
    """The mask that a softmax is called with, or that comes with what it takes."""
    given = site.kwargs.get("mask")
    if given is None and len(site.args) > 1:
        given = site.args[1]
    if isinstance(given, TensorText):
        return given.text if given.dtype == "bool" else f"({given.text} > 0.5)"
    return site.mask if site.x.axes == 2 else ""


# ------------------------------------------------------------------------------- PReLU


def _shared(plan: LayerPlan) -> set[int]:
    """Keras's axes that share a slope."""
    return set(plan.config.get("shared_axes") or ())


def prelu_layout(plan: LayerPlan, axes: int) -> Layout:
    """PyTorch has a slope for each channel, or one for all."""
    if _shared(plan) >= set(range(1, axes)):
        return "any"
    return "features second" if _has_one_a_channel(plan, axes) else "features last"


def _has_one_a_channel(plan: LayerPlan, axes: int) -> bool:
    return _shared(plan) == set(range(1, axes - 1))


def write_prelu(site: Site) -> str:
    """Relu with slopes that are learnt."""
    shape = site.arrays["alpha"].shape
    axes = site.x.axes
    # Keras's order has the channels second where its data format does.
    is_second = axes > 2 and _shared(site.plan) == set(range(2, axes))
    if _shared(site.plan) >= set(range(1, axes)):
        text = "nn.PReLU()"
    elif _has_one_a_channel(site.plan, axes) or is_second:
        text = call_text("nn.PReLU", max(shape))
    else:
        site.helper("slope_per_place")
        text = call_text("SlopePerPlace", *shape)
        return f"{site.module(text, rows=(_slopes(shape),))}({site.x.text})"
    layer = site.module(text, rows=(_slopes((max(shape),)),))
    return f"{layer}({site.x.text})"


def _slopes(shape: tuple[int, ...]) -> Row:
    """Keras's slopes have axes of size 1 more than PyTorch's."""

    def to_keras(weight: Any) -> tuple[Any, ...]:
        return (weight,)

    def to_torch(alpha: Any) -> tuple[Any, ...]:
        return (alpha.reshape(shape),)

    return Row(("weight",), ("alpha",), to_keras, to_torch)


# ----------------------------------------------------------------------------- dropout


def write_spatial_dropout(site: Site) -> str:
    """Dropout of whole features, which PyTorch takes as the second axis."""
    x = site.x
    text = call_text(f"nn.Dropout{x.axes - 2}d", site.setting("rate", 0.5))
    layer = site.module(text)
    if x.features_second or site.setting("data_format") == "channels_first":
        return f"{layer}({x.text})"
    taken = moved_features(x.text, x.axes, second=True)
    return moved_features(f"{layer}({taken})", x.axes, second=False)


def write_alpha_dropout(site: Site) -> str:
    """Dropout that keeps mean and variance of what SELU makes."""
    layer = site.module(call_text("nn.AlphaDropout", site.setting("rate", 0.5)))
    return f"{layer}({site.x.text})"


LAYERS = {
    "ReLU": Source(write_relu),
    "LeakyReLU": Source(write_leaky_relu),
    "ELU": Source(write_elu),
    "Softmax": Source(write_softmax),
    "PReLU": Source(write_prelu, prelu_layout),
    "AlphaDropout": Source(write_alpha_dropout),
    "SpatialDropout1D": Source(write_spatial_dropout),
    "SpatialDropout2D": Source(write_spatial_dropout),
    "SpatialDropout3D": Source(write_spatial_dropout),
}
