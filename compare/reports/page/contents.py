"""What a page says of each pair, as data for its template."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compare.judging.evidence import Evidence
from compare.judging.picture import Graph, Picture, SourceLine
from compare.judging.result import (
    BOTH_REFUSE,
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
    SAME_IN_FLOAT32,
    SIDES,
    Result,
    StageResult,
    verdict_of,
)
from compare.judging.sensitivity import Sensitivity
from compare.judging.words import Verdict
from compare.reports.page import plots
from compare.reports.page.code import CodeRow, rows

IN_WORDS: Mapping[Verdict, str] = {
    SAME: "both compute the same function on these inputs",
    SAME_IN_FLOAT32: "the same as far as float32 shows; float64 could not be run",
    ILL_CONDITIONED: "the same up to the step where float32 keeps fewer than three digits",
    BOTH_REFUSE: "both refuse this input",
    ONE_REFUSES: "one refuses what the other takes",
    DIFFERENT: "they compute different functions",
}
# A line of an explanation: its label, and what it says.
LABELLED = re.compile(
    r"^(because|proof|fix|or else|place|line|in part|unknown|worst|input|smallest|"
    r"starts at|PyTorch|Keras)\s+(.*)$"
)
GOOD = (SAME, SAME_IN_FLOAT32)


@dataclass(frozen=True)
class PlotOfPair:
    """A plot of a pair.

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


@dataclass(frozen=True)
class PairSection:
    """What a page says of one pair.

    Args:
        name: of the pair.
        anchor: its place in the page.
        verdict: the worst of its runs.
        words: what the verdict means.
        as_expected: whether each run is as the pair declares.
        result: the run that is shown more closely.
        why: lines of the explanation, label and text; empty where nothing differs.
        titles: of both sources.
        rows: of the sources; empty where they are not known.
        stages: of that run, by name.
        shapes: of the stages.
        plots: of that run.
        graphs: by the name of the framework.
        runs: all runs of the pair.
        sensitivity: what its verdicts are worth.
        unexercised: what no input made the models do, a sentence each.
    """

    name: str
    anchor: str
    verdict: Verdict
    words: str
    as_expected: bool
    result: Result
    why: Sequence[tuple[str, str]]
    titles: Sequence[str]
    rows: Sequence[CodeRow]
    stages: Mapping[str, StageResult]
    shapes: Mapping[str, str]
    plots: Sequence[PlotOfPair]
    graphs: Mapping[str, Sequence[GraphRow]]
    runs: Sequence[Result]
    sensitivity: Sequence[Sensitivity]
    unexercised: Sequence[str]


def sections(
    evidence: Evidence, sources: Mapping[str, Sequence[tuple[str, str]]]
) -> list[PairSection]:
    """The sections of a run, a pair each, in its order.

    Args:
        evidence: of the run.
        sources: title and text of both sides' source, by pair; one for both where the
            same code makes both models; none where it is not known.
    """
    by_pair: dict[str, list[Result]] = {}
    for result in evidence.results:
        by_pair.setdefault(result.pair, []).append(result)
    pair_sections = []
    for number, (name, results) in enumerate(by_pair.items(), start=1):
        sensitivity = [s for s in evidence.sensitivity if s.pair == name]
        unexercised = evidence.unexercised.get(name, ())
        pair_sections.append(
            _section(number, results, sources.get(name, ()), sensitivity, unexercised)
        )
    return pair_sections


def _section(
    number: int,
    results: Sequence[Result],
    sources: Sequence[tuple[str, str]],
    sensitivity: Sequence[Sensitivity],
    unexercised: Sequence[str],
) -> PairSection:
    """The section of one pair."""
    result = _shown(results)
    verdict = verdict_of(results)
    picture = result.picture
    anchor = f"pair-{number}"
    stages = {stage.stage: stage for stage in result.stages}
    shapes = {}
    if picture is not None:
        shapes = {name: _shape(shape) for name, shape in picture.shapes.items()}
    return PairSection(
        name=result.pair,
        anchor=anchor,
        verdict=verdict,
        words=IN_WORDS[verdict],
        as_expected=all(r.as_expected for r in results),
        result=result,
        why=[] if result.as_expected else explanation_lines(result),
        titles=[title for title, _ in sources],
        rows=_code_rows(sources, result),
        stages=stages,
        shapes=shapes,
        plots=plots_of(picture, anchor) if picture else [],
        graphs=_graphs(picture) if picture else {},
        runs=results,
        sensitivity=sensitivity,
        unexercised=unexercised,
    )


def _shown(results: Sequence[Result]) -> Result:
    """The run that says most: one that is explained, drawn, or at least wrong."""

    def says(result: Result) -> tuple[bool, bool, bool, bool]:
        is_wrong = not result.as_expected
        is_explained = bool(result.explanation)
        return is_wrong, is_explained, result.picture is not None, bool(result.stages)

    return max(results, key=says)  # the first of those that say as much


def explanation_lines(result: Result) -> list[tuple[str, str]]:
    """The explanation of a result, as labels and texts."""
    lines: list[tuple[str, str]] = []
    for line in result.explain().splitlines()[1:]:
        labelled = LABELLED.match(line.strip())
        if labelled:
            lines.append((labelled[1], labelled[2]))
        else:
            lines.append(("", line.strip()))
    return lines


def _code_rows(sources: Sequence[tuple[str, str]], result: Result) -> list[CodeRow]:
    """The rows of both sources, with the stages at the lines that make them."""
    if len(sources) < len(SIDES):
        return []
    texts = {
        side: text.strip("\n") for side, (_, text) in zip(SIDES, sources, strict=True)
    }
    makers: dict[str, dict[str, SourceLine]] = {side: {} for side in SIDES}
    picture = result.picture
    if picture is not None:
        for side, graph in picture.graphs.items():
            makers[side] = _makers(graph)
    wrong = {}
    explanation = result.explanation
    if explanation is not None:
        for side, line in (
            ("torch", explanation.torch_line),
            ("keras", explanation.keras_line),
        ):
            if line:
                wrong[side] = _line(line)
        if not wrong and result.deciding is not None:
            for side in SIDES:
                if result.deciding.stage in makers[side]:
                    wrong[side] = makers[side][result.deciding.stage]
    return rows(texts, makers, wrong)


def _makers(graph: Graph) -> dict[str, SourceLine]:
    """The line that makes each stage."""
    makers = {}
    for node in graph.nodes:
        if node.line is not None:
            for stage in node.stages:
                makers[stage] = node.line
    return makers


def _line(words: str) -> SourceLine:
    """A line of an explanation, "file:number: text"."""
    file, number, *text = words.split(":", 2)
    return SourceLine(
        file, int(number) if number.strip().isdigit() else 0, "".join(text).strip()
    )


def plots_of(picture: Picture, anchor: str) -> list[PlotOfPair]:
    """The plots of twins at work.

    Args:
        picture: of them.
        anchor: begins the names of the plots.
    """
    pair_plots = []
    if picture.heat is not None:
        heat = picture.heat
        merged = ""
        if max(heat.merged) > 1:
            merged = (
                f" Each cell is the largest of {heat.merged[0]} by {heat.merged[1]}."
            )
        pair_plots.append(
            PlotOfPair(
                f"|difference| in {heat.stage}",
                f"By {heat.rows} and {heat.columns}, as a part of the largest value; "
                f"the largest of all else. Blank where there is none.{merged}",
                plots.heat_map(heat, f"{anchor}-heat"),
            )
        )
    if picture.steps is not None and len(picture.steps.gap) > 1:
        pair_plots.append(
            PlotOfPair(
                f"Gap and limit over time in {picture.steps.stage}",
                "The largest so far. A gap above its limit is no rounding.",
                plots.step_curves(picture.steps, f"{anchor}-steps"),
            )
        )
    if picture.gates is not None:
        gates = picture.gates
        part = f", {gates.part}" if gates.part else ""
        pair_plots.append(
            PlotOfPair(
                f"Gates of {gates.layer}{part}",
                f"What each gate is given before its activation, in sample "
                f"{gates.sample}, unit {gates.unit}, where the sides are farthest "
                "apart. PyTorch solid, Keras dashed.",
                plots.gate_curves(gates, f"{anchor}-gates"),
            )
        )
    return pair_plots


def _graphs(picture: Picture) -> dict[str, list[GraphRow]]:
    """The operations of both models, in order."""
    graphs = {}
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
                    shape=_shape(node.shape),
                    verdict=worst or next(iter(verdicts), ""),
                    takes=() if takes == (place,) else takes,
                )
            )
        graphs[SIDES[side]] = graph_rows
    return graphs


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape)) or "scalar"
