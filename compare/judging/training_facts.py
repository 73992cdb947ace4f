"""What a model does while it learns and not while it predicts, as data.

Results say nothing of any of this: two models that predict alike may learn otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

DrawKind = Literal[
    "dropout",  # of each value by itself
    "dropout of whole channels",  # the same at every step
    "dropout of states",  # inside a recurrent layer
    "alpha dropout",
    "noise",
    "random numbers",  # for what, nobody can tell
]


@dataclass(frozen=True)
class Draw:
    """Random numbers that a model draws in one place each time it runs.

    Args:
        kind: what they do.
        rate: share of the values that are dropped; None where it is not a dropout.
        place: the layer that draws them, as its user calls it; "" where it is the code
            of the model.
    """

    kind: DrawKind
    rate: float | None
    place: str

    def in_words(self) -> str:
        """The kind, the rate and the place."""
        words = self.kind if self.rate is None else f"{self.kind} {self.rate:g}"
        return f"{words} in {self.place}" if self.place else words


@dataclass(frozen=True)
class TrainingFacts:
    """What one model does while it learns and not while it predicts.

    Args:
        draws: random numbers, in the order in which a run draws them.
        idle: dropouts that never act, a sentence each.
        statistics: by each layer that keeps statistics of batches, the share of the old
            ones that a batch leaves, Keras's momentum; None where a batch leaves them
            all as they are, or the share is not one number.
        less_one: those of them whose running variance divides by all values less one.
        regularisers: by the array or the layer that they act on, in words.
        constraints: by array, in words.
        added: layers that add terms of their own to the loss.
        learnt: by layer the arrays of its weights, of their shapes, 1 where they are
            learnt and 0 where they are frozen or no weights.
        padding: by embedding the row that is never learnt.
        states: layers that begin with the states of the call before; "" where it is
            only known that the model does.
    """

    draws: tuple[Draw, ...] = ()
    idle: tuple[str, ...] = ()
    statistics: Mapping[str, float | None] = field(default_factory=dict)
    less_one: frozenset[str] = frozenset()
    regularisers: Mapping[str, str] = field(default_factory=dict)
    constraints: Mapping[str, str] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    learnt: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    padding: Mapping[str, int] = field(default_factory=dict)
    states: tuple[str, ...] = ()
