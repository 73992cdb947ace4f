"""Plots as SVG that goes into a page: text as text, colours as the page's own.

Each plot is drawn in a few colours that stand for the page's, and takes these by name,
so that one drawing is right in light and in dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from compare.judging.picture import GateCurves, HeatMap, StepCurves
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.reports import drawing
from compare.reports.drawing import INK, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What matplotlib draws in, and what the page calls it in style.css.
SOFT, FAINT = "#070809", "#040506"
TORCH, KERAS, WRONG, LIMIT = "#0a0b0c", "#0d0e0f", "#101112", "#131415"
VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--line)",
    SOFT: "var(--soft)",
    TORCH: "var(--torch)",
    KERAS: "var(--keras)",
    WRONG: "var(--wrong)",
    LIMIT: "var(--good)",
}
SETTINGS = {
    **drawing.SETTINGS,
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.edgecolor": FAINT,
}
WIDTH, HEIGHT = 4.6, 2.9  # inches, of 72 points
LEAST_SHOWN = 1e-6  # of a heat map's largest value: what is less has its colour
MOST_DECADES = 8  # that an axis of powers of ten has a mark for


def heat_map(heat: HeatMap, name: str) -> str:
    """How far twins are apart in two axes of a stage.

    Args:
        heat: its values.
        name: tells the plot from others of the page.
    """
    from matplotlib.colors import LogNorm

    values = np.where(np.isfinite(heat.values), heat.values, np.nan)
    shown = np.where(values > heat.limit, values, np.nan)
    positive = shown[shown > 0]
    with _figure() as (figure, axes):
        norm = None
        if positive.size:
            top = float(np.nanmax(positive))
            bottom = max(float(positive.min()), top * LEAST_SHOWN)
            norm = LogNorm(bottom, top)
        image = axes.imshow(
            shown, aspect="auto", norm=norm, cmap="viridis", interpolation="nearest"
        )
        across, down = heat.merged[1], heat.merged[0]
        rows, columns = values.shape
        image.set_extent((0.5, columns * across + 0.5, rows * down + 0.5, 0.5))
        whole_numbers(axes.xaxis, axes.yaxis)
        axes.set_xlabel(heat.columns)
        axes.set_ylabel(heat.rows)
        if norm is not None:
            figure.subplots_adjust(right=0.92)  # room for the figures of its scale
            bar = figure.colorbar(image, ax=axes)
            bar.outline.set_visible(False)
            _few_figures(bar.ax, bottom, top)
        largest = f"{positive.max():.1e}" if positive.size else "0"
        return _svg(
            figure,
            name,
            f"Largest difference in {heat.stage} by {heat.rows} and {heat.columns}, "
            f"as a part of the largest value; at most {largest}. "
            "Blank: within the limit.",
        )


def step_curves(curves: StepCurves, name: str) -> str:
    """Gap, noise and limit of a stage after each step."""
    steps = np.arange(1, len(curves.gap) + 1)
    with _figure() as (figure, axes):
        marker = "." if len(steps) < 2 else ""
        for label, values, colour, style in (
            ("limit", curves.limit, LIMIT, "--"),
            ("noise of float32", curves.noise, SOFT, ":"),
            ("gap", curves.gap, WRONG, "-"),
        ):
            positive = np.where(values > 0, values, np.nan)  # 0 has no logarithm
            axes.plot(steps, positive, style, marker=marker, color=colour, label=label)
        if curves.horizon < len(steps):
            axes.axvline(curves.horizon + 0.5, color=INK, linewidth=0.8)
            axes.text(curves.horizon + 0.6, 0.9, "horizon", transform=_at_top(axes))
        _powers_of_ten(axes, [curves.limit, curves.noise, curves.gap])
        whole_numbers(axes.xaxis)
        axes.set_xlabel("time step")
        figure.subplots_adjust(top=0.86)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, fontsize=8)
        return _svg(
            figure,
            name,
            f"{curves.stage} by time step: the gap in float64 is {curves.gap[-1]:.1e} "
            f"after the last step, and its limit {curves.limit[-1]:.1e}",
        )


def gate_curves(curves: GateCurves, name: str) -> tuple[str, float]:
    """What each gate of a recurrent layer is given, on both sides, above each other.

    Args:
        curves: of the gates.
        name: tells the plot from others of the page.

    Returns:
        The plot, and how much a mark of its axis is above the next.
    """
    gates = {
        gate: (values["torch"], values["keras"])
        for gate, values in curves.gates.items()
    }
    spread = max(float(np.nanmax(pair) - np.nanmin(pair)) for pair in gates.values())
    distance = float(f"{1.2 * spread:.1g}") or 1.0
    places = [-distance * number for number in range(len(gates))]
    with _figure() as (figure, axes):
        for (torch, keras), place in zip(gates.values(), places, strict=True):
            steps = np.arange(1, len(torch) + 1)
            middle = (np.nanmax([torch, keras]) + np.nanmin([torch, keras])) / 2
            marker = "." if len(steps) < 2 else ""
            axes.plot(steps, torch - middle + place, "-", marker=marker, color=TORCH)
            axes.plot(steps, keras - middle + place, "--", marker=marker, color=KERAS)
        axes.set_yticks(places, [*gates])
        whole_numbers(axes.xaxis)
        axes.set_xlabel("time step, PyTorch solid, Keras dashed")
        title = (
            f"What the gates of {curves.layer} are given before their activations, in "
            f"sample {curves.sample}, unit {curves.unit}: PyTorch solid, Keras dashed"
        )
        return _svg(figure, name, title), distance


def learning_curves(
    losses: Mapping[Side, Sequence[float]], gaps: Sequence[float], name: str
) -> tuple[str, str]:
    """The losses of both sides, and how far apart they are in float64.

    Args:
        losses: before each step, by side.
        gaps: before each step.
        name: tells the plots from others of the page.
    """
    steps = np.arange(1, len(gaps) + 1)
    with _figure() as (figure, axes):
        axes.plot(steps, losses["torch"], "-", color=TORCH, label=SIDES["torch"])
        axes.plot(steps, losses["keras"], "--", color=KERAS, label=SIDES["keras"])
        whole_numbers(axes.xaxis)
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.legend(loc="upper right", fontsize=8)
        title = (
            f"The losses of both twins over {len(steps)} steps; at the last step "
            f"PyTorch's is {losses['torch'][-1]:.4g}, Keras's {losses['keras'][-1]:.4g}"
        )
        curves = _svg(figure, f"{name}-losses", title)
    with _figure() as (figure, axes):
        positive = np.where(np.asarray(gaps) > 0, gaps, np.nan)
        axes.plot(steps, positive, "-", color=WRONG)
        _powers_of_ten(axes, [positive])
        whole_numbers(axes.xaxis)
        axes.set_xlabel("step")
        axes.set_ylabel("gap in float64")
        title = f"How far apart the losses are; at most {max(gaps):.1e}"
        return curves, _svg(figure, f"{name}-gaps", title)


# --------------------------------------------------------------------------- drawing


@contextmanager
def _figure() -> Iterator[tuple[Figure, Axes]]:
    """A figure with one plot."""
    import matplotlib  # half a second, and an extra of the install
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(WIDTH, HEIGHT))
        figure.subplots_adjust(left=0.16, right=0.97, bottom=0.17, top=0.96)
        yield figure, figure.add_subplot()


def _few_figures(axes: Axes, low: float, high: float) -> None:
    """Marks of a logarithmic scale: powers of ten, or its ends where it has no two."""
    first, last = int(np.ceil(np.log10(low))), int(np.floor(np.log10(high)))
    marks = [10.0**power for power in range(first, last + 1)]
    if len(marks) < 2:
        _mark(axes, [low, high], digits=1)
    else:
        _mark(axes, marks, digits=0)


def _at_top(axes: Axes) -> Any:
    """Where x is as the data has it, and y a part of the height."""
    return axes.get_xaxis_transform()


def _powers_of_ten(axes: Axes, curves: Sequence[np.ndarray]) -> None:
    """A logarithmic axis with few marks: those between take long to draw."""
    axes.set_yscale("log")
    values = np.concatenate([np.ravel(curve) for curve in curves])
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        return
    low = int(np.floor(np.log10(values.min())))
    high = max(int(np.ceil(np.log10(values.max()))), low + 1)
    every = -(-(high - low) // MOST_DECADES) or 1  # rounded up
    axes.set_ylim(10.0**low, 10.0**high)
    _mark(axes, [10.0**power for power in range(low, high + 1, every)], digits=0)


def _mark(axes: Axes, marks: Sequence[float], digits: int) -> None:
    """Put marks on the axis that goes up, and figures as the page has them."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    axes.yaxis.set_major_locator(FixedLocator(marks))
    axes.yaxis.set_major_formatter(
        FixedFormatter([f"{mark:.{digits}e}" for mark in marks])
    )
    axes.yaxis.set_minor_locator(NullLocator())


def _svg(figure: Figure, name: str, title: str) -> str:
    """The text of a figure, to go into a page.

    Args:
        figure: drawn.
        name: begins each name in it, so that those of two plots are never the same.
        title: what it shows, for those who do not see it.
    """
    element = drawing.svg(figure, title, VARIABLES)
    element = element.replace(' id="', f' id="{name}-')
    element = element.replace('href="#', f'href="#{name}-')
    return element.replace("url(#", f"url(#{name}-")
