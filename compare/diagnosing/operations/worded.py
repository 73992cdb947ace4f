"""A cause between operations in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compare.judging.words import Side


@dataclass(frozen=True)
class Worded:
    """A cause in words.

    Args:
        fault: short.
        sentence: what differs, and where.
        fixes: by side, what to change there.
        is_cause: whether it says what is wrong, and not only where.
    """

    fault: str
    sentence: str
    fixes: Mapping[Side, str]
    is_cause: bool = True
