"""Each report as a page, as text."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from compare.errors import BadInput
from compare.files import PAGE_AUTHOR
from compare.judging.evidence import Evidence
from compare.judging.not_compared import lines
from compare.judging.result import SIDES, Result
from compare.judging.summary import MATCHED, nearest, unsaid
from compare.reports.evidence import WHOSE_WEIGHTS, conclusion
from compare.reports.page.contents import PairSection, sections

TEMPLATES = Path(__file__).parent / "templates"
MISSING = (
    "--html: expected jinja2, pygments and matplotlib to be installed, got no {name}; "
    'pip install "twinproof[page]", and run it again'
)


def check_installed() -> None:
    """Say before the work what a page needs and is not installed.

    Raises:
        BadInput: if a package is missing.
    """
    from importlib.util import find_spec

    for name in ("jinja2", "pygments", "matplotlib"):
        if find_spec(name) is None:
            raise BadInput(MISSING.format(name=name))


def run_page(
    evidence: Evidence,
    sources: Mapping[str, Sequence[tuple[str, str]]],
    command: Sequence[str],
) -> str:
    """The page of a run of pairs.

    Args:
        evidence: of the run.
        sources: title and text of both sides' source, by pair, where they are known.
        command: the words of the command line that reproduces it.
    """
    pair_sections = sections(evidence, sources)
    notes = [
        note
        for note in unsaid(evidence.results, evidence.notes)
        if not (evidence.as_expected and MATCHED in note)
    ]
    return _page(
        "run.html.jinja",
        title=_title(evidence, pair_sections),
        headline=_title(evidence, pair_sections),
        conclusion=conclusion(evidence),
        sections=pair_sections,
        not_compared=lines(evidence.not_compared),
        notes=notes,
        environment=_environment(evidence),
        command=shlex.join(command),
        in_short=_in_short,
        sentence=_sentence,
        place=_place,
        whose_weights=_whose_weights,
        side_names=SIDES,
    )


def _page(template: str, **values: Any) -> str:
    """A page from a template; every text in it is text, whatever is in it."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    text: str = (
        _templates()
        .get_template(template)
        .render(style=style, generator=PAGE_AUTHOR, **values)
    )
    return text


@cache
def _templates() -> Any:
    import jinja2  # an extra of the install

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


# ---------------------------------------------------------------------------- sentences


def _title(evidence: Evidence, pair_sections: Sequence[PairSection]) -> str:
    """What came out, in a few words."""
    wrong = [pair.name for pair in pair_sections if not pair.as_expected]
    if evidence.not_compared:
        return f"{len(evidence.not_compared)} not compared"
    if not wrong:
        number = len(pair_sections)
        return (
            "The pair is as expected"
            if number == 1
            else f"All {number} pairs are as expected"
        )
    if len(wrong) == 1:
        return f"{wrong[0]} is not as expected"
    return f"{len(wrong)} of {len(pair_sections)} pairs are not as expected"


def _in_short(pair: PairSection) -> str:
    """Why a pair differs, or what its verdict rests on, in a line."""
    for label, text in pair.why:
        if label in ("because", "in part", "unknown"):
            return text
    if pair.why:
        return " ".join(filter(None, pair.why[0]))
    worst = nearest(pair.runs)
    if worst is None:
        return pair.words
    text = f"gap {worst.gap:.1e}, limit {worst.limit:.1e}"
    for worth in pair.sensitivity:
        if not worth.loss:
            text += f"; {worth.noticed} of {worth.faults} mistakes would be noticed"
    return text


def _sentence(pair: PairSection) -> str:
    """What the verdict on a pair means, and where it is decided."""
    text = f"{pair.words[0].upper()}{pair.words[1:]}."
    if pair.why:
        text += f" Shown here: {_place(pair.result)}."
    return text


def _place(result: Result) -> str:
    """What was run, in words, without the name of the pair."""
    words = [f"length {result.length}"]
    if result.timesteps is not None:
        words += [f"{result.timesteps} steps", f"batch {result.batch}"]
    words.append(_whose_weights(result))
    return ", ".join(words)


def _whose_weights(result: Result) -> str:
    return WHOSE_WEIGHTS.get(result.direction, result.direction)


def _environment(evidence: Evidence) -> dict[str, str]:
    """On what the run was made."""
    environment = {name: str(value) for name, value in evidence.versions.items()}
    environment |= {name: str(value) for name, value in evidence.inputs.items()}
    environment["seconds"] = f"{evidence.seconds:.1f}"
    return environment
