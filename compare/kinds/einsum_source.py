"""How Keras's EinsumDense is written in PyTorch."""

from __future__ import annotations

import math

from compare.kinds.activation_source import with_activation
from compare.kinds.einsum import axes_of
from compare.kinds.parameters import parameter
from compare.kinds.source import Site, Source, call_text, changed


def write(site: Site) -> str:
    """A Linear where it is one, else the equation."""
    equation = str(site.setting("equation")).replace(" ", "")
    axes = axes_of(equation)
    kernel, bias = site.arrays["kernel"], site.arrays.get("bias")
    if axes is None or (bias is not None and bias.shape != kernel.shape[-axes[1] :]):
        text = f'torch.einsum("{equation}", {site.x.text}, {parameter(site, "kernel")})'
        if bias is not None:
            text = f"{text} + {parameter(site, 'bias')}"
        return with_activation(site, f"({text})" if bias is not None else text)
    taken, made = axes
    inputs, outputs = kernel.shape[:taken], kernel.shape[taken:]
    settings = changed({"bias": bias is not None}, {"bias": True})
    layer = site.module(
        call_text("nn.Linear", math.prod(inputs), math.prod(outputs), **settings),
        ("Linear", "EinsumDense"),
    )
    text = site.x.text if taken == 1 else f"{site.x.text}.flatten(-{taken})"
    text = f"{layer}({text})"
    if made > 1:
        text = f"{text}.unflatten(-1, ({', '.join(map(str, outputs))}))"
    return with_activation(site, text)


EINSUM_DENSE = Source(write, "features last")
