"""The pairs, and the sources of both twins, in a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.errors import command
from compare.one_line import printable
from compare.reports.columns import coloured, print_columns
from compare.subjects.pairs import Pair
from compare.subjects.sources import sentence

NARROWEST = 60  # columns of a terminal in which two sources are read side by side
SIDE_BY_SIDE = 176  # in a pipe: two files with lines of 88 need hardly more


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
    """Sources of twins: side by side in a terminal, one after the other elsewhere.

    A file or a pipe gets the code as it is, unless COLUMNS asks for columns that hold
    most lines whole.

    Args:
        console: tells how wide the terminal is.
        texts: title and text of the source in PyTorch and in Keras, or of one for both.
    """
    texts = [(printable(title), text.rstrip()) for title, text in texts]
    if console.is_terminal:
        texts = [(title, _shown(text)) for title, text in texts]
    if len(texts) == 2 and _has_columns(console):
        print_columns(console, texts)
    elif console.is_terminal:
        for title, text in texts:
            console.print(Text(f"# {title}", style="bold"), soft_wrap=True)
            for line in coloured(console, text):
                console.print(line, soft_wrap=True)
            console.print()
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


def _has_columns(console: Console) -> bool:
    """Whether two sources stand beside each other; in a pipe, if COLUMNS says so."""
    if console.is_terminal:
        return console.width >= NARROWEST
    # The terminal that Rich measures is not the one that a pipe is written to.
    return "COLUMNS" in os.environ and console.width >= SIDE_BY_SIDE
