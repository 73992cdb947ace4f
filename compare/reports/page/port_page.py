"""The page of a port."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from compare.reports.page.contents import sections
from compare.reports.page.rendering import rendered
from compare.reports.page.run_page import environment_of, notes_of

if TYPE_CHECKING:  # at run time this would load both frameworks
    from compare.porting.contents import Port

SOURCE, TWIN = "model.py", "keras_model.py"  # of the files of a port


def port_page(port: Port, original: str | None, out: str, again: str) -> str:
    """The page of a port.

    Args:
        port: as it was written.
        original: the file of the user's source, where the original has one.
        out: the folder, as the user named it.
        again: the command that finds out the same.
    """
    names = dict.fromkeys(result.pair for result in port.evidence.results)
    texts = _sources(port, original)
    verdict = port.verdict
    conclusion = "It computes what the original computes, as far as was compared."
    if port.stubs and port.is_same:
        verdict += ", and the rest is yet to be written"
        conclusion = "What could be compared computes what the original computes."
    elif not port.is_proved:
        conclusion = "It is not shown to compute what the original computes."
    return rendered(
        "port.html.jinja",
        title=f"{port.name} in {port.framework}: {verdict}",
        conclusion=conclusion,
        notes=notes_of(port.evidence),
        environment=environment_of(port.evidence),
        again=again,
        port=port,
        out=out,
        next=f"cd {shlex.quote(out)} && python check.py",
        sections=sections(port.evidence, dict.fromkeys(names, texts)),
    )


def _sources(port: Port, original: str | None) -> list[tuple[str, str]]:
    """Title and text of both sources; no text where the file holds a model alone."""
    texts = [(SOURCE, _text(port.folder / SOURCE))]
    if original is not None:  # of PyTorch, and so the port is of Keras
        return [(original, _text(Path(original))), *texts]
    if TWIN in port.files:
        return [*texts, (TWIN, _text(port.folder / TWIN))]
    return [*texts, ("the model as it is in the file", "")]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
