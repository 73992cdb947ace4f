"""Plots and graphs of twins at work, as data for the template of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compare.judging.picture import GateCurves, HeatMap, Picture, StepCurves
from compare.judging.result import SAME, SAME_IN_FLOAT32, SIDES
from compare.reports.page import plots

GOOD = (SAME, SAME_IN_FLOAT32)


@dataclass(frozen=True)
class Plot:
    """A plot of a page.

    Args:
        title: what it shows, in a few words.
        caption: how to read it.
        svg: the drawing, as HTML.
    """

    title: str
    caption: str
    svg: str


@dataclass(frozen=True)
class GraphRow:
    """One operation in the drawing of a graph.

    Args:
        name: of its layer, or of the operation.
        kind: of its layer; "" of another operation.
        shape: of what it makes.
        verdict: on the stage that it makes; "" where it makes none.
        takes: numbers of the rows whose results it takes, from 1, where these are not
            just the row before.
    """

    name: str
    kind: str
    shape: str
    verdict: str
    takes: tuple[int, ...]


def plots_of(picture: Picture, anchor: str) -> list[Plot]:
    """The plots of twins at work.

    Args:
        picture: of them.
        anchor: begins the names of the plots.
    """
    of_pair = []
    is_wrong = picture.verdicts.get(picture.stage) not in GOOD  # else it shows noise
    if picture.heat is not None and is_wrong:
        of_pair.append(_heat(picture.heat, f"{anchor}-heat"))
    if picture.steps is not None and len(picture.steps.gap) > 1:
        of_pair.append(_steps(picture.steps, f"{anchor}-steps"))
    if picture.gates is not None:
        of_pair.append(_gates(picture.gates, f"{anchor}-gates"))
    return of_pair


def _heat(heat: HeatMap, name: str) -> Plot:
    merged = ""
    if max(heat.merged) > 1:
        merged = f" Each cell is the largest of {heat.merged[0]} by {heat.merged[1]}."
    return Plot(
        f"|difference| in {heat.stage}",
        f"By {heat.rows} and {heat.columns}, as a part of the stage's largest value; "
        f"the largest over all other axes. Blank where rounding explains it.{merged}",
        plots.heat_map(heat, name),
    )


def _steps(steps: StepCurves, name: str) -> Plot:
    return Plot(
        f"Gap and limit over time in {steps.stage}",
        "The largest up to each step. A gap above its limit is more than rounding; a "
        "gap below it is not.",
        plots.step_curves(steps, name),
    )


def _gates(gates: GateCurves, name: str) -> Plot:
    part = f", {gates.part}" if gates.part else ""
    svg, distance = plots.gate_curves(gates, name)
    return Plot(
        f"Gates of {gates.layer}{part}",
        f"What each gate is given before its activation, in sample {gates.sample}, "
        f"unit {gates.unit}, where the sides are farthest apart. From one mark to the "
        f"next it is {distance:g}.",
        svg,
    )


def graphs_of(picture: Picture) -> dict[str, list[GraphRow]]:
    """The operations of both models, in order."""
    graphs: dict[str, list[GraphRow]] = {}
    for side, graph in picture.graphs.items():
        graph_rows = []
        for place, node in enumerate(graph.nodes):
            verdicts = [picture.verdicts[name] for name in node.stages]
            worst = next((v for v in verdicts if v not in GOOD), "")
            takes = tuple(number + 1 for number in node.takes)
            graph_rows.append(
                GraphRow(
                    name=node.name,
                    kind=node.kind,
                    shape=shape_text(node.shape),
                    verdict=worst or next(iter(verdicts), ""),
                    takes=() if takes == (place,) else takes,
                )
            )
        if graph.is_cut:
            graph_rows.append(GraphRow("and more, which is not shown", "", "", "", ()))
        graphs[SIDES[side]] = graph_rows
    return graphs


def shape_text(shape: Sequence[int]) -> str:
    """The sizes of a shape, for a reader."""
    return " × ".join(map(str, shape)) or "scalar"
