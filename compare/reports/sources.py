"""The pairs, and the sources of both twins, in a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.errors import command
from compare.one_line import printable
from compare.subjects.pairs import Pair
from compare.subjects.sources import sentence

SIDE_BY_SIDE = 176  # columns, of which two files with lines of 88 need hardly more
BETWEEN = " | "


def print_pairs(console: Console, pairs: Iterable[Pair]) -> None:
    """The pairs by name, each with the sentence its source opens with."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("pair", no_wrap=True)
    table.add_column("model")
    for pair in pairs:
        table.add_row(pair.file, sentence(pair))
    console.print(table)
    console.print(
        f"\nRead both sources: {command()} show NAME"
        f"\nCompare the twins: {command()} run NAME",
        highlight=False,
    )


def print_sources(console: Console, texts: Sequence[tuple[str, str]]) -> None:
    """Sources of twins: side by side where the terminal is wide enough, else in turn.

    Side by side, lines that correspond share a row and `|` marks those that differ. No
    line is ever broken: one that is too long for its column moves what is beside it. A
    file or a pipe gets the code as it is.

    Args:
        console: tells how wide the terminal is.
        texts: title and text of the source in PyTorch and in Keras, or of one for both.
    """
    texts = [(printable(title), text.rstrip()) for title, text in texts]
    if console.is_terminal:
        texts = [(title, _shown(text)) for title, text in texts]
    if len(texts) == 2 and _fit(console, [text for _, text in texts]):
        _print_side_by_side(console, texts)
    elif console.is_terminal:
        for title, text in texts:
            heading = Text(f"# {title}", style="bold")
            console.print(heading, _coloured(text), "", sep="\n", soft_wrap=True)
    else:  # Rich would write tabs as spaces
        for title, text in texts:
            console.file.write(f"# {title}\n{text}\n\n")
        console.file.flush()


def _shown(text: str) -> str:
    """Code whose control characters a terminal shows and does not obey."""
    if text.isprintable():
        return text
    letters = []
    for letter in text:
        plain = letter.isprintable() or letter in "\n\t"
        letters.append(letter if plain else printable(letter))
    return "".join(letters)


def _fit(console: Console, texts: Sequence[str]) -> bool:
    """Whether two texts fit beside each other; in a pipe, if COLUMNS says so."""
    if not console.is_terminal and "COLUMNS" not in os.environ:
        return False  # the terminal that Rich measures is not the one written to
    if console.width >= SIDE_BY_SIDE:
        return True
    widths = [max(map(cell_len, text.expandtabs().split("\n"))) for text in texts]
    return console.is_terminal and sum(widths) + len(BETWEEN) <= console.width


def _coloured(text: str) -> Text:
    from rich.syntax import Syntax  # Pygments: only here, a tenth of the start

    return Syntax("", "python", theme="ansi_dark").highlight(text)


def _print_side_by_side(console: Console, texts: Sequence[tuple[str, str]]) -> None:
    """Lines that correspond in one row, `|` between those that differ."""
    column = (console.width - len(BETWEEN)) // 2
    (left_title, left_text), (right_title, right_text) = texts
    titles = Text(left_title, "bold"), Text(right_title, "bold"), False
    left_lines = list(_coloured(left_text).split())
    right_lines = list(_coloured(right_text).split())
    lines = _aligned(left_lines, right_lines)
    for of_torch, of_keras, differs in [titles, *lines]:
        row = of_torch.copy()
        row.expand_tabs(8)
        row.pad_right(max(column - row.cell_len, 0))
        row.append(BETWEEN if differs else " " * len(BETWEEN))
        row.append_text(of_keras)
        row.rstrip()
        console.print(row, soft_wrap=True)


def _aligned(
    of_torch: Sequence[Text], of_keras: Sequence[Text]
) -> Iterator[tuple[Text, Text, bool]]:
    """Lines of both texts that correspond, and whether they differ."""
    matcher = SequenceMatcher(
        None,
        [line.plain for line in of_torch],
        [line.plain for line in of_keras],
        autojunk=False,
    )
    for tag, start, end, right_start, right_end in matcher.get_opcodes():
        rows = zip_longest(
            of_torch[start:end], of_keras[right_start:right_end], fillvalue=Text()
        )
        for left_line, right_line in rows:
            yield left_line, right_line, tag != "equal"
