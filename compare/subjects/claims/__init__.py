"""The ledger of claims: what the note says, asked as questions, answered by running.

Loading this package loads both frameworks. Every claim is checked from seed 0; numbers
are compared in float64.
"""

from compare.subjects.claims.claim import Claim, ClaimResult, Findings
from compare.subjects.claims.ledger import CLAIMS, check_claims

__all__ = ["CLAIMS", "Claim", "ClaimResult", "Findings", "check_claims"]
