"""What a notebook shows of evidence: tables, and plots where matplotlib is installed.

`register` tells the notebook's IPython how to show each kind of evidence. Elsewhere
nothing here is used, and evidence is shown by its own `_repr_html_`, a table.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from math import isfinite
from typing import Any

from compare.judging.evidence import Evidence
from compare.judging.explanation import Explanation
from compare.judging.result import Result
from compare.judging.summary import differences, table
from compare.judging.training import TrainingEvidence
from compare.listing import ROWS
from compare.reports import notebook_plots as plots
from compare.reports.evidence import INDENT
from compare.reports.training import opening

LEFT = "text-align: left; vertical-align: top"
WRAPPED = "white-space: pre-wrap; word-break: break-word; max-width: 60em"


def register(shell: Any) -> None:
    """Let an IPython show evidence in this way.

    Args:
        shell: of a notebook, or of a terminal, which shows no HTML.
    """
    formatter = shell.display_formatter.formatters["text/html"]
    formatter.for_type(Evidence, of_evidence)
    formatter.for_type(Explanation, of_explanation)
    formatter.for_type(TrainingEvidence, of_training)


# --------------------------------------------------------------------------- evidence


def of_evidence(evidence: Evidence) -> str:
    """The verdict, a row for results that are alike, gaps and limits, and why.

    Args:
        evidence: of a comparison.
    """
    parts = [_bold(repr(evidence).splitlines()[0]), table(evidence.alike())]
    result = _clearest(evidence.results)
    if result is not None:
        parts.append(_drawn(plots.gaps_and_limits, result))
    if evidence.as_expected or not evidence.results:
        return _together([*parts, _text(evidence.explain())])
    parts += [_difference(text) for text in differences(evidence.results)]
    return _together([*parts, _folded("all that was found", evidence.explain())])


def _clearest(results: Sequence[Result]) -> Result | None:
    """The result to draw: one that is wrong, and farthest beyond its limit."""
    judged = [result for result in results if result.deciding is not None]
    wrong = [result for result in judged if not result.as_expected]
    return max(wrong or judged, key=_clarity, default=None)


def _clarity(result: Result) -> tuple[bool, float]:
    """Whether it is known why a result differs, and how far it is beyond its limit."""
    stage = result.deciding
    ratio = 0.0
    if stage is not None and isfinite(stage.ratio):
        ratio = stage.ratio
    return result.explanation is not None, ratio


def _difference(text: str) -> str:
    """A text of `differences`, its lines as rows of a table."""
    first, *lines = text.splitlines()
    if not lines:
        return f"<p>{html.escape(first)}</p>"
    if not all(line.startswith("  ") for line in lines):
        return _text(text)
    return f"<p>{html.escape(first)}</p>{_said(lines, INDENT)}"


def of_explanation(explanation: Explanation) -> str:
    """The cause, its proof, the fix and the place as a table.

    Args:
        explanation: of a result that differs.
    """
    lines = [*explanation.explain_cause(), *explanation.explain_place()]
    return _said(lines, INDENT - 2)


def _said(lines: Iterable[str], indent: int) -> str:
    """Lines that begin with a word, or two, as rows of a table.

    Args:
        lines: of an explanation.
        indent: columns before what a line says.
    """
    return _table([], [(line[:indent].strip(), line[indent:]) for line in lines])


# --------------------------------------------------------------------------- training


def of_training(evidence: TrainingEvidence) -> str:
    """What was shown, the learning curves and their gap, the tensors, and the causes.

    Args:
        evidence: of a training run.
    """
    parts = [_bold(evidence.conclusion), _text("\n".join(opening(evidence)))]
    if evidence.done:
        parts += [_drawn(plots.learning_curves, evidence), _tensors(evidence)]
    if evidence.drift and not evidence.in_step:
        parts.append(_causes(evidence))
    notes = [f"Note: {note}" for note in evidence.notes]
    if evidence.interrupted:
        notes.insert(0, evidence.interruption)
    return _together([*parts, *map(_text, notes)])


def _tensors(evidence: TrainingEvidence) -> str:
    """The tensors that part first, or come nearest to their limits."""
    tensors = sorted(
        evidence.tensors, key=lambda tensor: (tensor.verdict == "same", -tensor.ratio)
    )
    rows: list[tuple[str, ...]] = []
    for tensor in tensors[:ROWS]:
        parts_at = f"step {tensor.timestep}" if tensor.timestep else ""
        gap, limit = f"{tensor.gap:.1e}", f"{tensor.limit:.1e}"
        rows.append((tensor.stage, tensor.verdict, gap, limit, parts_at))
    others = len(tensors) - ROWS
    if others > 0:
        rows.append((f"and {others} nearer to their twins", "", "", "", ""))
    return _table(("tensor", "verdict", "gap", "limit", "parts at"), rows)


def _causes(evidence: TrainingEvidence) -> str:
    """What makes the twins drift apart, and what each cause explains."""
    measured = {cause.name: cause for cause in evidence.causes}
    rows = []
    for name, sentence in evidence.drift.items():
        explains = alone = "-"
        if name in measured:
            explains = f"{measured[name].share:.1%}"
            alone = f"{measured[name].alone:.1%}"
        rows.append((name, sentence, explains, alone))
    return _table(("why they drift", "", "explains", "alone"), rows)


# ------------------------------------------------------------------------------- HTML


def _drawn(draw: Callable[..., str], evidence: Result | TrainingEvidence) -> str:
    """A plot, or nothing where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        return ""
    return draw(evidence)


def _together(parts: Iterable[str]) -> str:
    return f"<div>{''.join(parts)}</div>"


def _bold(text: str) -> str:
    return f"<p><strong>{html.escape(text)}</strong></p>"


def _text(text: str) -> str:
    """Lines as they are, broken where there is no room."""
    return f'<pre style="{WRAPPED}">{html.escape(text)}</pre>' if text else ""


def _folded(name: str, text: str) -> str:
    """A text that is shown once its name is clicked."""
    return f"<details><summary>{html.escape(name)}</summary>{_text(text)}</details>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    html_rows = [_row("th", head)] if head else []
    html_rows += [_row("td", row) for row in rows]
    return f"<table>{''.join(html_rows)}</table>"


def _row(tag: str, cells: Iterable[str]) -> str:
    html_cells = [
        f'<{tag} style="{LEFT}">{html.escape(cell)}</{tag}>' for cell in cells
    ]
    return f"<tr>{''.join(html_cells)}</tr>"
