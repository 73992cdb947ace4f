"""The page of a run of pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compare.judging.evidence import Evidence
from compare.judging.not_compared import lines
from compare.judging.summary import MATCHED, unsaid
from compare.reports.evidence import conclusion
from compare.reports.page.contents import PairSection, sections
from compare.reports.page.rendering import rendered

SourceTexts = Sequence[tuple[str, str]]


def run_page(evidence: Evidence, sources: Mapping[str, SourceTexts], again: str) -> str:
    """The page of a run of pairs.

    Args:
        evidence: of the run.
        sources: title and text of both sides' source, by pair, where they are known.
        again: the command that finds out the same.
    """
    pair_sections = sections(evidence, sources)
    return rendered(
        "run.html.jinja",
        title=_title(evidence, pair_sections),
        conclusion=conclusion(evidence, where="below"),
        notes=notes_of(evidence),
        environment=environment_of(evidence),
        again=again,
        sections=pair_sections,
        not_compared=lines(evidence.not_compared),
        in_short=_in_short,
    )


# ---------------------------------------------------------------------------- sentences


def _title(evidence: Evidence, pair_sections: Sequence[PairSection]) -> str:
    """What came out, in a few words."""
    if not pair_sections:
        return "Nothing was compared"
    title = _title_of_compared(pair_sections)
    if evidence.not_compared:
        title += f"; {len(evidence.not_compared)} not compared"
    return title


def _title_of_compared(pair_sections: Sequence[PairSection]) -> str:
    wrong = [pair for pair in pair_sections if not pair.as_expected]
    number = len(pair_sections)
    if len(wrong) == 1:
        return f"{wrong[0].name}: {wrong[0].verdict}, which was not expected"
    if wrong:
        return f"{len(wrong)} of {number} pairs are not as expected"
    if number == 1:
        return f"{pair_sections[0].name}: {pair_sections[0].verdict}, as expected"
    return f"All {number} pairs are as expected"


def _in_short(pair: PairSection) -> str:
    """Why a pair differs, or what its verdict rests on, in a line."""
    for why in pair.why:
        for label, text in why.lines:
            if label in ("because", "in part", "unknown"):
                return text
    if pair.why:
        return pair.why[0].heading
    if pair.nearest is None:
        return pair.words
    text = f"gap {pair.nearest.gap:.1e}, limit {pair.nearest.limit:.1e}"
    for worth in pair.sensitivity:
        if not worth.loss:
            text += f"; {worth.noticed} of {worth.faults} mistakes would be noticed"
    return text


def notes_of(evidence: Evidence) -> list[str]:
    """What a reader must know, without what matters to who looks for a cause alone."""
    notes = unsaid(evidence.results, evidence.notes)
    if evidence.as_expected:
        notes = [note for note in notes if MATCHED not in note]
    return notes


def environment_of(evidence: Evidence) -> dict[str, object]:
    """On what a run was made."""
    environment: dict[str, object] = {**evidence.versions, **evidence.inputs}
    environment["seconds"] = f"{evidence.seconds:.1f}"
    return environment
