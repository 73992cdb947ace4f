"""The page of the claims of the note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compare.reports.claims import STYLES, in_numbers, kind_of
from compare.reports.page.rendering import rendered

HEADINGS = {
    "false": "False",
    "only if": "Hold only under a condition",
    "holds": "Hold",
}


def claims_page(
    claims: Sequence[Mapping[str, Any]],
    versions: Mapping[str, str],
    again: str,
) -> str:
    """The page of the claims, by verdict.

    Args:
        claims: as `ClaimResult.as_dict` gives them.
        versions: on what they were checked.
        again: the command that finds out the same.
    """
    by_kind: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in HEADINGS}
    for claim in claims:
        by_kind[kind_of(claim["verdict"])].append(claim)
    counts = {kind: len(by_kind[kind]) for kind in STYLES}
    return rendered(
        "claims.html.jinja",
        title="Claims of the note",
        conclusion=f"{in_numbers(counts)}.",
        notes=(),
        environment=dict(versions),
        again=again,
        groups={HEADINGS[kind]: of_kind for kind, of_kind in by_kind.items()},
    )
