"""A user's two models, and what they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compare.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

TRANSFERS = (None, "to_keras", "to_torch", "random")
LOSSES = ("mean_squared_error", "cross_entropy", "negative_sharpe_ratio")


@dataclass(frozen=True)
class OwnPair:
    """Two models, and what they run on.

    Args:
        name: for people.
        models: "torch" and "keras", live or what makes them.
        arrays: one for each input; floats in float32.
        names: of the inputs, where they are handed over by name.
        steps, batches: to run the models on, besides all of `arrays`; None for few.
        free: whether any number of steps is to be tried.
        transfer: one of TRANSFERS.
        table: names of PyTorch's layers and of their twins in Keras.
        otherwise: which of PyTorch's layers take the twins of which others, against the
            order; gets those for which that is found by trying.
        loss: of LOSSES, what gradients are taken of and training learns by.
        target: what it compares the first result with, (batch, ...); None to draw it.
        seed: of random weights.
        file: where it was found.
    """

    name: str
    models: Mapping[str, Any]
    arrays: tuple[np.ndarray, ...]
    names: tuple[str, ...] | None = None
    steps: Sequence[int] | None = None
    batches: Sequence[int] | None = None
    free: bool = True
    transfer: str | None = None
    table: dict[str, str | Sequence[str]] = field(default_factory=dict)
    otherwise: dict[str, str] = field(default_factory=dict)
    loss: str = LOSSES[0]
    target: np.ndarray | None = None
    seed: int = 0
    file: Path | None = None


def is_pair_file(name: str) -> bool:
    """Whether this names a file and not a built-in pair."""
    return name.endswith(".py")


def check_transfer(who: str, transfer: object):
    """Raise BadInput for what is none of TRANSFERS."""
    if transfer not in TRANSFERS:
        known = ", ".join(map(repr, TRANSFERS))
        raise BadInput(f"{who}: expected one of {known}, got {transfer!r}")


def check_seed(seed: object):
    """Raise BadInput for what begins no sequence of random numbers."""
    whole = isinstance(seed, Integral) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 2**32:
        raise BadInput(
            f"seed: expected a whole number from 0 to {2**32 - 1}, got {seed!r}"
        )


def described(pair: OwnPair) -> str:
    """The inputs of a pair in words: `x (4, 50, 8)`."""
    names = pair.names or [f"x{n}" if n else "x" for n in range(len(pair.arrays))]
    return ", ".join(
        f"{name} {array.shape}" for name, array in zip(names, pair.arrays, strict=True)
    )
