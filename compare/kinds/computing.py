"""The signature of what a kind of layer computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from compare.kinds.layer import Arrays
from compare.kinds.option import Options

# What a layer returns: (batch, ..., features); a recurrent one "output" (batch, time,
# features), "h_n" and, if it has a cell state, "c_n", (number, batch, size) each.
Computed = np.ndarray | Mapping[str, np.ndarray]


class Compute(Protocol):
    """What a kind of layer computes, in float64.

    Args:
        arrays: of the layer, by PyTorch's names and in its layout.
        x: its input, features last.
        options: its settings, by the suite's names and in Keras's words, and those of
            this call: `lengths` and `states` of a recurrent layer, `training` of one
            that learns statistics. What is left out is what PyTorch takes by itself.

    Returns:
        What the layer returns; None where the arrays and options do not tell.
    """

    def __call__(
        self, arrays: Arrays, x: np.ndarray, options: Options
    ) -> Computed | None:
        """See the class."""


Step = Callable[..., tuple[np.ndarray, ...]]
Sums = Callable[[Arrays, np.ndarray, np.ndarray], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Cell:
    """One step of a recurrent layer.

    Args:
        gates: a letter for each block of rows in PyTorch's matrices and biases.
        states: how many states it has: h, or h and c.
        step: takes parameters by short name (`weight_ih`), x (batch, features) and the
            states (batch, size); returns the next states.
        sums: takes parameters, x and h; returns what each gate is a function of.
    """

    gates: str
    states: int
    step: Step
    sums: Sums
