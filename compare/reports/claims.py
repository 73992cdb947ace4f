"""The claims about the note, as a table in a terminal."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:  # at run time this would load both frameworks
    from compare.subjects.claims import ClaimResult

WIDE = 140  # columns from which figures stand beside the question, not below it
LONGEST = 90  # characters of what a framework said
KINDS = {"holds": "green", "false": "red", "only if": "yellow"}


def print_claims(console: Console, results: "Iterable[ClaimResult]"):
    """A row per claim, and how many hold.

    Args:
        console: tells how wide the table may be.
        results: taken one by one; the time it takes is that of the last line.
    """
    started = time.perf_counter()
    wide = console.width >= WIDE
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 1, 0))
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("verdict", max_width=30 if wide else 22)
    table.add_column("question", ratio=5)
    if wide:
        table.add_column("figures", ratio=6)
    counts = Counter()
    for result in results:
        kind = _kind(result.verdict)
        counts[kind] += 1
        verdict = Text(result.verdict, style=KINDS[kind])
        question = Text(result.question).append(f"\nran: {result.ran}", style="dim")
        figures = Text("; ".join(_figures(result.figures)), style="dim")
        cells = [question, figures] if wide else [Text("\n").join([question, figures])]
        table.add_row(str(result.number), verdict, *cells)
    console.print(table)
    seconds = time.perf_counter() - started
    console.print()
    console.print(conclusion(counts, seconds), style="bold", highlight=False)


def conclusion(counts: Mapping[str, int], seconds: float) -> str:
    """How many claims hold, how many do not, and how long finding out took."""
    total = sum(counts.values())
    return (
        f"{total} claims: {counts['holds']} hold, {counts['false']} false, "
        f"{counts['only if']} hold only under a condition ({seconds:.1f} s)"
    )


def _kind(verdict):
    return verdict if verdict in KINDS else "only if"


def _figures(figures):
    return [f"{name}: {_figure(value)}" for name, value in figures.items()]


def _figure(value):
    if isinstance(value, float):
        return f"{value:.2g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        words = isinstance(value[0], str) if value else False
        text = (" " if words else ", ").join(map(_figure, value))
        return text if words else f"({text})"
    return shorten(str(value), LONGEST, placeholder=" ...")
