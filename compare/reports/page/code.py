"""Sources of both twins as rows of a page: highlighted, aligned, differences marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.reports.alignment import Line, aligned

# The classes of style.css, by the beginning of what Pygments calls a token.
CLASSES = (
    ("Token.Comment", "comment"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Keyword", "keyword"),
    ("Token.Operator.Word", "keyword"),
    ("Token.Name.Class", "name"),
    ("Token.Name.Function", "name"),
    ("Token.Name.Decorator", "name"),
)


@dataclass(frozen=True)
class CodeRow:
    """Lines of both sources that correspond.

    Args:
        numbers: of the lines, by side; None where a side has no such line.
        codes: their HTML, by side.
        mark: "wrong" where a difference of the function begins; else "loud" or "quiet"
            as the words differ, or "".
        stages: names of the stages that the line makes.
    """

    numbers: Mapping[Side, int | None]
    codes: Mapping[Side, Markup]
    mark: str = ""
    stages: list[str] = field(default_factory=list)


def rows(
    sources: Mapping[Side, str],
    stages: Mapping[Side, Mapping[str, int]],
    wrong: Mapping[Side, int],
) -> list[CodeRow]:
    """The rows of two sources.

    Args:
        sources: text by side.
        stages: by side, the line that makes each stage, by its name.
        wrong: by side, the line on which a difference of the function begins.
    """
    highlighted = {side: _highlighted(text) for side, text in sources.items()}
    code_rows = []
    for row in aligned(sources["torch"], sources["keras"]):
        pair: dict[Side, Line | None] = {"torch": row.left, "keras": row.right}
        numbers = {side: line.number if line else None for side, line in pair.items()}
        codes = {side: _html(line, highlighted[side]) for side, line in pair.items()}
        mark: str = row.loudness or ""
        for side, number in wrong.items():
            if numbers[side] == number:
                mark = "wrong"
        code_rows.append(CodeRow(numbers, codes, mark))
    _place(stages, code_rows)
    return code_rows


def one_source(text: str) -> Markup:
    """A source that is not beside another one, highlighted."""
    highlighted = _highlighted(text)
    lines = []
    for number, line_text in enumerate(text.split("\n"), start=1):
        line = Line(number, line_text, spans=(), prose=len(line_text))
        lines.append(_html(line, highlighted))
    return Markup("\n").join(lines)


def _place(
    stages: Mapping[Side, Mapping[str, int]], code_rows: Sequence[CodeRow]
) -> None:
    """Put each stage at the line of PyTorch's source that makes it, or of Keras's."""
    placed: set[str] = set()
    for side in SIDES:
        for name, number in stages.get(side, {}).items():
            if name in placed:
                continue
            for row in code_rows:
                if row.numbers[side] == number:
                    row.stages.append(name)
                    placed.add(name)
                    break


# -------------------------------------------------------------------------------- HTML


def _highlighted(text: str) -> list[list[tuple[str, str]]]:
    """Class and letters of each token, by line."""
    from pygments.lexers.python import PythonLexer  # runs without a page do without

    tokens = PythonLexer(stripnl=False, ensurenl=False).get_tokens(text)
    lines: list[list[tuple[str, str]]] = [[]]
    for token, letters in tokens:
        name = next(
            (css for prefix, css in CLASSES if str(token).startswith(prefix)), ""
        )
        first, *others = letters.split("\n")
        lines[-1].append((name, first))
        for part in others:
            lines.append([(name, part)])
    return lines


def _html(
    line: Line | None, highlighted: Sequence[Sequence[tuple[str, str]]]
) -> Markup:
    """A line with its tokens coloured and the words that differ marked."""
    if line is None:
        return Markup("")
    classes: list[str] = []
    for name, letters in highlighted[line.number - 1]:
        classes += [name] * len(letters)
    classes += [""] * (len(line.text) - len(classes))
    marks = [""] * len(line.text)
    for span in line.spans:
        for place in range(span.start, min(span.end, len(marks))):
            marks[place] = span.loudness
    html = Markup("")
    start = 0
    for end in range(1, len(line.text) + 1):
        is_last = end == len(line.text)
        if is_last or (classes[end], marks[end]) != (classes[start], marks[start]):
            html += _piece(line.text[start:end], classes[start], marks[start])
            start = end
    return html


def _piece(letters: str, name: str, mark: str) -> Markup:
    names = " ".join(filter(None, [name, mark]))
    if not names:
        return escape(letters)
    return Markup('<span class="{}">{}</span>').format(names, letters)
