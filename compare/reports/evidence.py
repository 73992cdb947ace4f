"""What a person sees of a run in a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.judging.evidence import Evidence
from compare.judging.result import (
    BOTH_REFUSE,
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
    SAME_IN_FLOAT32,
    SIDES,
    Result,
)
from compare.judging.summary import MATCHED, differences, unsaid
from compare.listing import ROWS, bounded
from compare.reports.tables import plain_table

LEGEND = (
    "gap    largest difference in float64, as a part of the stage's largest value",
    "limit  what rounding explains, measured by running each twin in float32 as well",
)
INDENT = 12  # columns before what a line of an explanation says

DECLARED = {  # what else than *same* a pair may declare, and earn
    BOTH_REFUSE: "refused by both, as they should",
    ILL_CONDITIONED: "ill-conditioned, as expected",
    ONE_REFUSES: "refused by one side alone, as expected",
    DIFFERENT: "different, as expected",
}
WHOSE_WEIGHTS = {  # by direction
    "as is": "the weights that they have",
    "to_keras": "PyTorch's weights",
    "to_torch": "Keras's weights",
    "random": "random weights",
}


def print_evidence(console: Console, evidence: Evidence) -> None:
    """The whole run: what ran, a row per verdict, what went wrong, what was proved."""
    versions = evidence.versions
    console.print(
        f"PyTorch {versions['torch']} and Keras {versions['keras']} "
        f"({versions['backend']}) on {_inputs(evidence.inputs)}; float64 judges "
        "float32\n",
        highlight=False,
        markup=False,
    )
    rows = rows_of(evidence.results)
    console.print(_table(rows))
    for line in ("", *LEGEND):
        console.print(line, style="dim", highlight=False)
    for text in differences(evidence.results):
        if not text.startswith(" "):
            console.print()
        _print_wrapped(console, text, "red")
    _print_sensitivity(console, evidence)
    _print_unexercised(console, evidence)
    _print_refusals(console, rows)
    _print_unmatched(console, evidence.results)
    for note in unsaid(evidence.results, evidence.notes):
        if evidence.as_expected and MATCHED in note:
            continue  # matters to who looks for a cause
        console.print()
        _print_wrapped(console, f"Note: {note}")
    console.print()
    console.print(conclusion(evidence), style="bold", highlight=False, markup=False)


def _inputs(inputs: Mapping[str, str | int]) -> str:
    """What the models ran on, in words."""
    figures = dict(inputs)
    del figures["seed"]
    sentences = []
    if "prices" in figures:
        sentences.append(f"{figures.pop('days'):,} days of {figures.pop('prices')}")
    if len(figures) > 1:
        sentences += [f"{text} ({name})" for name, text in figures.items()]
    else:
        sentences += map(str, figures.values())
    return "; ".join(sentences)


def print_problems(console: Console, evidence: Evidence) -> None:
    """What went wrong in a run, and nothing else."""
    for text in differences(evidence.results):
        _print_wrapped(console, text)
    console.print(conclusion(evidence), style="bold", highlight=False, markup=False)


def print_explanation(console: Console, evidence: Evidence) -> None:
    """Why the twins of a pair differ; or that they do not."""
    lines = [evidence.explain()]
    if evidence.as_expected:
        lines += [conclusion(evidence), "There is nothing to explain."]
    for line in lines:
        _print_wrapped(console, line)


def _print_wrapped(console: Console, text: str, style: str | None = None) -> None:
    """Lines of a report; one that is too long goes on under its own text."""
    for line in text.splitlines():
        indent = INDENT if line.startswith("  ") else 2
        lines = textwrap.wrap(
            line,
            console.width,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for text_of_line in lines or [""]:
            console.print(
                text_of_line, style=style, highlight=False, markup=False, soft_wrap=True
            )


# -------------------------------------------------------------------------- conclusion


def conclusion(evidence: Evidence, where: str = "above") -> str:
    """What was proved, or not, in a sentence.

    Args:
        evidence: of the run.
        where: what is wrong is told, as the reader sees it from here.
    """
    results, seconds = evidence.results, f"({evidence.seconds:.1f} s)"
    if not results:
        return f"Not proved: nothing was compared {seconds}."
    if evidence.not_compared:
        names = ", ".join(pair.pair for pair in evidence.not_compared)
        of_compared = conclusion(replace(evidence, not_compared=()), where)
        return f"Not compared: {names}. {of_compared}"
    wrong = [result for result in results if not result.as_expected]
    if wrong:
        return (
            f"Not proved: {len(wrong)} of {len(results)} runs are not as expected; "
            f"look at {', '.join(_names(wrong))} {where} {seconds}."
        )
    same = [r for r in results if r.verdict in (SAME, SAME_IN_FLOAT32)]
    compared = [r for r in same if not r.loss]
    gradients = [r for r in same if r.loss]
    more = " more" if compared else ""
    sentences = ["No results are proved the same"]
    if compared:
        sentences = [_same_function(compared)]
    if gradients:
        sentences.append(
            f"the gradients are the same, in {_runs(len(gradients), more)}"
        )
    for verdict, words in DECLARED.items():
        number = sum(result.verdict == verdict for result in results)
        if number:
            verb = "is" if number == 1 else "are"
            sentences.append(f"{_runs(number, more)} {verb} {words}")
    return f"{'; '.join(sentences)} {seconds}."


def _same_function(compared: Sequence[Result]) -> str:
    """Which pairs were the same in these runs, one or more, and with whose weights."""
    names = _names(compared)
    pairs_compute = f"{names[0]} computes"
    if len(names) > 1:
        pairs_compute = f"{len(names)} pairs compute"
    proved = "Seen in float32 alone"
    if all(result.verdict == SAME for result in compared):
        proved = "Proved"
    return (
        f"{proved}: on these inputs {pairs_compute} the same function in PyTorch and "
        f"Keras, in {_runs(len(compared))}{_directions(compared)}"
    )


def _runs(number: int, more: str = "") -> str:
    plural = "" if number == 1 else "s"
    return f"{number}{more} run{plural}"


def _directions(results: Sequence[Result]) -> str:
    """With whose weights, in words."""
    directions = {result.direction for result in results}
    if directions == {"to_keras", "to_torch"}:
        return " and both transfer directions"
    texts = [text for name, text in WHOSE_WEIGHTS.items() if name in directions]
    return f", with {' and with '.join(texts)}"


def _names(results: Sequence[Result]) -> list[str]:
    return list(dict.fromkeys(result.pair for result in results))


# ------------------------------------------------------------------------------- table


def rows_of(results: Sequence[Result]) -> list[list[Result]]:
    """Results that share a row of a table: one pair, length and verdict."""
    rows: dict[tuple, list[Result]] = {}
    for result in results:
        key: tuple = (result.pair, result.length, result.loss, result.drawn)
        key += (result.verdict, result.expected)
        rows.setdefault(key, []).append(result)
    return list(rows.values())


def _table(rows: Sequence[Sequence[Result]]) -> Table:
    table = plain_table()
    table.add_column("pair", overflow="fold", min_width=19)
    for name in ("length", "steps", "batch"):
        table.add_column(name, no_wrap=True)
    table.add_column("verdict", min_width=len("both refuse"))
    for name in ("gap", "limit"):
        table.add_column(name, no_wrap=True)
    shown = None
    for results in rows:
        result = results[0]  # what the row shows of it, the others have as well
        name = "" if result.pair == shown else result.pair
        if result.loss:
            name = "  its gradients"
        if result.drawn:
            name = f"  on {result.drawn}"
        shown = result.pair
        gap, limit = figures_of(results)
        table.add_row(
            Text(name),
            str(result.length),
            listed_numbers(result.timesteps for result in results),
            listed_numbers(result.batch for result in results),
            _verdict(result),
            gap,
            limit,
        )
    return table


def figures_of(results: Sequence[Result]) -> tuple[str, str]:
    """Gap and limit of the worst of some results, if it has any."""
    stage = max(results, key=_severity).deciding
    if stage is None:
        return "", ""
    return f"{stage.gap:.1e}", f"{stage.limit:.1e}"


def _severity(result: Result) -> float:
    stage = result.deciding
    return 0.0 if stage is None else stage.ratio


def listed_numbers(numbers: Iterable[int | None]) -> str:
    """Each number once, in order; those that are not known are left out."""
    distinct = {number for number in numbers if number is not None}
    return " ".join(map(str, sorted(distinct)))


def _verdict(result: Result) -> Text:
    if result.as_expected:
        return Text(result.verdict, style="green")
    return Text(result.verdict, style="bold red")  # what was expected is said below


# ------------------------------------------------------------------- what else is said


def _print_sensitivity(console: Console, evidence: Evidence) -> None:
    """What the verdicts are worth: named mistakes made in a twin, one at a time."""
    pairs = evidence.sensitivity
    if not pairs:
        return
    console.print("\nOf the mistakes that ports make this run would have noticed:")
    width = max(len(pair.place) for pair in pairs)
    for pair in pairs:
        count = f"{pair.noticed} of {pair.faults}"
        console.print(f"  {pair.place:{width}}  {count}", highlight=False, markup=False)
        for survivor in pair.survivors[:ROWS]:
            _print_wrapped(
                console,
                f"  not       {survivor.fault}, in {survivor.layer} "
                f"({survivor.sentence}); {survivor.reason}",
                "yellow",
            )
        if len(pair.survivors) > ROWS:
            number = len(pair.survivors) - ROWS
            console.print(f"  not       {number} others, which the JSON has")
        if pair.omission:
            _print_wrapped(console, f"  untried   {pair.omission}", "yellow")


def _print_unexercised(console: Console, evidence: Evidence) -> None:
    """What no input made the models do, so that the verdicts do not speak of it."""
    for pair, sentences in evidence.unexercised.items():
        console.print(f"\nNot exercised in {pair}:", highlight=False, markup=False)
        for sentence in sentences:
            _print_wrapped(console, f"  not       {sentence}", "yellow")


def _print_unmatched(console: Console, results: Sequence[Result]) -> None:
    """Stages that could not be compared, since one twin alone has them."""
    stages = {result.pair: result.unmatched for result in results if result.unmatched}
    if not stages:
        return
    texts = [f"{bounded(names)} of {pair}" for pair, names in stages.items()]
    console.print(
        f"\nNot in both twins alike, so not compared: {'; '.join(texts)}",
        highlight=False,
        markup=False,
    )


def _print_refusals(console: Console, rows: Sequence[Sequence[Result]]) -> None:
    """What the twins said, once a row: the first of its refusals stands for all."""
    for results in rows:
        result = results[0]
        if not result.refusals or not result.as_expected:
            continue
        steps = f" offered {result.timesteps} steps" if result.timesteps else ""
        console.print(
            f"\n{result.pair}, length {result.length}{steps}: {result.verdict}",
            highlight=False,
            markup=False,
        )
        for side, text in result.refusals.items():
            _print_wrapped(console, f"  {SIDES[side]:10}{text}")
