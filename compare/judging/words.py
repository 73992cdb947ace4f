"""The words that code and evidence share, as types: sides, directions, verdicts."""

from typing import Literal

Side = Literal["torch", "keras"]
Direction = Literal["to_keras", "to_torch"]
Precision = Literal["float32", "float64"]
Length = int | Literal["none"]  # time steps that a pair is built for
Verdict = Literal[
    "same",
    "same in float32",
    "ill-conditioned",
    "both refuse",
    "one refuses",
    "different",
]

PRECISIONS: tuple[Precision, ...] = ("float32", "float64")
