"""The claims about the note, as a table in a terminal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from textwrap import shorten
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.reports.tables import plain_table

if TYPE_CHECKING:  # at run time this would load both frameworks
    from compare.subjects.claims import ClaimResult
    from compare.subjects.claims.claim import Figure

WIDE = 140  # columns from which figures stand beside the question, not below it
LONGEST_FIGURE = 90  # characters of what a framework said
STYLES = {"holds": "green", "false": "red", "only if": "yellow"}  # by kind of verdict


def print_claims(console: Console, results: Iterable[ClaimResult]) -> None:
    """A row per claim, and how many hold.

    Args:
        console: tells how wide the table may be.
        results: taken one by one; the time it takes is that of the last line.
    """
    started = time.perf_counter()
    wide = console.width >= WIDE
    table = _empty_table(wide)
    counts: Counter[str] = Counter()
    for result in results:
        kind = kind_of(result.verdict)
        counts[kind] += 1
        verdict = Text(result.verdict, style=STYLES[kind])
        question = Text(result.question).append(f"\nran: {result.ran}", style="dim")
        figures = Text("; ".join(_figures(result.figures)), style="dim")
        cells = [question, figures]
        if not wide:
            cells = [Text("\n").join(cells)]
        table.add_row(str(result.number), verdict, *cells)
    console.print(table)
    seconds = time.perf_counter() - started
    console.print()
    console.print(conclusion(counts, seconds), style="bold", highlight=False)


def _empty_table(wide: bool) -> Table:
    width_of_verdicts = 30 if wide else 22
    table = plain_table(below=1)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("verdict", max_width=width_of_verdicts)
    table.add_column("question", ratio=5)
    if wide:
        table.add_column("figures", ratio=6)
    return table


def conclusion(counts: Mapping[str, int], seconds: float) -> str:
    """How many claims hold, how many do not, and how long finding out took."""
    return f"{in_numbers(counts)} ({seconds:.1f} s)"


def in_numbers(counts: Mapping[str, int]) -> str:
    """How many claims hold, and how many do not."""
    return (
        f"{sum(counts.values())} claims: {counts['holds']} hold, {counts['false']} "
        f"false, {counts['only if']} hold only under a condition"
    )


def counted(results: Iterable[ClaimResult]) -> Counter[str]:
    """How many claims there are of each kind of verdict."""
    return Counter(kind_of(result.verdict) for result in results)


def kind_of(verdict: str) -> str:
    """The kind of a verdict: `holds`, `false` or `only if`."""
    return verdict if verdict in STYLES else "only if"


def _figures(figures: Mapping[str, Figure]) -> list[str]:
    return [f"{name}: {_figure(value)}" for name, value in figures.items()]


def _figure(value: Figure) -> str:
    """A figure in few characters: a number, words, or several of either."""
    if isinstance(value, float):
        return f"{value:.2g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        texts = [_figure(item) for item in value]
        if value and isinstance(value[0], str):
            return " ".join(texts)
        return f"({', '.join(texts)})"
    return shorten(str(value), LONGEST_FIGURE, placeholder=" ...")
