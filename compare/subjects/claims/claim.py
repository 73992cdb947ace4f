"""A claim, what its check finds, and what becomes of it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from compare.judging.document import jsonable
from compare.subjects.claims.common import seeded

Figure = int | float | str | tuple[int | float | str, ...]


@dataclass(frozen=True)
class Findings:
    """What a check found out.

    Args:
        cases: whether the claim is true, by condition; "" where there is but one.
        figures: what was computed on the way, by name.
    """

    cases: Mapping[str, bool]
    figures: Mapping[str, Figure]

    def __post_init__(self) -> None:
        if not self.cases:
            raise ValueError("Findings expects at least one case, got none")

    @property
    def verdict(self) -> str:
        """`holds`, `false`, or `holds only if ...` with the cases that are true."""
        true = [name for name, holds in self.cases.items() if holds]
        if len(true) == len(self.cases):
            return "holds"
        return f"holds only if {' or '.join(true)}" if true else "false"


@dataclass(frozen=True)
class Claim:
    """One statement of the note, as a question.

    Args:
        question: asks whether the statement is true.
        ran: what is run to find out.
        check: runs it.
    """

    question: str
    ran: str
    check: Callable[[], Findings]

    def result(self, number: int) -> "ClaimResult":
        """Run the check, from seed 0."""
        with seeded():
            findings = self.check()
        return ClaimResult(
            number, self.question, self.ran, findings.verdict, findings.figures
        )


@dataclass(frozen=True)
class ClaimResult:
    """What became of one claim.

    Args:
        number: its place in the ledger, counted from 1.
        question, ran: as the claim has them.
        verdict: `holds`, `false` or `holds only if ...`.
        figures: what was computed, by name.
    """

    number: int
    question: str
    ran: str
    verdict: str
    figures: Mapping[str, Figure]

    def as_dict(self) -> dict[str, Any]:
        """The result in JSON's types; NaN and the infinities become strings."""
        return {**asdict(self), "figures": jsonable(self.figures)}
