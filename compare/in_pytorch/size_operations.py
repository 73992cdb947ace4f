"""Branches of a PyTorch model that depend on its number of steps or samples."""

from __future__ import annotations

import ast
import linecache
import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from compare.in_pytorch.watched_sizes import (
    Comparison,
    Formula,
    Origin,
    SizeNotes,
    origins_in,
)
from compare.mistakes.operations import Need, Operation
from compare.mistakes.traces import frames

LONGEST = 1_000  # steps that a run of the suite's own may have
GRID = np.arange(1, 4_097)
AXES = ("batch size", "number of steps")
PACKAGES = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]))


def size_notes() -> SizeNotes:
    """Notes of what a model asks about sizes where it goes one way or another."""
    return SizeNotes(_deciding_line)


def size_operations(
    notes: SizeNotes, arrays: Sequence[np.ndarray]
) -> Iterator[Operation]:
    """The comparisons of the number of steps, or of samples, that a run made.

    Args:
        notes: of the run.
        arrays: that the model was given.
    """
    first = arrays[0]
    has_steps = first.ndim == 3 or (first.ndim == 2 and first.dtype.kind in "iu")
    for comparison in notes.comparisons:
        if comparison.is_value or not comparison.place:
            continue
        for axis, word in enumerate(AXES[: 1 + has_steps]):
            if axis < first.ndim:
                yield from _of_axis(comparison, notes, axis, first.shape[axis], word)


def _of_axis(
    comparison: Comparison, notes: SizeNotes, axis: int, size: int, word: str
) -> Iterator[Operation]:
    """One comparison, if it depends on an axis, as true and as false."""
    sizes: dict[Origin, np.ndarray] = {}
    for origin, value in notes.told.items():
        is_of_axis = origin.axis == axis and value == size
        sizes[origin] = GRID if is_of_axis else np.asarray(value)
    sides = (comparison.left, comparison.right)
    if not any(sizes[o].ndim for side in sides for o in origins_in(side)):
        return
    outcomes = np.broadcast_to(comparison.outcomes(sizes), GRID.shape)
    others = GRID[outcomes != comparison.outcome]
    if not others.size:
        return
    longer = others[others > size]
    need: Need = "weights"
    bound = 0
    if axis == 1 and longer.size and longer[0] <= LONGEST:
        need, bound = "steps", int(longer[0])
    place = f"the comparison of the {word}{_number(sides)} ({comparison.place})"
    extreme = "longest" if axis == 1 else "largest"
    for idle, acted in (
        ("was never true", comparison.outcome),
        ("was always true", not comparison.outcome),
    ):
        yield Operation(
            place, idle, need, acted, size, extreme, bound, is_exact=need == "steps"
        )


def _number(sides: Sequence[Formula]) -> str:
    """What sizes are compared with, where it is a number: " with 250"."""
    numbers = [side for side in sides if isinstance(side, int | float)]
    return f" with {numbers[0]:g}" if numbers else ""


def _deciding_line() -> str:
    """The user's line that runs, if it goes one way or another; else ""."""
    for frame in frames(sys._getframe(1)):  # noqa: SLF001
        file = frame.f_code.co_filename
        if not file.startswith(PACKAGES):
            if not _decides(file, frame.f_lineno):
                return ""
            return f"line {frame.f_lineno} of {Path(file).name}"
    return ""


@lru_cache(maxsize=1_000)
def _decides(file: str, line: int) -> bool:
    """Whether a line goes one way or another, and not only refuses what it is given."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return False
    holding = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    if not holding:
        return False
    statement = max(holding, key=lambda node: (node.lineno, -(node.end_lineno or 0)))
    if isinstance(statement, ast.If | ast.While):
        return not isinstance(statement.body[0], ast.Raise)
    return any(map(_chooses, ast.walk(statement)))


def _chooses(node: ast.AST) -> bool:
    """Whether a part of a statement takes one thing or another."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("min", "max")
    return isinstance(node, ast.IfExp)


def fixed_bounds(bounds: slice) -> Iterator[tuple[int, str]]:
    """The numbers of values that a slice takes at most, with it in words."""
    if bounds.step not in (None, 1):
        return
    if type(bounds.stop) is int and bounds.stop > 1 and not bounds.start:
        yield bounds.stop, f":{bounds.stop}"
    if type(bounds.start) is int and bounds.start < -1 and bounds.stop is None:
        yield -bounds.start, f"{bounds.start}:"
