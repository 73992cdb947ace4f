"""How pooling is written in PyTorch."""

from __future__ import annotations

from typing import Any

from compare.kinds import padding_source
from compare.kinds.padding_source import as_sizes, spatial_axes
from compare.kinds.source import Site, Source, call_text

SMALLEST = 'float("-inf")'  # what the largest number of a window never is


def _windows(site: Site) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The size of a window, and its stride."""
    axes = site.x.axes - 2
    size = as_sizes(site.setting("pool_size", 2), axes)
    return size, as_sizes(site.setting("strides", size), axes)


def _made(
    site: Site, name: str, windows: tuple[tuple[int, ...], ...], **settings: Any
) -> str:
    """The module of a layer."""
    size, stride = windows
    if stride != size:
        settings = {"stride": stride, **settings}
    kind = f"nn.{name}Pool{site.x.axes - 2}d"
    return site.module(call_text(kind, size, **settings))


def _is_whole_without(windows: tuple[tuple[int, ...], ...]) -> bool:
    """Whether "same" is what PyTorch calls ceil_mode: a last window that is not whole.

    So it is of two steps in strides of two, where nothing stands before the first.
    """
    pairs = set(zip(*windows, strict=True))
    return (2, 2) in pairs and pairs <= {(2, 2), (1, 1)}


def write_max(site: Site) -> str:
    """The largest number of each window."""
    windows = _windows(site)
    if site.setting("padding", "valid") != "same":
        return f"{_made(site, 'Max', windows)}({site.x.text})"
    if _is_rounded_up(site, windows):
        return f"{_made(site, 'Max', windows, ceil_mode=True)}({site.x.text})"
    around = padding_source.same_around(site, *windows)
    if around is not None and padding_source.is_even(around):
        padded = padding_source.padded(site, around, windows)
        return f"{_made(site, 'Max', windows, **padded.settings)}({padded.text})"
    layer = _made(site, "Max", windows)
    if around is not None:
        return f"{layer}({padding_source.filled(site.x.text, around, SMALLEST)})"
    site.helper("pad_same")
    sizes = f"{windows[0]}, {windows[1]}"
    return f"{layer}(pad_same({site.x.text}, {sizes}, {SMALLEST}))"


def _is_rounded_up(site: Site, windows: tuple[tuple[int, ...], ...]) -> bool:
    """Whether windows that are not whole are all that "same" adds, and it adds some."""
    around = padding_source.same_around(site, *windows)
    if around is not None and not any(after for _, after in around):
        return False
    return _is_whole_without(windows)


def write_mean(site: Site) -> str:
    """The mean of each window, of the steps in it that are no padding."""
    windows = _windows(site)
    if site.setting("padding", "valid") != "same":
        return f"{_made(site, 'Avg', windows)}({site.x.text})"
    if _is_rounded_up(site, windows):
        return f"{_made(site, 'Avg', windows, ceil_mode=True)}({site.x.text})"
    around = padding_source.same_around(site, *windows)
    if around is None or not padding_source.is_even(around):
        site.helper("average_pool_same")
        return f"average_pool_same({site.x.text}, {windows[0]}, {windows[1]})"
    padded = padding_source.padded(site, around, windows)
    settings = padded.settings
    if settings:
        settings = {**settings, "count_include_pad": False}
    return f"{_made(site, 'Avg', windows, **settings)}({padded.text})"


def _axes_in_torch(site: Site) -> str:
    """The axes of PyTorch's tensor that a layer takes away, as text."""
    axes = sorted(map(site.x.axis_in_torch, spatial_axes(site)))
    return str(axes[0]) if len(axes) == 1 else str(tuple(axes))


def _kept(site: Site) -> str:
    return ", keepdim=True" if site.setting("keepdims", False) else ""


def write_global_max(site: Site) -> str:
    """The largest number of each feature; masked steps count, as in Keras."""
    return f"{site.x.text}.amax({_axes_in_torch(site)}{_kept(site)})"


def write_global_mean(site: Site) -> str:
    """The mean of each feature, of the steps that count."""
    x, axes = site.x, _axes_in_torch(site)
    if not site.mask or x.axes != 3:
        return f"{x.text}.mean({axes}{_kept(site)})"
    axis = 1 if x.features_second or padding_source.features_first(site.plan) else 2
    counts = site.variable("counts")
    site.line(
        f"{counts} = {site.mask}.unsqueeze({axis})", "which steps of x the mean is of"
    )
    total = f"({x.text} * {counts}).sum({axes}{_kept(site)})"
    return f"{total} / {counts}.sum({axes}{_kept(site)})"


def _write_adaptive(word: str) -> Source:
    """Pooling to as many steps as are asked for."""

    def write(site: Site) -> str:
        axes = site.x.axes - 2
        size = as_sizes(site.setting("output_size", 1), axes)
        layer = site.module(call_text(f"nn.Adaptive{word}Pool{axes}d", size))
        return f"{layer}({site.x.text})"

    return Source(write, padding_source.layout)


MAX = Source(write_max, padding_source.layout)
MEAN = Source(write_mean, padding_source.layout)
GLOBAL_MAX = Source(write_global_max)
GLOBAL_MEAN = Source(write_global_mean)
ADAPTIVE_MAX, ADAPTIVE_MEAN = _write_adaptive("Max"), _write_adaptive("Avg")
