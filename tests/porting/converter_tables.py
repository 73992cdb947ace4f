"""The tables that `compare_converters.py` prints."""

from __future__ import annotations

import statistics
import sys
from typing import Any

LONGEST_REASON = 300  # characters

HEAD = (
    "model",
    "converter",
    "converted",
    "right at its length",
    "at other lengths",
    "largest error",
    "seconds",
    "lines",
    "trainable",
)
HEAD_OF_SUMMARY = (
    "converter",
    "converted",
    "with its defaults",
    "right at its length",
    "right at every length",
    "largest error",
    "seconds",
    "lines",
    "trainable",
)
NOTE = """\
Largest error: largest difference from the Keras model in float64, over its largest
result; right below 1e-6, or 1e-5 where a port runs in float32 alone. Seconds and lines
of a converter are medians over its ports. Lines are those of the source; of onnx2torch,
of `forward` alone. Trainable: numbers in the port's parameters, of those in Keras's (a
recurrent layer of PyTorch has two biases, so that there may be more)."""


class Reasons:
    """Reasons that stand under a table once, each by its number."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, reason: str) -> str:
        """Return a reason's number as it stands in the table, such as "[2]"."""
        line = " ".join(reason.split())
        if len(line) > LONGEST_REASON:
            line = f"{line[:LONGEST_REASON]}..."
        number = self._numbers.setdefault(line, len(self._numbers) + 1)
        return f"[{number}]"

    def text(self) -> str:
        """Return all reasons, a line each."""
        return "\n".join(f"[{n}] {reason}" for reason, n in self._numbers.items())


def text(
    titles: dict[str, str],
    facts: dict[str, Any],
    results: dict[str, dict[str, Any]],
) -> str:
    """Return what came of each model and converter, of each converter, and versions.

    Args:
        titles: {converter: what it is called in the tables}.
        facts: {model: its facts.json}.
        results: {converter: {model: what was measured}}.
    """
    reasons = Reasons()
    rows = [list(HEAD)]
    for name in facts:
        for converter, title in titles.items():
            cells = row(facts[name], results[converter][name], reasons)
            rows.append([name, title, *cells])
    sums = [list(HEAD_OF_SUMMARY)]
    for converter, title in titles.items():
        sums.append([title, *summary(facts, results[converter])])
    parts = [table(rows), reasons.text(), table(sums), NOTE, versions(results)]
    return "\n\n".join(part for part in parts if part)


def row(facts: dict[str, Any], result: dict[str, Any], reasons: Reasons) -> list[str]:
    """Return what came of a model and a converter, as the cells of a row."""
    if result["refused"] is not None:
        return [f"refused: {reasons.number(result['refused'])}", *["-"] * 6]
    own, *others = result["errors"]
    wrong = [error for error in others if not is_right(error, result)]
    at_others = _told(wrong[0], result, reasons) if wrong else "yes"
    if not facts["any_length"]:
        at_others += " (other batches)"
    return [
        f"yes ({result['note']})" if result["note"] else "yes",
        _told(own, result, reasons),
        at_others,
        _largest(result),
        f"{result['seconds']:.1f}",
        _lines(result),
        f"{result['trainable']}/{facts['trainable']}",
    ]


def is_right(error: float | str, result: dict[str, Any]) -> bool:
    """Return whether a case came out, with an error that rounding explains."""
    return not isinstance(error, str) and error <= result["limit"]


def _told(error: float | str, result: dict[str, Any], reasons: Reasons) -> str:
    """Return "yes" for a case that is right, else what is wrong."""
    if isinstance(error, str):
        return f"no: {reasons.number(error)}"
    return "yes" if is_right(error, result) else f"no: error {error:.1e}"


def _largest(result: dict[str, Any]) -> str:
    """Return the largest error as text, and the float type unless it is float64."""
    errors = [error for error in result["errors"] if not isinstance(error, str)]
    if not errors:
        return "-"
    single = " (float32)" if result["float_type"] == "float32" else ""
    return f"{max(errors):.0e}{single}"


def _lines(result: dict[str, Any]) -> str:
    if result["lines"] is None:
        return f"none, {result['nodes']} nodes"
    return str(result["lines"])


def summary(facts: dict[str, Any], results: dict[str, Any]) -> list[str]:
    """Return what came of a converter over all models, as the cells of a row."""
    count = len(results)
    ports = {n: result for n, result in results.items() if result["refused"] is None}
    if not ports:
        return [f"0/{count}", *["-"] * 7]
    with_defaults = own = everywhere = 0
    errors = []
    for result in ports.values():
        right = [is_right(error, result) for error in result["errors"]]
        with_defaults += not result["note"]
        own += right[0]
        everywhere += all(right)
        errors += [error for error in result["errors"] if not isinstance(error, str)]
    lines = [r["lines"] for r in ports.values() if r["lines"] is not None]
    float_types = {result["float_type"] for result in ports.values()}
    single = " (float32)" if float_types == {"float32"} else ""
    return [
        f"{len(ports)}/{count}",
        f"{with_defaults}/{count}",
        f"{own}/{count}",
        f"{everywhere}/{count}",
        f"{max(errors):.0e}{single}" if errors else "-",
        f"{statistics.median(result['seconds'] for result in ports.values()):.1f}",
        f"{statistics.median(lines):.0f}" if lines else "none",
        f"{sum(result['trainable'] for result in ports.values())}"
        f"/{sum(facts[name]['trainable'] for name in ports)}",
    ]


def table(rows: list[list[str]]) -> str:
    """Return rows as a table of Markdown, columns aligned; the first is the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows = [rows[0], ["-" * width for width in widths], *rows[1:]]
    lines = []
    for cells in rows:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        lines.append(f"| {' | '.join(padded)} |")
    return "\n".join(lines)


def versions(results: dict[str, dict[str, Any]]) -> str:
    """Return the versions of Python and of what the converters ran with."""
    found: dict[str, str] = {}
    for by_model in results.values():
        for result in by_model.values():
            found |= result.get("versions") or {}
    named = [f"{name} {version}" for name, version in found.items()]
    return ", ".join([f"Python {sys.version.split()[0]}", *named])
