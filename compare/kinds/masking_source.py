"""How a layer that says which steps count is written in PyTorch."""

from __future__ import annotations

from compare.kinds.source import Site, Source, number_text, steps_text


def mask_of(site: Site) -> str:
    """The steps that count: those with a feature that is not the value of padding."""
    mask = site.variable("mask")
    value = number_text(_value(site))
    site.line(
        f"{mask} = ({site.x.text} != {value}).any(dim=-1)",
        f"{steps_text(site.x)}, the steps that count",
    )
    return mask


def write(site: Site) -> str:
    """Zeros in the place of steps that do not count, which are zeros if these are 0."""
    if _value(site) == 0:
        return site.x.text
    return f"{site.x.text} * {site.result_mask}.unsqueeze(-1)"


def _value(site: Site) -> float:
    value = site.setting("mask_value", 0.0)
    return float(value)


SOURCE = Source(write, "features last", mask_of=mask_of)
