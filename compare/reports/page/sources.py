"""Both sources of a pair, with the stages at the lines that make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compare.judging.picture import Graph
from compare.judging.result import SIDES, Result
from compare.judging.words import Side
from compare.reports.page import places
from compare.reports.page.code import CodeRow, one_source, rows


@dataclass(frozen=True)
class Sources:
    """Both sources of a pair.

    Args:
        titles: of both, or of the one that makes both models; empty where none is
            known.
        rows: lines that correspond; empty where one source makes both models.
        one: that source as HTML, or "".
        elsewhere: names of the stages whose line is not known.
    """

    titles: Sequence[str] = ()
    rows: Sequence[CodeRow] = ()
    one: str = ""
    elsewhere: Sequence[str] = ()


def sources_of(
    sources: Sequence[tuple[str, str]],
    result: Result | None = None,
    explained: Result | None = None,
) -> Sources:
    """The sources of a pair, in rows.

    Args:
        sources: title and text of both; of one where it makes both models, or where the
            other is not known; of none.
        result: whose stages stand at the lines that make them, if there is one.
        explained: a result that tells where a difference begins, if there is one.
    """
    titles = [title for title, _ in sources]
    if len(sources) == 1:
        return Sources(titles, one=one_source(sources[0][1].strip("\n")))
    if not sources:
        return Sources()
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
    return Sources(titles, code_rows, elsewhere=elsewhere)
