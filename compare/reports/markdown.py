"""What a run found out, for a pull request or the summary of a job, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from compare.files import MARKDOWN_AUTHOR
from compare.judging.evidence import Evidence
from compare.judging.not_compared import lines as lines_of_not_compared
from compare.judging.result import SIDES, Result
from compare.judging.summary import MATCHED, differences, unsaid
from compare.judging.training import TrainingEvidence
from compare.listing import ROWS, bounded
from compare.reports import claims as claims_report
from compare.reports import evidence as evidence_report
from compare.reports import training as training_report
from compare.reports.markdown_text import block, code, collapsed, prose, table

if TYPE_CHECKING:  # at run time these would load both frameworks
    from compare.porting.contents import Port
    from compare.subjects.claims import ClaimResult

GOOD, BAD = "✅", "❌"
MOST_TEXTS = 20  # differences that are told; a comment on GitHub holds 65,536 letters

# What a line of an explanation begins with.
LABELS = frozenset(
    {
        "because",
        "fix",
        "in part",
        "input",
        "line",
        "or else",
        "place",
        "proof",
        "smallest",
        "starts at",
        "unknown",
        "worst",
        *SIDES.values(),
    }
)
LABEL = re.compile(r"  (.{10})(.*)")


def of(found: object, command: str) -> str:
    """The summary of what a verb found out.

    Args:
        found: evidence of a run or of a training run, claims, or a port.
        command: that finds it out again.
    """
    if isinstance(found, Evidence):
        return of_evidence(found, command)
    if isinstance(found, TrainingEvidence):
        return of_training(found, command)
    if isinstance(found, list):
        return of_claims(found, command)
    return of_port(cast("Port", found), command)


def of_evidence(evidence: Evidence, command: str) -> str:
    """The summary of a run, or of an explanation.

    Args:
        evidence: what was found out.
        command: that finds it out again.
    """
    verdict = evidence.verdict if evidence.results else "nothing was compared"
    lines = _opening(
        evidence.as_expected, verdict, evidence_report.conclusion(evidence)
    )
    lines += _judged(evidence)
    lines += _environment(evidence.versions, evidence.inputs, evidence.seconds)
    return _document([*lines, *_again(command)])


def _judged(evidence: Evidence) -> list[str]:
    """What was compared, what differs and why, and what a pass is worth."""
    lines = []
    if evidence.not_compared:
        texts = lines_of_not_compared(evidence.not_compared)
        lines += ["", *(f"- not compared: {code(text)}" for text in texts)]
    if evidence.results:
        lines += ["", *_table(evidence.results)]
    texts = differences(evidence.results)
    if texts:
        lines += ["", *collapsed("What differs, and why", [*_told(texts)])]
    worth = [*_worth(evidence)]
    if worth:
        title = "What a pass is worth, and what was not exercised"
        lines += ["", *collapsed(title, worth)]
    return lines


def of_training(evidence: TrainingEvidence, command: str) -> str:
    """The summary of a training run; arguments as of `of_evidence`."""
    verdict: str = evidence.verdict
    if evidence.stopped:
        verdict = "stopped"
    elif evidence.in_step:
        verdict = "in step"
    conclusion = training_report.conclusion(evidence)
    lines = _opening(evidence.in_step, verdict, conclusion)
    if evidence.interrupted:
        lines += ["", evidence.interruption]
    rows = [
        [
            code(tensor.stage),
            tensor.verdict,
            f"{tensor.gap64:.1e}",
            f"{tensor.limit64:.1e}",
            f"step {tensor.timestep}" if tensor.timestep else "",
        ]
        for tensor in evidence.tensors
    ]
    heads = ["tensor", "verdict", "gap", "limit", "parts at"]
    if evidence.gradients.deciding is not None:
        stage = evidence.gradients.deciding
        gap, limit = f"{stage.gap:.1e}", f"{stage.limit:.1e}"
        rows.insert(0, ["gradients", evidence.gradients.verdict, gap, limit, ""])
    lines += ["", *table(heads, rows)]
    if not evidence.gradients.as_expected:
        told = [*_told([evidence.gradients.explain()])]
        lines += ["", *collapsed("Why the gradients differ", told)]
    if evidence.drift and not evidence.in_step:
        drift = [*_drift(evidence)]
        lines += ["", *collapsed("Why they drift apart", drift)]
    if evidence.notes:
        notes = [f"- {code(note)}" for note in evidence.notes]
        lines += ["", *collapsed("Notes", notes)]
    lines += _environment(evidence.versions, evidence.settings, evidence.seconds)
    return _document([*lines, *_again(command)])


def _drift(evidence: TrainingEvidence) -> Iterator[str]:
    """What makes the two sides drift apart, with the part of the gap it explains."""
    shares = {cause.name: f"{cause.share:.1%}" for cause in evidence.causes}
    for name, sentence in evidence.drift.items():
        share = f", explains {shares[name]} of the gap" if name in shares else ""
        yield f"- **{name}**{share}: {code(sentence)}"


def of_claims(results: Sequence[ClaimResult], command: str) -> str:
    """The claims of the note, and what became of each."""
    conclusion = claims_report.in_numbers(claims_report.counted(results))
    rows = [
        [str(result.number), code(result.verdict), code(result.question)]
        for result in results
    ]
    lines = ["## twinproof: claims of the study note", "", f"**{conclusion}**", ""]
    return _document([*lines, *table(["", "verdict", "claim"], rows), *_again(command)])


def of_port(port: Port, command: str) -> str:
    """The summary of a port; arguments as of `of_evidence`."""
    evidence = port.evidence
    lines = _opening(port.is_proved, port.verdict, evidence_report.conclusion(evidence))
    lines += ["", f"{code(port.name)} in {port.framework}: {prose(port.judge.reason)}"]
    if port.notes:
        lines += ["", *(f"- {code(note)}" for note in port.notes)]
    lines += _judged(evidence)
    files = [f"- {code(name)}" for name in port.files]
    lines += ["", *collapsed("Files", files)]
    lines += _environment(evidence.versions, evidence.inputs, evidence.seconds)
    return _document([*lines, *_again(command)])


# ------------------------------------------------------------------------------- parts


def _document(lines: Sequence[str]) -> str:
    return "\n".join([MARKDOWN_AUTHOR, "", *lines])


def _opening(as_expected: bool, verdict: str, conclusion: str) -> list[str]:
    """The verdict, and what was shown or not, in a sentence."""
    mark = GOOD if as_expected else BAD
    return [f"## {mark} twinproof: {prose(verdict)}", "", f"**{prose(conclusion)}**"]


def _table(results: Sequence[Result]) -> list[str]:
    """A row for each pair, length and verdict, as in a terminal."""
    rows = []
    for alike in evidence_report.rows_of(results):
        result = alike[0]  # what the row shows of it, the others have as well
        name = code(result.pair)
        if result.loss:
            name += f", gradients of {code(result.loss)}"
        if result.drawn:
            name += f", on {code(result.drawn)}"
        verdict: str = result.verdict
        if not result.as_expected:
            verdict = f"{BAD} **{verdict}**, expected {result.expected}"
        gap, limit = evidence_report.figures_of(alike)
        steps = evidence_report.listed_numbers(r.timesteps for r in alike)
        batches = evidence_report.listed_numbers(r.batch for r in alike)
        rows.append([name, str(result.length), steps, batches, verdict, gap, limit])
    return table(["pair", "length", "steps", "batch", "verdict", "gap", "limit"], rows)


def _told(texts: Sequence[str]) -> Iterator[str]:
    """Explanations as lists: a line each, its label in front."""
    for text in texts[:MOST_TEXTS]:
        first, *others = text.split("\n")
        yield ""
        yield code(first)
        yield ""
        for line in others:
            match = LABEL.fullmatch(line)
            label = match[1].strip() if match else ""
            if match and label in LABELS:
                yield f"- **{label}** {code(match[2])}"
            else:
                yield f"- {code(line)}"
    if len(texts) > MOST_TEXTS:
        yield ""
        yield f"{len(texts) - MOST_TEXTS} more, which the JSON has."


def _worth(evidence: Evidence) -> Iterator[str]:
    """What the verdicts are worth, what they do not speak of, and what to know."""
    if evidence.sensitivity:
        yield "Of the mistakes that ports make this run would have noticed:"
        yield ""
    for pair in evidence.sensitivity:
        yield f"- {code(pair.place)}: {pair.noticed} of {pair.faults}"
        for survivor in pair.survivors[:ROWS]:
            text = f"{survivor.fault}, in {survivor.layer} ({survivor.sentence})"
            yield f"  - not {code(f'{text}; {survivor.reason}')}"
        if len(pair.survivors) > ROWS:
            yield f"  - not {len(pair.survivors) - ROWS} others, which the JSON has"
        if pair.omission:
            yield f"  - untried: {code(pair.omission)}"
    for name, sentences in evidence.unexercised.items():
        yield ""
        yield f"Not exercised in {code(name)}:"
        yield ""
        for sentence in sentences[:ROWS]:
            yield f"- {code(sentence)}"
        if len(sentences) > ROWS:
            yield f"- {len(sentences) - ROWS} others, which the JSON has"
    yield from _beside(evidence)


def _beside(evidence: Evidence) -> Iterator[str]:
    """What was not compared inside the models, refusals, and notes."""
    unmatched = {r.pair: r.unmatched for r in evidence.results if r.unmatched}
    refused = {
        (r.pair, r.length, side): text
        for r in evidence.results
        if r.as_expected
        for side, text in r.refusals.items()
    }
    notes = unsaid(evidence.results, evidence.notes)
    if evidence.as_expected:
        notes = [note for note in notes if MATCHED not in note]
    if unmatched or refused or notes:
        yield ""
    for pair, stages in unmatched.items():
        text = code(bounded(stages))
        yield f"- not in both twins alike, so not compared: {text} of {code(pair)}"
    for (pair, length, side), text in refused.items():
        where = f"{code(pair)}, length {length}"
        yield f"- {where}, refused by {SIDES[side]} as expected: {code(text)}"
    for note in notes:
        yield f"- note: {code(note)}"


def _environment(
    versions: Mapping[str, str], settings: Mapping[str, object], seconds: float
) -> list[str]:
    """What it ran on, with what, and how long it took."""
    rows = [[code(name), code(str(value))] for name, value in versions.items()]
    rows += [[code(name), code(str(value))] for name, value in settings.items()]
    rows.append(["seconds", f"{seconds:.1f}"])
    return ["", *collapsed("Environment", table(["", ""], rows))]


def _again(command: str) -> list[str]:
    return ["", "To see it again:", "", *block(command, "bash")]
