"""What a person sees in a terminal."""

import os
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from compare.judging.evidence import (
    BOTH_REFUSE,
    DIFFERENT,
    ILL_CONDITIONED,
    ONE_REFUSES,
    SAME,
    SAME_IN_FLOAT32,
    SIDES,
    Evidence,
    Result,
)
from compare.matching.moves import Move
from compare.subjects import sources
from compare.subjects.pairs import Pair

LEGEND = (
    "gap    largest difference in float64, as a part of the stage's largest value",
    "limit  what rounding explains, measured by running each twin in float32 as well",
)
WEIGHTS_ALONE = (
    "Weights are all that moved: epsilons, activations, directions and the like are "
    "not in such files; python -m compare run compares them."
)
INDENT = 12  # columns before what a line of an explanation says
SIDE_BY_SIDE = 176  # columns, of which two files with lines of 88 need hardly more
BETWEEN = " | "


def print_pairs(console: Console, pairs: Iterable[Pair]):
    """The pairs by name, each with the sentence its source opens with."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("pair", no_wrap=True)
    table.add_column("model")
    for pair in pairs:
        table.add_row(pair.file, sources.sentence(pair))
    console.print(table)
    console.print(
        "\nRead both sources: python -m compare show NAME"
        "\nCompare the twins: python -m compare run NAME",
        highlight=False,
    )


def print_sources(console: Console, parts: Sequence[tuple[str, str]]):
    """Sources of twins: side by side where the terminal is wide enough, else in turn.

    Side by side, lines that correspond share a row and `|` marks those that differ. No
    line is ever broken: one that is too long for its column moves what is beside it. A
    file or a pipe gets the code as it is.

    Args:
        console: tells how wide the terminal is.
        parts: title and text of PyTorch's source and of Keras's, or of one for both.
    """
    parts = [(title, text.rstrip()) for title, text in parts]
    if len(parts) == 2 and _fit(console, [text for _, text in parts]):
        _print_side_by_side(console, parts)
    elif console.is_terminal:
        for title, text in parts:
            heading = Text(f"# {title}", style="bold")
            console.print(heading, _coloured(text), "", sep="\n", soft_wrap=True)
    else:  # Rich would write tabs as spaces
        for title, text in parts:
            console.file.write(f"# {title}\n{text}\n\n")
        console.file.flush()


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


def _print_side_by_side(console: Console, parts: Sequence[tuple[str, str]]):
    """Lines that correspond in one row, `|` between those that differ."""
    column = (console.width - len(BETWEEN)) // 2
    (left_title, left_text), (right_title, right_text) = parts
    lines = [_coloured(text).split() for text in (left_text, right_text)]
    titles = Text(left_title, "bold"), Text(right_title, "bold"), False
    for left, right, differs in [titles, *_aligned(*lines)]:
        row = left.copy()
        row.expand_tabs(8)
        row.pad_right(max(column - row.cell_len, 0))
        row.append(BETWEEN if differs else " " * len(BETWEEN))
        row.append_text(right)
        row.rstrip()
        console.print(row, soft_wrap=True)


def _aligned(
    first: Sequence[Text], second: Sequence[Text]
) -> Iterator[tuple[Text, Text, bool]]:
    """Lines of both texts that correspond, and whether they differ."""
    plain = [[line.plain for line in lines] for lines in (first, second)]
    matcher = SequenceMatcher(None, *plain, autojunk=False)
    for tag, start1, end1, start2, end2 in matcher.get_opcodes():
        rows = zip_longest(first[start1:end1], second[start2:end2], fillvalue=Text())
        yield from ((left, right, tag != "equal") for left, right in rows)


def print_evidence(console: Console, evidence: Evidence):
    """The whole run: what ran, a row per verdict, what went wrong, what was proved."""
    versions, inputs = evidence.versions, dict(evidence.inputs)
    inputs.pop("seed")
    what = []
    if "prices" in inputs:
        what.append(f"{inputs.pop('days'):,} days of {inputs.pop('prices')}")
    what += inputs.values()
    console.print(
        f"PyTorch {versions['torch']} and Keras {versions['keras']} "
        f"({versions['backend']}) on {'; '.join(what)}; float64 judges float32\n",
        highlight=False,
        markup=False,
    )
    rows = _rows(evidence.results)
    console.print(_table(rows))
    for line in ("", *LEGEND):
        console.print(line, style="dim", highlight=False)
    _print_sensitivity(console, evidence)
    _print_refusals(console, rows)
    _print_unmatched(console, evidence.results)
    for note in evidence.notes:
        console.print()
        _print_told(console, f"Note: {note}")
    for results in rows:
        if not results[0].as_expected:
            worst = max(results, key=lambda r: (bool(r.explanation), _severity(r)))
            console.print()
            _print_told(console, worst.explain(), "red")
    console.print()
    console.print(conclusion(evidence), style="bold", highlight=False)


def print_explanation(console: Console, evidence: Evidence):
    """Why the twins of a pair differ; or that they do not."""
    lines = [evidence.explain()]
    if evidence.as_expected:
        lines = [*evidence.notes, conclusion(evidence), "There is nothing to explain."]
    for line in lines:
        _print_told(console, line)


def _print_told(console, text, style=None):
    """What a result says, each line that is too long going on under its own text."""
    for line in text.splitlines():
        told = textwrap.wrap(
            line,
            console.width,
            subsequent_indent=" " * (INDENT if line.startswith("  ") else 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for each in told or [""]:
            console.print(
                each, style=style, highlight=False, markup=False, soft_wrap=True
            )


def print_moves(console: Console, moves: Iterable[Move], path: str):
    """Which array of a file went where in another."""
    moves = list(moves)
    for move in moves:
        line = f"{', '.join(move.source)} -> {', '.join(move.target)}"
        console.print(line, highlight=False, markup=False)
    console.print(
        f"{len(moves)} moves; wrote {path}", style="bold", highlight=False, markup=False
    )
    console.print(WEIGHTS_ALONE, highlight=False, markup=False, soft_wrap=True)


def conclusion(evidence: Evidence) -> str:
    """What was proved, or not, in a sentence."""
    results, seconds = evidence.results, f"({evidence.seconds:.1f} s)"
    if not results:
        return f"Not proved: nothing was compared {seconds}."
    wrong = [result for result in results if not result.as_expected]
    if wrong:
        return (
            f"Not proved: {len(wrong)} of {len(results)} runs are not as expected; "
            f"look at {', '.join(_names(wrong))} above {seconds}."
        )
    same = [r for r in results if r.verdict in (SAME, SAME_IN_FLOAT32)]
    compared = [r for r in same if not r.loss]
    gradients = [r for r in same if r.loss]
    if compared:
        parts, more = [_same_function(compared)], " more"
    else:
        parts, more = ["No results are proved the same"], ""
    if gradients:
        parts.append(f"the gradients are the same, in {_runs(len(gradients), more)}")
    for verdict, words in DECLARED.items():
        number = sum(result.verdict == verdict for result in results)
        if number:
            verb = "is" if number == 1 else "are"
            parts.append(f"{_runs(number, more)} {verb} {words}")
    return f"{'; '.join(parts)} {seconds}."


DECLARED = {  # what else a pair may declare, and earn
    BOTH_REFUSE: "refused by both, as they should",
    ILL_CONDITIONED: "ill-conditioned, as expected",
    ONE_REFUSES: "refused by one side alone, as expected",
    DIFFERENT: "different, as expected",
}


def _same_function(compared: Sequence[Result]) -> str:
    """Which pairs were the same in these runs, one or more, and with whose weights."""
    names = _names(compared)
    who = f"{len(names)} pairs compute" if len(names) > 1 else f"{names[0]} computes"
    proved = "Seen in float32 alone"
    if all(result.verdict == SAME for result in compared):
        proved = "Proved"
    return (
        f"{proved}: on these inputs {who} the same function in PyTorch and Keras, in "
        f"{_runs(len(compared))}{_directions(compared)}"
    )


def _runs(number: int, more: str = "") -> str:
    return f"{number}{more} run" if number == 1 else f"{number}{more} runs"


DIRECTIONS = {
    "as is": "the weights that they have",
    "to_keras": "PyTorch's weights",
    "to_torch": "Keras's weights",
    "random": "random weights",
}


def _directions(results):
    """With whose weights, in words."""
    found = {result.direction for result in results}
    if found == {"to_keras", "to_torch"}:
        return " and both transfer directions"
    return ", with " + " and with ".join(
        text for direction, text in DIRECTIONS.items() if direction in found
    )


def _names(results):
    return list(dict.fromkeys(result.pair for result in results))


def _rows(results: Sequence[Result]) -> list[list[Result]]:
    """Results that share a row of the table: one pair, length and verdict."""
    rows = {}
    for result in results:
        key = result.pair, result.length, result.loss, result.verdict, result.expected
        rows.setdefault(key, []).append(result)
    return list(rows.values())


def _table(rows):
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("pair", overflow="fold", min_width=19)
    for name in ("length", "steps", "batch"):
        table.add_column(name, no_wrap=True)
    table.add_column("verdict", min_width=len("both refuse"))
    for name in ("gap", "limit"):
        table.add_column(name, no_wrap=True)
    shown = None
    for results in rows:
        first, worst = results[0], max(results, key=_severity)
        stage = worst.deciding
        name = first.pair if first.pair != shown else ""
        table.add_row(
            "  its gradients" if first.loss else name,
            str(first.length),
            _listed(result.timesteps for result in results),
            _listed(result.batch for result in results),
            _verdict(first),
            f"{stage.gap:.1e}" if stage else "",
            f"{stage.limit:.1e}" if stage else "",
        )
        shown = first.pair
    return table


def _severity(result):
    stage = result.deciding
    return stage.ratio if stage else 0.0


def _listed(numbers):
    return " ".join(str(n) for n in sorted({n for n in numbers if n is not None}))


def _verdict(result):
    if result.as_expected:
        return Text(result.verdict, style="green")
    return Text(result.verdict, style="bold red")  # what was expected is said below


def _print_sensitivity(console, evidence):
    """What the verdicts are worth: named mistakes made in a twin, one at a time."""
    found = evidence.sensitivity
    if not found:
        return
    console.print("\nOf the mistakes that ports make this run would have noticed:")
    width = max(len(each.what) for each in found)
    for each in found:
        console.print(
            f"  {each.what:{width}}  {each.noticed} of {each.faults}", highlight=False
        )
        for one in each.survivors:
            said = f"{one.fault}, in {one.layer} ({one.sentence}); {one.reason}"
            _print_told(console, f"  not       {said}", "yellow")


def _print_unmatched(console, results):
    """Stages that could not be compared, since one twin alone has them."""
    alone = {result.pair: result.unmatched for result in results if result.unmatched}
    if alone:
        names = "; ".join(f"{', '.join(n)} of {pair}" for pair, n in alone.items())
        console.print(
            f"\nNot in both twins alike, so not compared: {names}", highlight=False
        )


def _print_refusals(console, rows):
    """What the twins said, once a row: the first of its refusals stands for all."""
    for results in rows:
        first = results[0]
        if not first.refusals:
            continue
        steps = f" offered {first.timesteps} steps" if first.timesteps else ""
        console.print(
            f"\n{first.pair}, length {first.length}{steps}: {first.verdict}",
            highlight=False,
        )
        for side, text in first.refusals.items():
            _print_told(console, f"  {SIDES[side]:10}{text}")
