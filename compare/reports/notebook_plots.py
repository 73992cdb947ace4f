"""Plots of evidence for a notebook, as SVG that is right on light and on dark ground.

Text and lines take the colour of the notebook's own text; the other colours can be told
from white and from black.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite, nan
from statistics import median
from typing import TYPE_CHECKING, Any

from compare.judging.result import SIDES, Result, StageResult
from compare.judging.training import TrainingEvidence
from compare.judging.words import Side
from compare.reports import drawing
from compare.reports.drawing import INK, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

WITHIN, BEYOND = "#3f83d8", "#e5484d"
STYLES: Mapping[Side, str] = {"torch": "-", "keras": "--"}
OF_SIDE: Mapping[Side, str] = {"torch": "#d9730d", "keras": "#3f83d8"}
SETTINGS = {**drawing.SETTINGS, "grid.alpha": 0.25}
COLOURS = {INK: "currentColor"}
WIDTH = 7.5  # inches, of 72 points
MOST_STAGES = 25
LONGEST = 32  # letters of a stage's name
MOST_DECADES = 8  # that have a mark
SPIKE = 20  # times the median: a loss that would flatten both curves


def gaps_and_limits(result: Result) -> str:
    """The gap of each stage against its limit, in the order of the models.

    Args:
        result: with at least one stage.
    """
    stages = _nearest(result.stages)
    gaps = [stage.gap for stage in stages]
    limits = [stage.limit for stage in stages]
    low, high = _ends([*gaps, *limits])
    with _figure(1.1 + 0.24 * len(stages)) as figure:
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.set_ylim(len(stages) - 0.5, -0.5)
        names = [_short(stage.stage) for stage in stages]
        axes.set_yticks(range(len(stages)), names, parse_math=False)  # it may be $x$
        for row, limit in enumerate(limits):
            axes.plot([limit], [row], "|", color=INK, markersize=11)
        for row, (gap, limit) in enumerate(zip(gaps, limits, strict=True)):
            is_within = gap <= limit
            axes.plot(
                [_shown(gap, low, high)],
                [row],
                "o" if is_within else "X",
                color=WITHIN if is_within else BEYOND,
                fillstyle="full" if gap > 0 else "none",
                clip_on=False,
            )
        _legend(axes, gaps, limits)
        _powers_of_ten(axes.xaxis)
        axes.set_xlabel("part of the stage's largest value")
        axes.grid(axis="x")
        title = f"{result.place}: gap and limit by stage"
        if len(stages) < len(result.stages):
            title += f"; the {len(stages)} of {len(result.stages)} nearest to it"
        axes.set_title(title, fontsize=10, loc="left", parse_math=False)
        return _svg(figure, f"{title}. {_in_words(result)}")


def _nearest(stages: Sequence[StageResult]) -> list[StageResult]:
    """The stages that come nearest to their limits, or are beyond, in their order."""
    shown = sorted(stages, key=_distance, reverse=True)[:MOST_STAGES]
    return [stage for stage in stages if any(stage is other for other in shown)]


def _distance(stage: StageResult) -> float:
    return stage.ratio if isfinite(stage.ratio) else float("inf")


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Powers of ten around those of some values that a logarithmic axis can show."""
    from math import ceil, floor, log10

    shown = [value for value in values if isfinite(value) and value > 0]
    low, high = min(shown, default=1e-16), max(shown, default=1.0)
    return 10.0 ** (floor(log10(low)) - 1), 10.0 ** (ceil(log10(high)) + 1)


def _shown(value: float, low: float, high: float) -> float:
    """Where a value stands: 0 at the low end, what is not finite at the high one."""
    if not isfinite(value):
        return high
    return max(value, low)


def _legend(axes: Axes, gaps: Sequence[float], limits: Sequence[float]) -> None:
    """What the marks mean, of those that there are."""
    pairs = list(zip(gaps, limits, strict=True))
    axes.plot([], [], "|", color=INK, markersize=11, label="limit")
    if any(0 < gap <= limit for gap, limit in pairs):
        axes.plot([], [], "o", color=WITHIN, label="gap within it")
    if any(gap == 0 for gap in gaps):
        axes.plot([], [], "o", color=WITHIN, fillstyle="none", label="no gap")
    if any(not gap <= limit for gap, limit in pairs):
        axes.plot([], [], "X", color=BEYOND, label="gap beyond it")
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9, borderaxespad=0.2
    )


def _in_words(result: Result) -> str:
    """The stage that decides, for those who do not see the plot."""
    stage = result.deciding
    if stage is None:
        return ""
    return f"At {stage.stage} the gap is {stage.gap:.1e}, the limit {stage.limit:.1e}."


def learning_curves(evidence: TrainingEvidence) -> str:
    """The losses of both sides over each other, and their gap below.

    Args:
        evidence: with at least one step.
    """
    steps = range(1, evidence.done + 1)
    marker = "o" if evidence.done == 1 else ""
    losses = {side: evidence.losses[f"{side}32"] for side in SIDES}
    with _figure(4.2) as figure:
        curves, gap = figure.subplots(2, sharex=True, height_ratios=(2, 1))
        for side, style in STYLES.items():
            curves.plot(
                steps,
                losses[side],
                style,
                marker=marker,
                color=OF_SIDE[side],
                label=SIDES[side],
            )
        values = losses["torch"]
        if min(values) > 0 and max(values) > SPIKE * median(values):
            curves.set_yscale("log")
        curves.set_ylabel(evidence.settings["loss"].replace("_", " "))
        curves.legend()
        gap.set_yscale("log")
        gap.set_ylim(*_ends(evidence.gaps))
        gaps = [value or nan for value in evidence.gaps]  # 0 has no logarithm
        gap.plot(steps, gaps, ".-", color=BEYOND)
        if not any(evidence.gaps):
            gap.text(0.5, 0.5, "no gap", transform=gap.transAxes, ha="center")
        _powers_of_ten(gap.yaxis)
        gap.set_ylabel("gap in float64")
        gap.set_xlabel("step")
        whole_numbers(gap.xaxis)
        for axes in (curves, gap):
            axes.grid()
        title = (
            f"Losses of both twins over {evidence.done} steps; at the last PyTorch's "
            f"is {losses['torch'][-1]:.4g}, Keras's {losses['keras'][-1]:.4g}, "
            f"{evidence.gaps[-1]:.1e} apart in float64"
        )
        return _svg(figure, title)


# ---------------------------------------------------------------------------- drawing


@contextmanager
def _figure(height: float) -> Iterator[Any]:
    """A figure of that many inches, in the colours of a notebook."""
    import matplotlib  # half a second, and an extra of the install
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        yield Figure(figsize=(WIDTH, height), layout="constrained")


def _powers_of_ten(direction: Axis) -> None:
    """Few marks along a logarithmic axis, written as figures are elsewhere."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    direction.set_major_locator(LogLocator(numticks=MOST_DECADES))
    direction.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0e}"))
    direction.set_minor_locator(NullLocator())


def _short(name: str) -> str:
    """A name that leaves room for the plot."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."


def _svg(figure: Figure, title: str) -> str:
    """A figure as HTML.

    Args:
        figure: drawn.
        title: what it shows, for those who do not see it.
    """
    element = drawing.svg(figure, title, COLOURS, ' style="max-width: 100%"')
    return f"<div>{element}</div>"
