"""Equations by which Keras's EinsumDense computes what a Linear does."""

from __future__ import annotations


def axes_of(equation: str) -> tuple[int, int] | None:
    """Return how many axes a dense layer takes, and how many it makes of them.

    Args:
        equation: such as "abc,cd->abd", or "btd,dnh->btnh", which makes heads.

    Returns:
        The number of axes at the end of the input, and of the output, whose features
        those of a Linear are, in the same order; None of an equation whose kernel has
        axes in another order, or that does something else.
    """
    sides, arrow, output = equation.replace(" ", "").partition("->")
    x, comma, kernel = sides.partition(",")
    if not (arrow and comma):
        return None
    taken = "".join(letter for letter in kernel if letter in x and letter not in output)
    units = "".join(letter for letter in kernel if letter in output and letter not in x)
    if not taken or not units or kernel != taken + units:
        return None
    if not (x.endswith(taken) and output.endswith(units)):
        return None
    if x.removesuffix(taken) != output.removesuffix(units):
        return None
    return len(taken), len(units)
