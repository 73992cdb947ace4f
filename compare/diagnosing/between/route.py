"""How what a layer makes becomes what comes next: a way, and what is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from compare.diagnosing.between.operation import Change
from compare.mistakes.ways import Way

EVERY_STEP = "every step"  # the only way for a layer that has no steps
EXACT = 1e-13  # of the largest value: the forms of a gelu differ by 1e-10
STATE = "the final hidden state"


class Route(NamedTuple):
    """How what a layer makes becomes what comes next.

    Args:
        way: a name of `WAYS`.
        change: what is computed of the array that is handed on in this way.
    """

    way: str
    change: Change


Recognised = Mapping[Route, Way]
Kind = Literal["ways", "functions"]
