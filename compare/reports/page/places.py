"""Where in two sources the stages of twins are made; nothing of a source is run."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from compare.judging.picture import Graph, Node, SourceLine
from compare.judging.result import SIDES, Result
from compare.judging.words import Side

Numbers = Mapping[Side, Mapping[str, int]]


def makers(texts: Mapping[Side, str], graphs: Mapping[Side, Graph]) -> Numbers:
    """The line that makes each stage, by side and stage, counted from 1.

    It is the line that calls the layer; or the one that builds it, where the framework
    itself calls it, as in a Sequential.

    Args:
        texts: the sources.
        graphs: of the models; a side may be missing.
    """
    numbers: dict[Side, dict[str, int]] = {}
    for side, graph in graphs.items():
        built = _building_lines(texts[side], graph.nodes)
        lines = texts[side].split("\n")
        of_side: dict[str, int] = {}
        for place, node in enumerate(graph.nodes):
            number = built.get(place)
            if node.line is not None:
                number = number_of(node.line, lines)
            if number is not None:
                of_side |= dict.fromkeys(node.stages, number)
        numbers[side] = of_side
    return numbers


def wrong(
    texts: Mapping[Side, str], explained: Result | None, made_at: Numbers
) -> dict[Side, int]:
    """The line on which a difference of the function begins, by side, where known.

    Args:
        texts: the sources.
        explained: a result of twins that differ, with its explanation, if there is one.
        made_at: as `makers` gives it.
    """
    if explained is None or explained.explanation is None:
        return {}
    explanation = explained.explanation
    told: dict[Side, str] = {
        "torch": explanation.torch_line,
        "keras": explanation.keras_line,
    }
    numbers = {}
    for side in SIDES:
        number = None
        if told[side]:
            number = number_of(_source_line(told[side]), texts[side].split("\n"))
        elif not any(told.values()) and explained.deciding is not None:
            number = made_at.get(side, {}).get(explained.deciding.stage)
        if number is not None:
            numbers[side] = number
    return numbers


def _source_line(words: str) -> SourceLine:
    """A line of an explanation, "file:number: text"."""
    file, number, text = words.split(":", 2)
    return SourceLine(file, int(number), text.strip())


def number_of(line: SourceLine, lines: Sequence[str]) -> int | None:
    """Where a line of a file stands in what is shown of it, counted from 1.

    Only the definitions that a model uses may be shown, so that numbers are others.

    Args:
        line: of a file.
        lines: that are shown.

    Returns:
        None if it is not shown.
    """
    candidates = []
    for number, text in enumerate(lines, start=1):
        stripped = text.strip()
        if stripped and line.text.startswith(stripped):
            candidates.append(number)
    if not candidates:
        return None
    return min(candidates, key=lambda number: abs(number - line.number))


def _building_lines(text: str, nodes: Sequence[Node]) -> dict[int, int]:
    """The lines that build layers, by their place in a graph.

    A kind of layer counts if the source builds as many of it as are at work, so that
    they are told apart by their order.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:  # an old source, or a part of one
        return {}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    lines_of_kind: dict[str, list[tuple[int, int]]] = {}
    for call in calls:
        name = ast.unparse(call.func).rsplit(".", 1)[-1]
        place = (call.lineno, call.col_offset)
        lines_of_kind.setdefault(name, []).append(place)
    numbers: dict[int, int] = {}
    for kind, calls_of_kind in lines_of_kind.items():
        at_work = [place for place, node in enumerate(nodes) if node.kind == kind]
        if len(at_work) == len(calls_of_kind):
            in_order = sorted(calls_of_kind)
            numbers |= {
                place: line for place, (line, _) in zip(at_work, in_order, strict=True)
            }
    return numbers
