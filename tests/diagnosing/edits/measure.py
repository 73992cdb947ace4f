"""Edits made in the source of pairs, and what the suite says of each.

    python tests/diagnosing/edits/measure.py
    python tests/diagnosing/edits/measure.py --only cnn --missed

prints a table by pair: of how many edits a difference was noticed, the cause named and
the place right. `--missed` prints what was said where one of these is missing, `--all`
what was said of every edit.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[3]
if str(ROOT) not in sys.path:  # as a script it is run without being installed
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import edit  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

import compare  # noqa: E402
from compare.errors import BadInput  # noqa: E402
from compare.judging.evidence import Evidence  # noqa: E402

PAIRS = tuple(sorted(path.stem for path in (edit.FOLDER / "models").glob("*.py")))
REFUSED, BROKEN = "refused", "broken"
NOTICED = "different", "one refuses", REFUSED
LINE_OF_A_FILE = re.compile(r"\.py:(\d+)|\bline (\d+)|\blines (\d+)")


@dataclass(frozen=True)
class Report:
    """What the suite says of two models.

    Args:
        verdict: that of the evidence; "refused" where the pair is bad input, "broken"
            where the models themselves fail.
        explained: whether a cause was proved.
        sentences: the first sentence, and others that cannot be told apart from it.
        place: where the difference is said to begin; of a refusal, what it says.
        text: all that was said.
    """

    verdict: str
    explained: bool
    sentences: str
    place: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """An edit, and what became of it.

    Args:
        pair: name of the pair.
        edit: that was made in it.
        report: what the suite said.
        noticed: whether the models are found to differ.
        is_named: whether the first sentence names the cause.
        is_placed: whether the place is right.
        seconds: that it took.
    """

    pair: str
    edit: edit.Edit
    report: Report
    noticed: bool
    is_named: bool
    is_placed: bool
    seconds: float

    @property
    def is_wrong(self) -> bool:
        """Whether another cause was given as proved."""
        return self.report.explained and not self.is_named


def main() -> int:
    """Measure what the command line chooses, and print it; return the exit status."""
    args = _arguments()
    outcomes = []
    for pair in PAIRS:
        if args.only and pair not in args.only:
            continue
        of_pair = []
        for outcome in measured(pair):
            of_pair.append(outcome)
            missed = not (outcome.noticed and outcome.is_named and outcome.is_placed)
            if args.all or (args.missed and missed):
                print(described(outcome), flush=True)
        outcomes.append(of_pair)
        print(line(pair, of_pair), flush=True)
    print(table(outcomes))
    return 0


def edits_of(pair: str) -> Sequence[edit.Edit]:
    """Return the edits of a pair."""
    path = edit.FOLDER / "tables" / f"{pair}.py"
    edits: Sequence[edit.Edit] = _loaded(path).EDITS
    return edits


def measured(pair: str) -> Iterator[Outcome]:
    """Make each edit of a pair, and let the suite compare what it makes."""
    text = edit.text_of(pair)
    for change in edits_of(pair):
        started = time.perf_counter()
        report = reported(pair, change.made_in(text))
        yield judged(pair, change, report, text, time.perf_counter() - started)


def judged(
    pair: str, change: edit.Edit, report: Report, text: str, seconds: float
) -> Outcome:
    """Hold what was said of an edit against what it has to be.

    Args:
        pair: name of the pair.
        change: the edit.
        report: what was said.
        text: the pair's source, before the edit.
        seconds: that it took.
    """
    noticed = report.verdict in NOTICED
    proved = report.explained or report.verdict == REFUSED
    is_named = proved and edit.any_stands_in(change.cause, report.sentences)
    spoken = report.place
    if proved:
        spoken = f"{report.place}; {report.sentences}"
    numbers = {
        int(next(filter(None, match))) for match in LINE_OF_A_FILE.findall(spoken)
    }
    is_placed = edit.any_stands_in(change.place, spoken)
    is_placed = is_placed or bool(numbers & change.line_numbers(text))
    return Outcome(
        pair,
        change,
        report,
        noticed,
        noticed and is_named,
        noticed and is_placed,
        seconds,
    )


def reported(pair: str, text: str) -> Report:
    """Write models to a file, load it, and return what the suite says of them.

    Args:
        pair: name of the pair.
        text: source of the models.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{pair}.py"
        path.write_text(text, encoding="utf-8")
        try:
            models = _made(_loaded(path))
        except Exception as error:  # whatever an edited model raises
            said = f"{type(error).__name__}: {error}"
            return Report(BROKEN, False, "", "", said)
        try:
            evidence = compare.check(*models)
        except BadInput as error:
            said = str(error)
            marked = [text for text in said.splitlines()[1:] if "*" in text]
            line_and_table = "; ".join([said.splitlines()[0], *marked])
            return Report(REFUSED, False, line_and_table, line_and_table, said)
        return _report_of(evidence, f"{pair}.py", text.splitlines())


def _report_of(evidence: Evidence, file: str, lines: Sequence[str]) -> Report:
    """The report on the first result that is not as expected.

    Args:
        evidence: of the models.
        file: name of the file that they come from.
        lines: of the file. Where sentences quote one, its text is left out of them: a
            cause is not named by code that happens to have a word of it.
    """
    wrong = [result for result in evidence.results if not result.as_expected]
    explanations = [r.explanation for r in wrong if r.explanation is not None]
    text = evidence.explain()
    if not explanations:
        return Report(evidence.verdict, False, "", "", text)
    first = explanations[0]
    sentences = [first.sentence, *(other.sentence for other in first.alternatives)]
    spoken = "; ".join(sentences)
    for number, source in enumerate(lines, 1):
        spoken = spoken.replace(
            f"{file}:{number}: {source.strip()}", f"{file}:{number}"
        )
    return Report(
        evidence.verdict,
        first.explained,
        spoken,
        "\n".join(first.explain_place()),
        "\n".join(first.explain()),
    )


def _made(module: ModuleType) -> tuple[torch.nn.Module, keras.Model, Any, str | None]:
    """The models of a module with weights, their input, and how weights are moved."""
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    in_torch, in_keras = module.in_torch(), module.in_keras()
    _draw_vectors(in_torch)
    x = module.inputs(np.random.default_rng(0))
    in_keras(x)  # so that it has its weights
    in_torch.eval()
    if hasattr(module, "transfer"):
        module.transfer(in_torch, in_keras)
        return in_torch, in_keras, x, None
    return in_torch, in_keras, x, "to_keras"


def _draw_vectors(model: torch.nn.Module) -> None:
    """Draw biases, scales and statistics, which frameworks make zeros and ones."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                drawn = torch.randn(parameter.shape, generator=generator)
                parameter.add_(0.3 * drawn)
        for name, buffer in model.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(0.3 * torch.randn(buffer.shape, generator=generator))
            elif name.endswith("running_var"):
                buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))


def _loaded(path: Path) -> ModuleType:
    """The module of a file, made anew."""
    spec = importlib.util.spec_from_file_location(f"edited_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path}: no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def described(outcome: Outcome) -> str:
    """What was said of an edit, as lines."""
    marks = f"noticed {'yes' if outcome.noticed else 'no'}, "
    marks += f"cause {'yes' if outcome.is_named else 'no'}, "
    marks += f"place {'yes' if outcome.is_placed else 'no'}"
    said = outcome.report.text.replace("\n", "\n    ")
    first = f"{outcome.pair}, {outcome.edit} ({marks}; {outcome.seconds:.1f} s)"
    return f"{first}\n    {outcome.report.verdict}\n    {said}"


def line(name: str, outcomes: Sequence[Outcome]) -> str:
    """A line of the table."""
    noticed = sum(outcome.noticed for outcome in outcomes)
    named = sum(outcome.is_named for outcome in outcomes)
    placed = sum(outcome.is_placed for outcome in outcomes)
    wrong = sum(outcome.is_wrong for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    return (
        f"{name:12} {len(outcomes):5} {noticed:8} {named:6} {placed:6} {wrong:6} "
        f"{seconds:7.0f}"
    )


def table(by_pair: Sequence[Sequence[Outcome]]) -> str:
    """The table by pair, with its sum and shares."""
    head = f"\n{'pair':12} {'edits':>5} {'noticed':>8} {'cause':>6} {'place':>6}"
    lines = [f"{head} {'wrong':>6} {'seconds':>7}"]
    lines += [line(outcomes[0].pair, outcomes) for outcomes in by_pair]
    every = [outcome for outcomes in by_pair for outcome in outcomes]
    lines.append(line("all", every))
    shares = [
        np.mean([getattr(outcome, name) for outcome in every])
        for name in ("noticed", "is_named", "is_placed")
    ]
    lines.append(f"{'share':18} {shares[0]:8.0%} {shares[1]:6.0%} {shares[2]:6.0%}")
    return "\n".join(lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=PAIRS, metavar="NAME")
    parser.add_argument("--missed", action="store_true", help="print what was missed")
    parser.add_argument("--all", action="store_true", help="print every edit")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
