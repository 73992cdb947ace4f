"""What a page says of each pair, as data for its template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compare.judging.evidence import Evidence
from compare.judging.picture import Graph
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
from compare.judging.summary import differences, nearest
from compare.judging.words import Length, Verdict
from compare.reports.evidence import WHOSE_WEIGHTS
from compare.reports.page.drawings import (
    GraphRow,
    Plot,
    graphs_of,
    plots_of,
    shape_text,
)
from compare.reports.page.sources import Sources, sources_of

IN_WORDS: Mapping[Verdict, str] = {
    SAME: "both compute the same function on these inputs",
    SAME_IN_FLOAT32: "the same as far as float32 shows; float64 could not be run",
    ILL_CONDITIONED: "the same up to the step from which float32 keeps fewer than "
    "three digits",
    BOTH_REFUSE: "both refuse this input",
    ONE_REFUSES: "one refuses what the other takes",
    DIFFERENT: "they compute different functions",
}
# A line of an explanation: its label, and what it says.
LABELLED = re.compile(
    r"^(because|proof|fix|or else|place|line|in part|unknown|worst|input|smallest|"
    r"starts at|PyTorch|Keras)\s+(.*)$"
)


@dataclass(frozen=True)
class Why:
    """One cause of a difference.

    Args:
        heading: which run it was found in.
        lines: label and text of each line.
    """

    heading: str
    lines: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Stage:
    """A stage in the run that is shown.

    Args:
        label: its name, with the layer that makes it where this has another, and kind.
        shape: of it; "" where it is not known.
        anchor: its place in the section of its pair.
        judged: its figures.
    """

    label: str
    shape: str
    anchor: str
    judged: StageResult


@dataclass(frozen=True)
class RunRow:
    """Runs of one pair that came out alike, either way of the transfer.

    Args:
        length: that the twins were built for.
        steps, batches: of the inputs, each once.
        weights: whose, and what else is told of the inputs and the loss.
        verdict: which they share.
        expected: what the pair declares.
        worst: the stage that comes nearest to its limit; None where nothing ran.
        refusals: what each side says that refused, by the name of its framework.
    """

    length: Length
    steps: str
    batches: str
    weights: str
    verdict: Verdict
    expected: Verdict
    worst: StageResult | None
    refusals: Mapping[str, str]


@dataclass(frozen=True)
class PairSection:
    """What a page says of one pair.

    Args:
        name: of the pair.
        anchor: its place in the page.
        verdict: the worst of its runs.
        words: what the verdict means, a sentence.
        as_expected: whether each run is as the pair declares.
        place: the run that is shown more closely, in words.
        why: each cause; empty where all is as expected.
        sources: of both twins.
        stages: of the run that is shown, by name.
        plots: of that run.
        graphs: by the name of the framework.
        runs: all runs of the pair, those alike in one row.
        nearest: the stage of all runs that comes nearest to its limit, if one was run.
        sensitivity: what its verdicts are worth.
        unexercised: what no input made the models do, a sentence each.
        unmatched: stages that were not compared, since one side alone has them.
    """

    name: str
    anchor: str
    verdict: Verdict
    words: str
    as_expected: bool
    place: str
    why: Sequence[Why]
    sources: Sources
    stages: Mapping[str, Stage]
    plots: Sequence[Plot]
    graphs: Mapping[str, Sequence[GraphRow]]
    runs: Sequence[RunRow]
    nearest: StageResult | None
    sensitivity: Sequence[Sensitivity]
    unexercised: Sequence[str]
    unmatched: Sequence[str]


def sections(
    evidence: Evidence, sources: Mapping[str, Sequence[tuple[str, str]]]
) -> list[PairSection]:
    """The sections of a run, a pair each, in its order.

    Args:
        evidence: of the run.
        sources: title and text of both sides' source, by pair; one for both where the
            same code makes both models; none where it is not known.
    """
    names = dict.fromkeys(result.pair for result in evidence.results)
    run_rows: dict[str, list[RunRow]] = {name: [] for name in names}
    for group in evidence.alike():
        run_rows[group[0].pair].append(_run_row(group))
    pair_sections = []
    for number, name in enumerate(names, start=1):
        results = [result for result in evidence.results if result.pair == name]
        result = _shown(results)
        verdict = verdict_of(results)
        words = IN_WORDS[verdict]
        picture = result.picture
        anchor = f"pair-{number}"
        section = PairSection(
            name=name,
            anchor=anchor,
            verdict=verdict,
            words=f"{words[0].upper()}{words[1:]}.",
            as_expected=all(r.as_expected for r in results),
            place=place_of(result),
            why=causes(results),
            sources=sources_of(sources.get(name, ()), result, _explained(results)),
            stages=_stages(result),
            plots=plots_of(picture, anchor) if picture else [],
            graphs=graphs_of(picture) if picture else {},
            runs=run_rows[name],
            nearest=nearest(results),
            sensitivity=[s for s in evidence.sensitivity if s.pair == name],
            unexercised=evidence.unexercised.get(name, ()),
            unmatched=result.unmatched,
        )
        pair_sections.append(section)
    return pair_sections


def place_of(result: Result) -> str:
    """What was run, in words, without the name of the pair."""
    words = [f"length {result.length}"]
    if result.timesteps is not None:
        words.append(f"{result.timesteps} steps")
    if result.batch is not None:
        words.append(f"batch {result.batch}")
    words.append(WHOSE_WEIGHTS.get(result.direction, result.direction))
    return ", ".join(words)


def _shown(results: Sequence[Result]) -> Result:
    """The run that says most: one that is wrong and drawn, or at least explained."""

    def says(result: Result) -> tuple[bool, bool, bool, bool]:
        is_wrong = not result.as_expected
        is_drawn = result.picture is not None
        return is_wrong, is_drawn, bool(result.explanation), bool(result.stages)

    return max(results, key=says)  # the first of those that say as much


def _explained(results: Sequence[Result]) -> Result | None:
    """The first result that is wrong and explained, if there is one."""
    for result in results:
        if not result.as_expected and result.explanation is not None:
            return result
    return None


def causes(results: Sequence[Result]) -> list[Why]:
    """Why results of one pair are not as expected, as a terminal says it."""
    blocks: list[Why] = []
    for text in differences(results):
        first, *others = text.splitlines()
        if first.startswith(" "):  # what is said of those before
            last = blocks[-1]
            blocks[-1] = Why(f"{last.heading}, {first.strip()}", last.lines)
            continue
        heading = first.removeprefix(f"{results[0].pair}, ")
        for direction, words in WHOSE_WEIGHTS.items():
            heading = heading.replace(f", {direction}", f", {words}", 1)
        blocks.append(Why(heading, [_labelled(line) for line in others]))
    return blocks


def _labelled(line: str) -> tuple[str, str]:
    """Label and text of a line of an explanation."""
    words = LABELLED.match(line.strip())
    if words is None:
        return "", line.strip()
    return words[1], words[2].removeprefix(": ")


def _run_row(results: Sequence[Result]) -> RunRow:
    """The row of results that share pair, length and verdict."""
    result = results[0]
    directions = dict.fromkeys(r.direction for r in results)
    weights = [WHOSE_WEIGHTS.get(direction, direction) for direction in directions]
    text = " or ".join(weights)
    if result.drawn:
        text += f", on {result.drawn}"
    if result.loss:
        text += f", gradients of {result.loss}"
    return RunRow(
        length=result.length,
        steps=_listed(r.timesteps for r in results),
        batches=_listed(r.batch for r in results),
        weights=text,
        verdict=result.verdict,
        expected=result.expected,
        worst=nearest(results),
        refusals={SIDES[side]: words for side, words in result.refusals.items()},
    )


def _listed(numbers: Iterable[int | None]) -> str:
    known_numbers = {number for number in numbers if number is not None}
    return " ".join(map(str, sorted(known_numbers)))


def _stages(result: Result) -> dict[str, Stage]:
    """The stages of a run, with what its picture knows of them."""
    shapes: Mapping[str, tuple[int, ...]] = {}
    labels: dict[str, str] = {}
    if result.picture is not None:
        shapes = result.picture.shapes
        graph = result.picture.graphs.get("torch", Graph(()))
        for node in graph.nodes:
            for name in node.stages:
                of_layer = ""
                if node.kind and not f"{name}.".startswith(f"{node.name}."):
                    of_layer = f" of {node.name}"
                kind = f" ({node.kind})" if node.kind else ""
                labels[name] = f"{name}{of_layer}{kind}"
    stages = {}
    for number, stage in enumerate(result.stages, start=1):
        name = stage.stage
        shape = shape_text(shapes[name]) if name in shapes else ""
        anchor = f"stage-{number}"
        stages[name] = Stage(labels.get(name, name), shape, anchor, stage)
    return stages
