"""Both sources of a pair, with the stages at the lines that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from compare.judging.picture import Graph, Node
from compare.judging.result import SIDES, Result
from compare.judging.words import Side
from compare.reports.page import places
from compare.reports.page.code import CodeRow, one_source, rows
from compare.reports.page.drawings import shape_text
from compare.subjects.own.sources import is_excerpt


@dataclass(frozen=True)
class Sources:
    """Both sources of a pair.

    Args:
        titles: of both, or of the one that makes both models; empty where none is
            known.
        rows: lines that correspond; empty where one source makes both models.
        one: that source as HTML, or "".
        elsewhere: names of the stages whose line is not known.
        is_layers: whether the right side is the operations of a model, not a source.
        has_numbers: whether lines count as in their files, and so may show it.
    """

    titles: Sequence[str] = ()
    rows: Sequence[CodeRow] = ()
    one: str = ""
    elsewhere: Sequence[str] = ()
    is_layers: bool = False
    has_numbers: bool = True

    @property
    def is_wrong(self) -> bool:
        """Whether it is known where a difference of the function begins."""
        return any(row.mark == "wrong" for row in self.rows)


def sources_of(
    sources: Sequence[tuple[str, str]],
    result: Result | None = None,
    explained: Result | None = None,
) -> Sources:
    """The sources of a pair, in rows.

    Args:
        sources: title and text of both; of one where it makes both models; of none. The
            text of Keras's side is "" where the model is known and no source of it.
        result: whose stages stand at the lines that make them, if there is one.
        explained: a result that tells where a difference begins, if there is one.
    """
    titles = [title for title, _ in sources]
    if len(sources) == 1:
        return Sources(titles, one=one_source(sources[0][1].strip("\n")))
    if not sources:
        return Sources()
    if not sources[1][1]:
        return _beside_layers(titles, sources[0][1].strip("\n"), result)
    texts: dict[Side, str] = {}
    for side, (_, text) in zip(SIDES, sources, strict=True):
        texts[side] = text.strip("\n")
    graphs: Mapping[Side, Graph] = {}
    if result is not None and result.picture is not None:
        graphs = result.picture.graphs
    made_at = places.makers(texts, graphs)
    code_rows = rows(texts, made_at, places.wrong(texts, explained, made_at))
    placed: set[str] = set()
    for row in code_rows:
        placed.update(row.stages)
    stages = result.stages if result is not None else ()
    elsewhere = [stage.stage for stage in stages if stage.stage not in placed]
    has_numbers = not any(map(is_excerpt, titles))
    return Sources(titles, code_rows, elsewhere=elsewhere, has_numbers=has_numbers)


def _beside_layers(titles: Sequence[str], text: str, result: Result | None) -> Sources:
    """PyTorch's source beside the operations of a Keras model that has no source."""
    if result is None or result.picture is None or "keras" not in result.picture.graphs:
        return Sources(titles[:1], one=one_source(text))
    graphs = result.picture.graphs
    made_at = places.makers({"torch": text}, {"torch": graphs["torch"]})["torch"]
    lines = one_source(text).split("\n")
    stages_at: dict[int, list[str]] = {}
    for name, number in made_at.items():
        stages_at.setdefault(number, []).append(name)
    waiting = [*enumerate(graphs["keras"].nodes, start=1)]
    code_rows = []
    for number, line in enumerate(lines, start=1):
        stages = stages_at.get(number, [])
        is_last = number == len(lines)
        nodes = []
        while waiting and (is_last or _are_made(stages, [n for _, n in waiting])):
            nodes.append(waiting.pop(0))
            stages = [name for name in stages if name not in nodes[-1][1].stages]
        for place, node in nodes[:-1]:
            code_rows.append(_layer_row(None, Markup(""), place, node, []))
        maker: tuple[int | None, Node | None] = (None, None)
        if nodes:
            maker = nodes[-1]
        its_stages = stages_at.get(number, [])
        code_rows.append(_layer_row(number, line, maker[0], maker[1], its_stages))
    elsewhere = [s.stage for s in result.stages if s.stage not in made_at]
    return Sources(titles, code_rows, elsewhere=elsewhere, is_layers=True)


def _layer_row(
    number: int | None,
    line: Markup,
    place: int | None,
    node: Node | None,
    stages: list[str],
) -> CodeRow:
    """A row of a line of source and an operation, where there are such."""
    words = "" if node is None else _words(node)
    numbers: dict[Side, int | None] = {"torch": number, "keras": place}
    codes: dict[Side, Markup] = {"torch": line, "keras": escape(words)}
    return CodeRow(numbers, codes, "", stages)


def _are_made(stages: Sequence[str], nodes: Sequence[Node]) -> bool:
    """Whether some of the stages are made by one of the operations."""
    return any(name in node.stages for node in nodes for name in stages)


def _words(node: Node) -> str:
    """An operation as a line: its name, its kind, the shape of what it makes."""
    kind = f" {node.kind}" if node.kind else ""
    return f"{node.name}{kind} ({shape_text(node.shape)})"
