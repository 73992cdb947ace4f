"""What a person reads of a port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from compare.one_line import printable

if TYPE_CHECKING:  # at run time this would load both frameworks
    from compare.porting.contents import Port


def print_port(console: Console, port: Port, out: str) -> None:
    """Print the verdict on a port, what it rests on, and where it is."""
    evidence = port.evidence
    verdict = f"{port.name} in {port.framework}: {port.verdict}"
    if port.stubs and port.is_same:
        verdict += ", and the rest is yet to be written"
    elif not port.is_proved:
        verdict += ", so not shown to compute what the original computes"
    console.print(Text(verdict, style="bold"))
    console.print(Text(port.judge.reason))
    console.print(Text(port.sizes))
    for note in port.notes:
        console.print(Text(f"- {printable(note)}"))
    console.print()
    console.print(Text(evidence.explain()))
    console.print()
    console.print(Text(f"wrote {', '.join(port.files)} to {printable(out)}"))
    console.print(Text(f"next: cd {printable(out)} && python check.py"))
