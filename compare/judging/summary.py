"""What evidence says in words, in three lines, and as a table in a notebook."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from math import isfinite

from compare.judging.not_compared import NotCompared, lines
from compare.judging.result import (
    BOTH_REFUSE,
    DIFFERENT,
    SAME,
    Result,
    StageResult,
    verdict_of,
)
from compare.judging.sensitivity import Sensitivity
from compare.listing import ROWS

MATCHED = "matched (PyTorch = Keras): "  # begins a note for those who look for a cause
WEIGHTS_DIFFER = (
    "the weights differ, and the weights alone: with the same random weights in both, "
    'the models are the same; transfer="to_keras" compares them with PyTorch\'s'
)
WEIGHTS_ALONE = (  # a note, where WEIGHTS_DIFFER does not say it
    "With random weights, transferred, the models are the same: what differs is in the "
    "weights alone, not in what is computed with them."
)
MORE = "print(evidence.explain()) says more, evidence.to_json() all of it"
LONGEST_LINE = 200  # letters, of the three lines


def explanation(
    results: Sequence[Result],
    sensitivity: Sequence[Sensitivity],
    not_compared: Sequence[NotCompared],
    notes: Sequence[str],
) -> str:
    """Why each result that is not as expected is not; or what a pass rests on.

    Args:
        results: of a run, in its order.
        sensitivity: what the verdicts of each pair are worth.
        not_compared: pairs that got no verdict.
        notes: what a reader must know, a sentence each.
    """
    texts = lines(not_compared) + differences(results)
    if not results:
        texts.append("nothing was compared")
    elif not texts:
        texts = passes(results, sensitivity)
    for sentences in unexercised(results).values():
        texts += [f"not exercised: {sentence}" for sentence in sentences]
    return "\n".join([*texts, *unsaid(results, notes)])


def unexercised(results: Iterable[Result]) -> dict[str, tuple[str, ...]]:
    """What no input made the models do, by pair, where there is such a thing."""
    last = {}
    for result in results:
        if result.unexercised is not None:
            last[result.pair] = result.unexercised
    return {pair: sentences for pair, sentences in last.items() if sentences}


def unsaid(results: Sequence[Result], notes: Sequence[str]) -> list[str]:
    """The notes that say more than `differences` does of these results."""
    if not any(weights_differ(pair_results) for pair_results in _by_pair(results)):
        return [*notes]
    return [note for note in notes if WEIGHTS_ALONE not in note]


# --------------------------------------------------------------------- what is wrong


def differences(results: Sequence[Result]) -> list[str]:
    """A text for each cause of a result that is not as expected, the clearest first.

    Directions, lengths and weights that say the same are counted, and not told again.
    """
    texts = []
    for pair_results in _by_pair(results):
        wrong = [result for result in pair_results if not result.as_expected]
        distinct = _distinct(wrong)
        if not distinct:
            continue
        if weights_differ(pair_results):
            texts.append(f"{distinct[0].pair}: {WEIGHTS_DIFFER}")
        texts += [result.explain() for result in distinct]
        if len(wrong) > len(distinct):
            texts.append(f"  as in {len(wrong) - len(distinct)} more of these runs")
    return texts


def _by_pair(results: Iterable[Result]) -> list[list[Result]]:
    """Results of one pair together; those of its gradients are others."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.pair, result.loss), []).append(result)
    return list(groups.values())


def _distinct(wrong: Sequence[Result]) -> list[Result]:
    """The results, of one pair and wrong, that say what no other one says."""
    distinct: list[Result] = []
    for result in sorted(wrong, key=_clarity, reverse=True):
        if not any(_says_all_of(teller, result) for teller in distinct):
            distinct.append(result)
    return distinct


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
    verdicts = {r.verdict for r in results if r.direction == "as is"}
    random = {r.verdict for r in results if r.direction == "random"}
    return DIFFERENT in verdicts and SAME in random and random <= {SAME, BOTH_REFUSE}


# ----------------------------------------------------------------- what a pass is worth


def passes(results: Sequence[Result], sensitivity: Sequence[Sensitivity]) -> list[str]:
    """What each pair's verdicts rest on: gap, limit, and the mistakes noticed."""
    texts = []
    for of_pair in _by_pair(results):
        for verdict in dict.fromkeys(result.verdict for result in of_pair):
            texts.append(_pass([r for r in of_pair if r.verdict == verdict]))
    for pair in sensitivity:
        texts.append(
            f"{pair.place}: {pair.noticed} of {pair.faults} mistakes that ports make "
            "would have been noticed"
        )
        texts += [
            f"  not       {survivor.fault}, in {survivor.layer}; {survivor.reason}"
            for survivor in pair.survivors[:ROWS]
        ]
        if len(pair.survivors) > ROWS:
            texts.append(f"  not       {len(pair.survivors) - ROWS} others")
        if pair.omission:
            texts.append(f"  untried   {pair.omission}")
    return texts


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
    stage = nearest(results)
    if stage is None:
        return ""
    return f"gap {stage.gap:.1e}, limit {stage.limit:.1e}, at {stage.stage}"


def nearest(results: Sequence[Result]) -> StageResult | None:
    """The stage that comes nearest to its limit, or is farthest beyond it."""
    stages = [result.deciding for result in results]
    judged = [stage for stage in stages if stage is not None]
    return max(judged, key=lambda stage: stage.ratio, default=None)


def _runs(results: Sequence[Result]) -> str:
    return "1 run" if len(results) == 1 else f"{len(results)} runs"


# --------------------------------------------------------------------------- in short


def in_three_lines(
    results: Sequence[Result],
    sensitivity: Sequence[Sensitivity],
    not_compared: Sequence[NotCompared],
) -> str:
    """The verdict, what it rests on, and what to do; a line each.

    Args:
        results: as in `explanation`.
        sensitivity: as in `explanation`.
        not_compared: as in `explanation`.
    """
    if not results:
        reasons = [*lines(not_compared), "no pair was run"]
        return in_lines("no verdict: nothing was compared", reasons[0], MORE)
    pairs = ", ".join(dict.fromkeys(result.pair for result in results))
    wrong = [result for result in results if not result.as_expected]
    verdict = verdict_of(wrong or results)
    verdict_line = f"{verdict}: {pairs}, in {_runs(results)}"
    if not_compared:
        names = ", ".join(pair.pair for pair in not_compared)
        verdict_line += f"; not compared: {names}"
    if wrong:
        verdict_line += f", {len(wrong)} of them not as expected"
        return in_lines(verdict_line, *_cause_and_fix(results))
    figures_line = _figures(results)
    for pair in sensitivity:
        figures_line += f"; {pair.noticed} of {pair.faults} mistakes noticed"
    return in_lines(verdict_line, figures_line, MORE)


def _cause_and_fix(results: Sequence[Result]) -> tuple[str, str]:
    """Why the first pair that is wrong is so, and what to do; in a line each."""
    for pair_results in _by_pair(results):
        distinct = _distinct(
            [result for result in pair_results if not result.as_expected]
        )
        if not distinct:
            continue
        if weights_differ(pair_results):
            return f"because {WEIGHTS_DIFFER}", MORE
        cause = distinct[0].explanation
        if cause is not None and cause.explained:
            return f"because {cause.sentence}", f"fix {cause.fix}"
        shown = distinct[0].explain().splitlines()[:2]
        return " ".join(" ".join(shown).split()), MORE
    return "", MORE


def in_lines(*texts: str) -> str:
    """Texts in a line each, cut where they are too long."""
    return "\n".join(
        textwrap.shorten(text, LONGEST_LINE, placeholder=" ...") for text in texts
    )


def table(groups: Sequence[Sequence[Result]]) -> str:
    """A table in HTML, as notebooks show it.

    Args:
        groups: of results, a row for each.
    """
    head = ("pair", "length", "steps", "batch", "weights", "verdict", "gap", "limit")
    rows = [_row("th", head), *map(_row_of, groups)]
    return f"<table>{''.join(rows)}</table>"


def _row_of(results: Sequence[Result]) -> str:
    """The row of results that share pair, length and verdict."""
    result = results[0]
    name = result.pair
    if result.loss:
        name += ", its gradients"
    verdict: str = result.verdict
    if not result.as_expected:
        verdict += f", expected {result.expected}"
    gap = limit = ""
    stage = nearest(results)
    if stage is not None:
        gap, limit = f"{stage.gap:.1e}", f"{stage.limit:.1e}"
    steps = _listed(r.timesteps for r in results)
    batches = _listed(r.batch for r in results)
    weights = ", ".join(dict.fromkeys(r.direction for r in results))
    cells = (name, result.length, steps, batches, weights, verdict, gap, limit)
    return _row("td", cells)


def _row(tag: str, cells: Iterable[object]) -> str:
    html_cells = [f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells]
    return f"<tr>{''.join(html_cells)}</tr>"


def _listed(numbers: Iterable[int | None]) -> str:
    known_numbers = {number for number in numbers if number is not None}
    return " ".join(map(str, sorted(known_numbers)))
