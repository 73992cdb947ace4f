"""Where PyTorch's model has the channels that Keras's model has last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """The axis of the channels in what PyTorch's model takes and returns.

    Args:
        inputs: of each input; 0 where both models take it as it is.
        results: of each result, in the order in which they are named; 0 as above.
        note: what a reader is told of it; "" where all is as it was given.
    """

    inputs: tuple[int, ...] = ()
    results: tuple[int, ...] = ()
    note: str = ""

    def axis_of_input(self, number: int) -> int:
        """The axis of the channels of an input; 0 where it is taken as it is."""
        return _axis(self.inputs, number)

    def axis_of_result(self, number: int) -> int:
        """The axis of the channels of a result; 0 where it is compared as it is."""
        return _axis(self.results, number)


def _axis(axes: Sequence[int], number: int) -> int:
    """The axis of an array by its number; 0 where none is said."""
    return axes[number] if number < len(axes) else 0


AS_GIVEN = Layout()
