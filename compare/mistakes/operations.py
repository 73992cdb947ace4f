"""What a model does to some inputs and not to others, as one run had it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

# What an input needs for an operation to act on it: padded steps, larger values, more
# steps, or other rows of a table; "weights" where no input is enough.
Need = Literal["padding", "values", "steps", "rows", "weights"]
NEEDS: tuple[Need, ...] = ("padding", "steps", "values", "rows", "weights")


@dataclass(frozen=True)
class Operation:
    """Something that a model does to some inputs and not to others.

    Args:
        place: which operation, in words: "relu6 in `head`".
        idle: what is to be said of it where it did not act: "never reached 6".
        need: what an input needs for it to act.
        acted: whether it acted in this run.
        figure: how near the run came, as the largest value; None where none is told.
        extreme: what the figure is: "largest", "smallest" or "longest".
        bound: the value of masked steps, or the number of steps that is needed.
        call: tells the uses of one function, or of one layer, in one place apart.
        used: for each row of a table whether it was read, or for each unit whether it
            was alive, bool; None where there are no such parts.
        is_exact: whether just the number of steps in `bound` is needed, and not more.
    """

    place: str
    idle: str
    need: Need
    acted: bool
    figure: float | None = None
    extreme: str = ""
    bound: float = 0.0
    call: tuple[int, ...] = ()
    used: np.ndarray | None = None
    is_exact: bool = False

    def also(self, later: Operation) -> Operation:
        """The operation in this run and in a later one together."""
        if self.used is not None and later.used is not None:
            used = self.used | later.used
            return replace(self, used=used, acted=bool(used.all()))
        figure = self.figure
        if figure is not None and later.figure is not None:
            nearer = min if self.extreme == "smallest" else max
            figure = nearer(figure, later.figure)
        return replace(self, figure=figure, acted=self.acted or later.acted)

    def sentence(self, model: str) -> str:
        """What did not act, in words.

        Args:
            model: whose operation it is: "PyTorch's model".
        """
        text = f"{self.place} of {model} {self.idle}"
        if self.used is not None:
            unused = np.flatnonzero(~self.used)
            text = f"{len(unused)} of {len(self.used)} {text}"
            if self.need == "rows" and unused.size and unused[0] == 0:
                text += ", row 0 among them"
        if self.figure is not None and np.isfinite(self.figure):
            text += f" ({self.extreme} {self.figure:.3g})"
        return text


def above(place: str, bound: float | None, passed: bool, largest: float) -> Operation:
    """An operation that changes values above a bound.

    Args:
        place: which operation, in words.
        bound: as a number; None where it is not one for all values.
        passed: whether a value was above it.
        largest: of the values.
    """
    idle = "never cut a value off"
    if bound is not None:
        idle = f"never reached {bound:g}" if bound else "never went above 0"
    return Operation(place, idle, "values", passed, largest, "largest")


def below(place: str, bound: float | None, passed: bool, smallest: float) -> Operation:
    """An operation that changes values below a bound; arguments as in `above`."""
    idle = "never lifted a value"
    if bound is not None:
        idle = f"never reached {bound:g}" if bound else "never went below 0"
    return Operation(place, idle, "values", passed, smallest, "smallest")


def mask(place: str, acted: bool, value: float = 0.0) -> Operation:
    """A mask, which acts where it leaves out a step.

    Args:
        place: what makes it, in words.
        acted: whether it left out a step.
        value: of the steps that it leaves out.
    """
    return Operation(place, "masked no step", "padding", acted, bound=value)


def comparison(
    place: str, need: Need, ever_true: bool, ever_false: bool
) -> list[Operation]:
    """A comparison of values, which can come out either way.

    Args:
        place: which comparison, in words.
        need: what makes it come out otherwise.
        ever_true: whether it was true of a value.
        ever_false: whether it was false of a value.
    """
    return [
        Operation(place, "was never true", need, ever_true),
        Operation(place, "was always true", need, ever_false),
    ]


def cut(place: str, bound: int, size: int, steps: int | None) -> Operation:
    """A slice that ends, or begins, at a fixed number of steps.

    Args:
        place: which slice, in words.
        bound: that number.
        size: of the axis.
        steps: of the input; None where it has none.
    """
    operation = Operation(
        place=place,
        idle="cut nothing off",
        need="weights",
        acted=size > bound,
        figure=size,
        extreme="largest size",
        bound=bound,
    )
    if size == steps:
        return replace(
            operation, idle="cut no step off", need="steps", extreme="longest"
        )
    return operation
