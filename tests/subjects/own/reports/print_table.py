"""Print which reported ports are named by their cause: python print_table.py --only X.

Each wrong port is to be told by its cause in the first sentence and to be the same once
that is alike on both sides; each right one is to be the same.
"""

import argparse
import re
import sys
import time
import warnings
from dataclasses import dataclass

import ports_agents
import ports_capsules
import ports_cells
import ports_decoders
import ports_families
import ports_image_families
import ports_kernels
import ports_layers
import ports_layout
import ports_losses
import ports_networks
import ports_numbers
import ports_padding
import ports_pictures
import ports_pooling
import ports_sequences
import ports_signals
import ports_texts
import ports_transposed
import ports_vision_transformers
import ports_windows
from reported import Report

import compare

REPORTS: tuple[Report, ...] = (
    *ports_kernels.REPORTS,
    *ports_padding.REPORTS,
    *ports_transposed.REPORTS,
    *ports_layout.REPORTS,
    *ports_pooling.REPORTS,
    *ports_layers.REPORTS,
    *ports_sequences.REPORTS,
    *ports_families.REPORTS,
    *ports_image_families.REPORTS,
    *ports_networks.REPORTS,
    *ports_pictures.REPORTS,
    *ports_cells.REPORTS,
    *ports_texts.REPORTS,
    *ports_numbers.REPORTS,
    *ports_agents.REPORTS,
    *ports_losses.REPORTS,
    *ports_vision_transformers.REPORTS,
    *ports_capsules.REPORTS,
    *ports_windows.REPORTS,
    *ports_decoders.REPORTS,
    *ports_signals.REPORTS,
)


@dataclass(frozen=True)
class Outcome:
    """What the suite says of a reported port.

    Args:
        report: what was asked about.
        right: the verdict on the mended port, or why there is none.
        wrong: the verdict on the port as reported, or why there is none.
        sentence: the first sentence of the explanation, or what was seen.
        explained: whether the cause was proved.
    """

    report: Report
    right: str
    wrong: str
    sentence: str
    explained: bool

    @property
    def right_is_same(self) -> bool:
        """Whether the mended port passes."""
        return self.right == "same"

    @property
    def word(self) -> str:
        """What became of the cause: named, another one is named, or none is."""
        if self.wrong != "different":
            return "PASSES"
        if not self.explained:
            return "missed"
        if re.search(self.report.cause, self.sentence, re.IGNORECASE):
            return "named"
        return "OTHER"


def outcome(report: Report) -> Outcome:
    """Judge a reported port, and the one that its answer makes of it."""
    right, _, _ = judged(report, right=True)
    wrong, sentence, explained = judged(report, right=False)
    return Outcome(report, right, wrong, sentence, explained)


def judged(report: Report, right: bool) -> tuple[str, str, bool]:
    """Return the verdict, the first sentence, and whether that was proved."""
    port = report.make(right)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            evidence = compare.check(port.torch_model, port.keras_model, port.x)
    except compare.BadInput as refusal:
        return f"refused: {refusal}", "", False
    for result in evidence.results:
        first = result.explanation
        if first is not None:
            said = first.sentence if first.explained else (first.part or first.rest)
            return evidence.verdict, said, first.explained
    return evidence.verdict, "", False


def row(outcome: Outcome, seconds: float) -> str:
    """Write an outcome as a line of the table, with the sentence if it is wrong."""
    right = "same" if outcome.right_is_same else "WRONG"
    text = (
        f"{outcome.report.group:11} {outcome.report.name:52} {outcome.word:7} {right:6}"
        f"{seconds:4.1f} s"
    )
    if not outcome.right_is_same:
        text += f"\n    right: {outcome.right[:300]}"
    if outcome.word != "named":
        text += f"\n    {outcome.wrong[:200]}: {outcome.sentence[:300]}"
    return text


def main(arguments: list[str]) -> int:
    """Print the table; return 0 where every cause is named and no port refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a part of the names, or a group")
    only = parser.parse_args(arguments).only
    outcomes = []
    for report in REPORTS:
        if only not in report.name and only != report.group:
            continue
        started = time.perf_counter()
        outcomes.append(outcome(report))
        print(row(outcomes[-1], time.perf_counter() - started), flush=True)
    named = sum(result.word == "named" for result in outcomes)
    right = sum(result.right_is_same for result in outcomes)
    print(
        f"{named} of {len(outcomes)} named, {right} of {len(outcomes)} right are same"
    )
    return 0 if named == right == len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
