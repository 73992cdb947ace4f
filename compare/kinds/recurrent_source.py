"""How recurrent layers are written in PyTorch."""

from __future__ import annotations

from compare.kinds.source import Site, call_text, changed


def write(site: Site) -> str:
    """A plain recurrent layer."""
    features, _ = site.arrays["kernel"].shape
    units = site.arrays["recurrent_kernel"].shape[0]
    bias = changed({"bias": "bias" in site.arrays}, {"bias": True})
    kind = site.plan.keras
    layer = site.module(
        call_text(f"nn.{kind}", features, units, **bias, batch_first=True),
        (kind, kind),
    )
    hidden = site.variable("h")
    site.line(f"{hidden}, _ = {layer}({site.x.text})")
    if site.setting("return_sequences", False):
        return hidden
    return f"{hidden}[:, -1]"
