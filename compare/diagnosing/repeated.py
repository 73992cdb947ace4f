"""Findings that are the same in several runs of a layer, told once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from compare.diagnosing.finding import Finding, Reading
from compare.mistakes.runs import RUN, layer_of, without_runs

ANY_RUN = re.compile(rf"{re.escape(RUN)}\d+\)")

FIGURE = re.compile(r"\d\.\d+e[+-]\d+")  # how far apart something is
STEP = re.compile(r"\bstep \d+")  # of a sequence from which each run takes one


def of_all_runs(finding: Finding) -> Finding:
    """Say of a layer what was found in one of its runs and holds in all.

    Args:
        finding: in a layer, such as in its weights.
    """
    return replace(
        _in_other_words(finding, _without_run), layer=layer_of(finding.layer)
    )


def told_once(findings: Sequence[Finding], runs: Iterable[str]) -> list[Finding]:
    """Say once what was found in the same words in several runs of a layer.

    The cures of all stay. Words that differ in numbers of runs alone are the same.

    Args:
        findings: in the order in which the model meets them.
        runs: the names of all runs.
    """
    every_run = list(runs)
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        groups.setdefault(_content(finding), []).append(finding)
    distinct = []
    for finding in findings:
        group = groups[_content(finding)]
        if finding is group[0]:
            distinct.append(_of_group(group, every_run))
        else:  # a finding without a word, for its cure
            distinct.append(replace(finding, readings=(), unknown="", is_repeated=True))
    return distinct


def _of_group(group: Sequence[Finding], every_run: Sequence[str]) -> Finding:
    """The first of some findings, in words that hold for all."""
    first_finding = group[0]
    if len(group) == 1:
        return first_finding
    names = [finding.layer for finding in group]
    if without_runs(names, every_run) == [layer_of(first_finding.layer)]:
        return _in_other_words(first_finding, _without_run)
    number = len(group) - 1
    later = "one later run" if number == 1 else f"{number} later runs"

    def with_later_runs(text: str) -> str:
        return f"{text} (and so in {later})" if text else text

    return _in_other_words(first_finding, with_later_runs)


def _in_other_words(finding: Finding, reworded: Callable[[str], str]) -> Finding:
    """A finding with what `reworded` makes of each of its texts."""
    readings = []
    for reading in finding.readings:
        sentence, fix = reworded(reading.sentence), _without_run(reading.fix)
        names = {side: _without_run(name) for side, name in reading.names.items()}
        wording = reading.wording
        if wording is not None and reworded(wording.sentence) != wording.sentence:
            wording = None  # it says how many runs of this layer there are
        readings.append(
            replace(reading, sentence=sentence, fix=fix, wording=wording, names=names)
        )
    return replace(finding, readings=tuple(readings), unknown=reworded(finding.unknown))


def _content(finding: Finding) -> tuple[str, ...]:
    """What is said of a finding, without the numbers of runs."""
    following = finding.following or ""
    texts = [layer_of(finding.layer), layer_of(following), finding.unknown]
    texts += [_of_reading(reading) for reading in finding.readings]
    return tuple(map(_without_figures, texts))


def _of_reading(reading: Reading) -> str:
    return f"{reading.side} {reading.sentence} {reading.fix}"


def _without_figures(text: str) -> str:
    return STEP.sub("", FIGURE.sub("", _without_run(text)))


def _without_run(text: str) -> str:
    return ANY_RUN.sub("", text)
