"""How transposed convolutions are written in PyTorch."""

from __future__ import annotations

from typing import Any

from compare.kinds import padding_source
from compare.kinds.activation_source import with_activation
from compare.kinds.convolution_source import module_text, strided
from compare.kinds.graph import LayerPlan
from compare.kinds.layer import Arrays
from compare.kinds.padding_source import as_sizes
from compare.kinds.source import Site, Source
from compare.kinds.windows import Around, reaches


def _length_cut(reach: int, stride: int, padding: str, extra: int | None) -> int:
    """How many steps of the whole output Keras cuts off; below zero, it adds some."""
    if padding == "same":
        return reach - stride if extra is None else reach - reach % 2 - extra
    if extra is None:
        return -max(stride - reach, 0)
    return -extra


def cut_of(plan: LayerPlan, window: tuple[int, ...]) -> Around:
    """How many steps Keras cuts off before and after each axis; below zero, it adds.

    None of it depends on the size of the input; see `transposed_convolution.cut`.
    """
    axes = len(window)
    strides = as_sizes(plan.config.get("strides", 1), axes)
    dilations = as_sizes(plan.config.get("dilation_rate", 1), axes)
    padding = plan.config.get("padding", "valid")
    extra = plan.config.get("output_padding")
    extras = (None,) * axes if extra is None else as_sizes(extra, axes)
    ends = []
    for reach, stride, more in zip(
        reaches(window, dilations), strides, extras, strict=True
    ):
        cut = _length_cut(reach, stride, padding, more)
        before = max(cut, 0) // 2 if padding == "same" else 0
        ends.append((before, cut - before))
    return tuple(ends)


def write(site: Site) -> str:
    """A transposed convolution, and what Keras cuts off its end beyond PyTorch."""
    *sizes, outputs, inputs = site.arrays["kernel"].shape
    window, axes = tuple(sizes), len(sizes)
    ends = cut_of(site.plan, window)
    settings: dict[str, Any] = strided(site, axes)
    if any(before for before, _ in ends):
        settings["padding"] = tuple(before for before, _ in ends)
    settings["output_padding"] = tuple(max(before - after, 0) for before, after in ends)
    settings["bias"] = "bias" in site.arrays
    text = module_text(f"ConvTranspose{axes}d", (inputs, outputs), window, settings)
    layer = site.module(text, (f"ConvTranspose{axes}d", f"Conv{axes}DTranspose"))
    result = f"{layer}({site.x.text})"
    too_many = [max(after - before, 0) for before, after in ends]
    if any(too_many):
        cuts = ", ".join(f":-{number}" if number else ":" for number in too_many)
        result = f"{result}[..., {cuts}]"
    return with_activation(site, result)


def problem(plan: LayerPlan, arrays: Arrays) -> str:
    """More steps added than PyTorch's layer can."""
    if "kernel" in arrays:
        window = arrays["kernel"].shape[:-2]
        strides = as_sizes(plan.config.get("strides", 1), len(window))
        dilations = as_sizes(plan.config.get("dilation_rate", 1), len(window))
        for (before, after), stride, dilation in zip(
            cut_of(plan, window), strides, dilations, strict=True
        ):
            if before - after >= max(stride, dilation):
                return (
                    f"{plan.keras} that adds {before - after} steps to an axis: needs "
                    "an output_padding below the stride or the dilation"
                )
    return ""


SOURCE = Source(write, padding_source.layout, problem=problem)
