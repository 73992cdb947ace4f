"""A page from its template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from compare.errors import BadInput
from compare.files import PAGE_AUTHOR
from compare.judging.result import SIDES

TEMPLATES = Path(__file__).parent / "templates"
MISSING = (
    "--html: expected jinja2, matplotlib and pygments to be installed, got no {name}; "
    'run pip install -e ".[page]"'
)


def check_installed() -> None:
    """Say before the work what a page needs and is not installed.

    Raises:
        BadInput: if a package is missing.
    """
    from importlib.util import find_spec

    for name in ("jinja2", "matplotlib", "pygments"):
        if find_spec(name) is None:
            raise BadInput(MISSING.format(name=name))


def rendered(
    template: str,
    *,
    title: str,
    conclusion: str,
    notes: Sequence[str],
    environment: Mapping[str, object],
    again: str,
    **values: Any,
) -> str:
    """A page, in which every text is text, whatever stands in it.

    Args:
        template: name of its file.
        title: what came out, in a few words.
        conclusion: the same in a sentence or two.
        notes: what a reader must know, a sentence each.
        environment: on what it was made, by name.
        again: the command that finds out the same.
        values: what else the template uses.
    """
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    page: str = (
        _templates()
        .get_template(template)
        .render(
            style=style,
            generator=PAGE_AUTHOR,
            title=title,
            conclusion=conclusion,
            notes=notes,
            environment=environment,
            command=again,
            side_names=SIDES,
            **values,
        )
    )
    return page


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
