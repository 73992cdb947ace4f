"""What evidence says in words, in three lines, and as a table in a notebook."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TYPE_CHECKING

from compare.judging import not_compared

if TYPE_CHECKING:
    from compare.judging.evidence import Evidence, Result

MATCHED = "matched (PyTorch = Keras): "  # begins a note for those who look for a cause
WEIGHTS_DIFFER = (
    "the weights differ, and the weights alone: with the same random weights in both, "
    'the models are the same; transfer="to_keras" compares them with PyTorch\'s'
)
MORE = "print(evidence.explain()) says more, evidence.to_json() all of it"
LONGEST_LINE = 200  # letters, of the three lines


def explanation(evidence: Evidence) -> str:
    """Why each result that is not as expected is not; or what a pass rests on."""
    lines = not_compared.lines(evidence.not_compared)
    lines += differences(evidence.results)
    if not evidence.results:
        lines.append("nothing was compared")
    elif not lines:
        lines = passes(evidence)
    return "\n".join([*lines, *evidence.notes])


def notes(evidence: Evidence) -> list[str]:
    """The notes that a run prints: of a pass, which layers are twins is none."""
    if not evidence.as_expected:
        return [*evidence.notes]
    return [note for note in evidence.notes if MATCHED not in note]


# --------------------------------------------------------------------- what is wrong


def differences(results: Sequence[Result]) -> list[str]:
    """A text for each cause of a result that is not as expected, the clearest first.

    Directions, lengths and weights that say the same are counted, and not told again.
    """
    texts = []
    for pair_results in _by_pair(results):
        wrong = [result for result in pair_results if not result.as_expected]
        told = _told(wrong)
        if not told:
            continue
        if weights_differ(pair_results):
            texts.append(f"{told[0].pair}: {WEIGHTS_DIFFER}")
        texts += [result.explain() for result in told]
        if len(wrong) > len(told):
            texts.append(f"  as in {len(wrong) - len(told)} more of these runs")
    return texts


def _by_pair(results: Iterable[Result]) -> list[list[Result]]:
    """Results of one pair together; those of its gradients are others."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.pair, result.loss), []).append(result)
    return list(groups.values())


def _told(wrong: Sequence[Result]) -> list[Result]:
    """The results, of one pair and wrong, that say what no other one says."""
    told: list[Result] = []
    for result in sorted(wrong, key=_clarity, reverse=True):
        if not any(_says_all_of(teller, result) for teller in told):
            told.append(result)
    return told


def _clarity(result: Result) -> tuple[bool, bool, float]:
    """How much a result says, and how far it is beyond its limit."""
    stage = result.deciding
    ratio = 0.0
    if stage is not None and isfinite(stage.ratio):
        ratio = stage.ratio
    return bool(result.smallest), bool(result.explanation), ratio


def _says_all_of(teller: Result, result: Result) -> bool:
    """Whether who has read about one result has read what another one says."""
    if teller.verdict != result.verdict:
        return False
    if result.explanation is None:
        return True
    if teller.explanation is None:
        return False
    if teller.explanation.sentence == result.explanation.sentence:
        return True
    faults = set(result.explanation.faults)
    return bool(faults) and faults <= set(teller.explanation.faults)


def weights_differ(results: Sequence[Result]) -> bool:
    """Whether models differ as they are, and not with random weights in both."""
    own = {r.verdict for r in results if r.direction == "as is"}
    random = {r.verdict for r in results if r.direction == "random"}
    return "different" in own and "same" in random and random <= {"same", "both refuse"}


# ----------------------------------------------------------------- what a pass is worth


def passes(evidence: Evidence) -> list[str]:
    """What each pair's verdicts rest on: gap, limit, and the mistakes noticed."""
    lines = []
    for results in _by_pair(evidence.results):
        for verdict in dict.fromkeys(result.verdict for result in results):
            lines.append(_pass([r for r in results if r.verdict == verdict]))
    for pair in evidence.sensitivity:
        lines.append(
            f"{pair.place}: {pair.noticed} of {pair.faults} mistakes that ports make "
            "would have been noticed"
        )
        lines += [
            f"  not       {survivor.fault}, in {survivor.layer}; {survivor.reason}"
            for survivor in pair.survivors
        ]
    return lines


def _pass(results: Sequence[Result]) -> str:
    """The verdict that some results of one pair share, and the worst of its figures."""
    result = results[0]
    text = f"{result.pair}: {result.verdict}, in {_runs(results)}"
    if result.loss:
        text = f"{result.pair}, gradients: {result.verdict}, in {_runs(results)}"
    figures = _figures(results)
    if figures:
        text += f"; {figures}"
    return text


def _figures(results: Sequence[Result]) -> str:
    """Gap and limit where the gap is nearest to it, or "" where nothing ran."""
    stages = [result.deciding for result in results]
    judged = [stage for stage in stages if stage is not None]
    if not judged:
        return ""
    stage = max(judged, key=lambda stage: stage.ratio)
    return f"gap {stage.gap:.1e}, limit {stage.limit:.1e}, at {stage.stage}"


def _runs(results: Sequence[Result]) -> str:
    return "1 run" if len(results) == 1 else f"{len(results)} runs"


# --------------------------------------------------------------------------- in short


def in_three_lines(evidence: Evidence) -> str:
    """The verdict, what it rests on, and what to do; a line each."""
    if not evidence.results:
        lines = ["no verdict: nothing was compared"]
        lines += not_compared.lines(evidence.not_compared)[:1]
        return _lines([*lines, MORE])
    pairs = ", ".join(dict.fromkeys(result.pair for result in evidence.results))
    wrong = [result for result in evidence.results if not result.as_expected]
    first = f"{evidence.verdict}: {pairs}, in {_runs(evidence.results)}"
    if wrong:
        first += f", {len(wrong)} of them not as expected"
        return _lines([first, *_cause_and_fix(evidence.results)])
    second = _figures(evidence.results)
    for pair in evidence.sensitivity:
        second += f"; {pair.noticed} of {pair.faults} mistakes noticed"
    return _lines([first, second, MORE])


def _cause_and_fix(results: Sequence[Result]) -> tuple[str, str]:
    """Why the first pair that is wrong is so, and what to do; in a line each."""
    for pair_results in _by_pair(results):
        told = _told([result for result in pair_results if not result.as_expected])
        if not told:
            continue
        if weights_differ(pair_results):
            return f"because {WEIGHTS_DIFFER}", MORE
        cause = told[0].explanation
        if cause is not None and cause.explained:
            return f"because {cause.sentence}", f"fix {cause.fix}"
        lines = told[0].explain().splitlines()
        return " ".join(" ".join(lines[:2]).split()), MORE
    return "", MORE


def _lines(lines: Iterable[str]) -> str:
    short = [textwrap.shorten(line, LONGEST_LINE, placeholder=" ...") for line in lines]
    return "\n".join(short)


def as_table(evidence: Evidence) -> str:
    """A table in HTML: a row for what shares a verdict, and why, where one is wrong."""
    head = ("pair", "length", "steps", "batch", "weights", "verdict", "gap", "limit")
    rows = [_row("th", head)]
    for results in evidence.alike():
        result = results[0]
        stages = [r.deciding for r in results if r.deciding is not None]
        gap, limit = "", ""
        if stages:
            stage = max(stages, key=lambda stage: stage.ratio)
            gap, limit = f"{stage.gap:.1e}", f"{stage.limit:.1e}"
        verdict = result.verdict if result.as_expected else f"{result.verdict} (!)"
        cells = (
            f"{result.pair}, its gradients" if result.loss else result.pair,
            result.length,
            _listed(r.timesteps for r in results),
            _listed(r.batch for r in results),
            ", ".join(dict.fromkeys(r.direction for r in results)),
            verdict,
            gap,
            limit,
        )
        rows.append(_row("td", cells))
    text = explanation(evidence)
    return f"<table>{''.join(rows)}</table><pre>{html.escape(text)}</pre>"


def _row(tag: str, cells: Iterable[object]) -> str:
    parts = [f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells]
    return f"<tr>{''.join(parts)}</tr>"


def _listed(numbers: Iterable[int | None]) -> str:
    return " ".join(str(n) for n in sorted({n for n in numbers if n is not None}))
