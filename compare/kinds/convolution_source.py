"""How convolutions are written in PyTorch."""

from __future__ import annotations

from typing import Any

from compare.kinds import padding_source
from compare.kinds.activation_source import with_activation
from compare.kinds.convolution_arrays import depthwise, turned
from compare.kinds.padding_source import Padded, as_sizes
from compare.kinds.rows import copied
from compare.kinds.source import Site, Source, call_text, changed
from compare.kinds.windows import reaches

LONGEST = 48  # letters of two layers that are called in one line
DEFAULTS = {"stride": 1, "dilation": 1, "groups": 1, "bias": True, "output_padding": 0}


def module_text(
    kind: str,
    sizes: tuple[int, int],
    window: tuple[int, ...],
    settings: dict[str, Any],
) -> str:
    """What makes a module, without the settings that are PyTorch's defaults.

    Args:
        kind: such as "Conv2d".
        sizes: how many features it takes and returns.
        window: a number for each axis.
        settings: by PyTorch's names; those of axes are tuples.
    """
    plain = {}
    for name, value in settings.items():
        is_one = isinstance(value, tuple) and len(set(value)) == 1
        plain[name] = value[0] if is_one else value
    return call_text(f"nn.{kind}", *sizes, window, **changed(plain, DEFAULTS))


def padded(site: Site, window: tuple[int, ...]) -> Padded:
    """What a convolution slides over."""
    axes = len(window)
    strides = as_sizes(site.setting("strides", 1), axes)
    far = reaches(window, as_sizes(site.setting("dilation_rate", 1), axes))
    padding = site.setting("padding", "valid")
    if padding == "causal" and far[0] > 1:
        return Padded(padding_source.filled(site.x.text, ((far[0] - 1, 0),)))
    if padding != "same":
        return Padded(site.x.text)
    around = padding_source.same_around(site, far, strides)
    is_word = around is not None and padding_source.is_even(around)
    if is_word and max(strides) == 1 and max(far) > 1:
        return Padded(site.x.text, {"padding": "same"})
    return padding_source.padded(site, around, (far, strides))


def strided(site: Site, axes: int) -> dict[str, Any]:
    """The stride and the dilation of a layer."""
    return {
        "stride": as_sizes(site.setting("strides", 1), axes),
        "dilation": as_sizes(site.setting("dilation_rate", 1), axes),
    }


def write(site: Site) -> str:
    """A convolution in groups or in one."""
    *sizes, inputs, outputs = site.arrays["kernel"].shape
    window, groups = tuple(sizes), site.setting("groups", 1)
    around = padded(site, window)
    text = module_text(
        f"Conv{len(window)}d",
        (inputs * groups, outputs),
        window,
        {
            **strided(site, len(window)),
            **around.settings,
            "groups": groups,
            "bias": "bias" in site.arrays,
        },
    )
    layer = site.module(text, (f"Conv{len(window)}d", f"Conv{len(window)}D"))
    return with_activation(site, f"{layer}({around.text})")


def write_depthwise(site: Site) -> str:
    """A convolution with as many groups as inputs."""
    *sizes, inputs, multiplier = site.arrays["kernel"].shape
    window = tuple(sizes)
    around = padded(site, window)
    text = module_text(
        f"Conv{len(window)}d",
        (inputs, inputs * multiplier),
        window,
        {
            **strided(site, len(window)),
            **around.settings,
            "groups": inputs,
            "bias": "bias" in site.arrays,
        },
    )
    rows = (depthwise("weight", "kernel", inputs), copied("bias", "bias"))
    layer = site.module(text, rows=rows)
    return with_activation(site, f"{layer}({around.text})")


def write_separable(site: Site) -> str:
    """A depthwise convolution, and one of a single step across all its outputs."""
    *sizes, inputs, multiplier = site.arrays["depthwise_kernel"].shape
    window, between = tuple(sizes), inputs * multiplier
    outputs = site.arrays["pointwise_kernel"].shape[-1]
    around = padded(site, window)
    kind = f"Conv{len(window)}d"
    each = module_text(
        kind,
        (inputs, between),
        window,
        {
            **strided(site, len(window)),
            **around.settings,
            "groups": inputs,
            "bias": False,
        },
    )
    across = module_text(
        kind, (between, outputs), (1,) * len(window), {"bias": "bias" in site.arrays}
    )
    depthwise_rows = (depthwise("weight", "depthwise_kernel", inputs),)
    pointwise_rows = (turned("weight", "pointwise_kernel"), copied("bias", "bias"))
    first = site.module(each, rows=depthwise_rows, suffix="_depthwise")
    second = site.module(across, rows=pointwise_rows, suffix="_pointwise")
    between_text = f"{first}({around.text})"
    if len(second + between_text) > LONGEST:
        name = site.variable("depthwise")
        site.line(f"{name} = {between_text}")
        between_text = name
    return with_activation(site, f"{second}({between_text})")


CONVOLUTION = Source(write, padding_source.layout)
DEPTHWISE = Source(write_depthwise, padding_source.layout)
SEPARABLE = Source(write_separable, padding_source.layout)


def sources(axes: int) -> dict[str, Source]:
    """The convolutions of Keras over so many axes."""
    by_class = {f"Conv{axes}D": CONVOLUTION}
    if axes < 3:
        by_class[f"DepthwiseConv{axes}D"] = DEPTHWISE
        by_class[f"SeparableConv{axes}D"] = SEPARABLE
    return by_class
