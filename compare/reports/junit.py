"""What a run found out as JUnit's XML, which continuous integration reads.

There is no one standard. What is written is valid by the two schemas that are common,
that of Ant and that of Jenkins, and so has figures as properties of the run: neither
lets a test case have any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from xml.etree import ElementTree

from compare.files import XML_AUTHOR
from compare.judging.evidence import Evidence
from compare.judging.not_compared import NotCompared
from compare.judging.result import SAME, Result, StageResult
from compare.judging.training import TrainingEvidence

SUITE = "twinproof"
# What XML 1.0 has no letter for, not even by its number.
NO_LETTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class _Case:
    """A test case.

    Args:
        pair: that it is about.
        name: what was run; unique in its pair.
        outcome: "", "failure" or "error".
        kind: of the outcome, such as "different".
        message: the outcome in a line.
        text: the outcome in full.
        figures: by name.
    """

    pair: str
    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""
    figures: Mapping[str, str] = field(default_factory=dict)


def of(found: Evidence | TrainingEvidence) -> str:
    """The XML of what a run, or a training run, found out."""
    if isinstance(found, TrainingEvidence):
        return of_training(found)
    return of_evidence(found)


def of_evidence(evidence: Evidence) -> str:
    """The XML of a run: a case for each result, and one for each pair without any."""
    cases = [_of_result(result) for result in evidence.results]
    cases += [_of_not_compared(pair) for pair in evidence.not_compared]
    return _document(cases, evidence.versions, evidence.inputs, evidence.seconds)


def of_training(evidence: TrainingEvidence) -> str:
    """The XML of a training run: a case for the gradients, and one for each tensor."""
    pair = str(evidence.settings["pair"])
    cases = [_of_result(evidence.gradients, pair, "gradients, before the first step")]
    cases += [_of_tensor(pair, tensor) for tensor in evidence.tensors]
    if evidence.stopped:
        message = f"stopped at {evidence.stopped}"
        cases.append(_Case(pair, "to the end", "failure", "stopped", message, message))
    settings = {
        name: value
        for name, value in evidence.settings.items()
        if isinstance(value, str | int | float)
    }
    return _document(cases, evidence.versions, settings, evidence.seconds)


def _of_result(result: Result, pair: str = "", name: str = "") -> _Case:
    name = name or _name(result)
    figures = {"verdict": result.verdict} | _figures(result.deciding)
    case = _Case(pair or result.pair, name, figures=figures)
    if result.as_expected:
        return case
    message = f"{result.verdict}, expected {result.expected}"
    text = result.explain()
    return _Case(
        case.pair, name, "failure", result.verdict, message, text, case.figures
    )


def _of_tensor(pair: str, tensor: StageResult) -> _Case:
    figures = {"verdict": tensor.verdict} | _figures(tensor)
    if tensor.verdict == SAME:
        return _Case(pair, tensor.stage, figures=figures)
    text = "\n".join(tensor.explain())
    message = f"{tensor.verdict}, expected {SAME}"
    return _Case(pair, tensor.stage, "failure", tensor.verdict, message, text, figures)


def _of_not_compared(pair: NotCompared) -> _Case:
    kind = "defect" if pair.is_defect else "refused"
    text = pair.traceback or pair.message
    return _Case(pair.pair, "comparison", "error", kind, pair.message, text)


def _name(result: Result) -> str:
    """What was run, without the pair."""
    name = result.place.removeprefix(f"{result.pair}, ")
    return f"{name}, on {result.drawn}" if result.drawn else name


def _figures(stage: StageResult | None) -> dict[str, str]:
    if stage is None:
        return {}
    return {"stage": stage.stage, "gap": f"{stage.gap:g}", "limit": f"{stage.limit:g}"}


# --------------------------------------------------------------------------------- XML


def _document(
    cases: Sequence[_Case],
    versions: Mapping[str, str],
    settings: Mapping[str, object],
    seconds: float,
) -> str:
    cases = _distinct(cases)
    outcomes = [case.outcome for case in cases]
    root = ElementTree.Element("testsuites")
    suite = _child(
        root,
        "testsuite",
        name=SUITE,
        package=SUITE,
        id="0",
        timestamp=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",  # a report goes round; where it was made is nobody's
        tests=str(len(cases)),
        failures=str(outcomes.count("failure")),
        errors=str(outcomes.count("error")),
        time=f"{seconds:.3f}",
    )
    properties = _child(suite, "properties")
    for name, value in {**versions, **settings}.items():
        _child(properties, "property", name=name, value=str(value))
    for case in cases:
        for name, value in case.figures.items():
            title = f"{case.pair}: {case.name}: {name}"
            _child(properties, "property", name=title, value=value)
    for case in cases:
        # Cases of a pair share its models, and nobody measures what each alone takes.
        element = _child(
            suite, "testcase", classname=case.pair, name=case.name, time="0"
        )
        if case.outcome:
            outcome = _child(
                element, case.outcome, type=case.kind, message=case.message
            )
            outcome.text = _letters(case.text)
    _child(suite, "system-out")
    _child(suite, "system-err")
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f"{XML_AUTHOR}\n{text}"


def _child(
    parent: ElementTree.Element, tag: str, **attributes: str
) -> ElementTree.Element:
    values = {name: _letters(value) for name, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, values)


def _letters(text: str) -> str:
    """Text without what XML cannot hold: of a control character its number is left."""
    return NO_LETTER.sub(lambda match: ascii(match[0])[1:-1], text)


def _distinct(cases: Sequence[_Case]) -> list[_Case]:
    """Cases of which no two have one name: a reader would take them for one."""
    counts: dict[tuple[str, str], int] = {}
    distinct = []
    for case in cases:
        place = case.pair, case.name
        counts[place] = counts.get(place, 0) + 1
        if counts[place] > 1:
            name = f"{case.name} ({counts[place]})"
            case = replace(case, name=name)
        distinct.append(case)
    return distinct
