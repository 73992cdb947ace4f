"""Every claim, in the note's order."""

from collections.abc import Iterator

from compare.subjects.claims import examples, heads, layer, lengths, portfolio, states
from compare.subjects.claims.claim import ClaimResult

CLAIMS = (
    *layer.CLAIMS,
    *examples.CLAIMS,
    *states.CLAIMS,
    *portfolio.CLAIMS,
    *heads.CLAIMS,
    *lengths.CLAIMS,
)


def check_claims() -> Iterator[ClaimResult]:
    """Check every claim, in the note's order; results come as they are found."""
    for number, claim in enumerate(CLAIMS, start=1):
        yield claim.result(number)
