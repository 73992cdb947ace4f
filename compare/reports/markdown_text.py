"""Pieces of Markdown that text of anybody's cannot break, as GitHub reads it.

What users named or raised stands as code, in which nothing is a link, a mention, an
emphasis or HTML; in our own sentences what could be one of these is taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from compare.one_line import printable

# What acts in Markdown; of links that are written out, what they cannot be without.
SIGNS = re.compile(r"[\\`*_{}\[\]#|~]|:(?=//)|(?<=www)\.")
LONGEST_LINE = 2000  # letters of an explanation; a fix may hold a few lines of code


def code(text: str, longest: int = LONGEST_LINE) -> str:
    """A line of text as it is, as code; "" for no text.

    Args:
        text: whatever it holds; control characters are shown.
        longest: how many letters of it are shown at most.
    """
    line = printable(text, longest).strip()
    if not line:
        return ""
    fence = "`" * (_longest_run(line) + 1)
    if line.startswith("`") or line.endswith("`"):
        line = f" {line} "  # Markdown takes the two spaces away
    return f"{fence}{line}{fence}"


def prose(text: str) -> str:
    """A sentence of ours, in which there may be names of a user; nothing acts in it."""
    line = escape(printable(text, LONGEST_LINE), quote=False)
    line = SIGNS.sub(r"\\\g<0>", line)
    return line.replace("@", "@<!-- -->")  # GitHub mentions people by any other @


def block(text: str, language: str = "") -> list[str]:
    """Lines of text as they are, as a block of code.

    Args:
        text: of one or more lines.
        language: by which it is coloured.
    """
    fence = "`" * max(3, _longest_run(text) + 1)
    lines = [printable(line, LONGEST_LINE) for line in text.split("\n")]
    return [f"{fence}{language}", *lines, fence]


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table.

    Args:
        heads: of the columns.
        rows: cells in Markdown.
    """
    lines = [_row(heads), _row(["---"] * len(heads))]
    lines += [_row(cells) for cells in rows]
    return lines


def _row(cells: Sequence[str]) -> str:
    # In a table a bar ends the cell even inside code, unless there is a \ before it.
    texts = [cell.replace("|", "\\|") for cell in cells]
    return f"| {' | '.join(texts)} |"


def collapsed(title: str, lines: Sequence[str]) -> list[str]:
    """Lines in Markdown that are shown when somebody asks for them."""
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]
