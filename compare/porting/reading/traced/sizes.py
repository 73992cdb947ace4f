"""Sizes that may be open: numbers that were others in each run of a module."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from compare.in_pytorch.unifying import Open, Size

Shape = tuple[Size, ...]


def times(sizes: Iterable[Size]) -> Size:
    """The product of sizes, in each run."""
    result: Size = 1
    for size in sizes:
        result = _combined(result, size, lambda a, b: a * b)
    return result


def divided(size: Size, by: Size) -> Size | None:
    """A size divided by another, in each run; None where that leaves a rest."""
    whole = _combined(size, by, lambda a, b: a % b == 0 if b else False)
    if whole is not True and whole != 1:
        return None
    return _combined(size, by, lambda a, b: a // b)


def minus(size: Size, by: Size) -> Size:
    """A difference of sizes, in each run."""
    return _combined(size, by, lambda a, b: a - b)


def _combined(a: Size, b: Size, combine: Any) -> Size:
    if isinstance(a, int) and isinstance(b, int):
        return int(combine(a, b))
    runs = len(a.values) if isinstance(a, Open) else len(b.values)  # type: ignore[union-attr]
    in_a, in_b = in_runs(a, runs), in_runs(b, runs)
    values = tuple(combine(x, y) for x, y in zip(in_a, in_b, strict=True))
    return values[0] if len(set(values)) == 1 else Open(values)


def in_runs(size: Any, runs: int) -> tuple[Any, ...]:
    """A number in each run."""
    return size.values if isinstance(size, Open) else (size,) * runs


def is_open(size: Any) -> bool:
    """Whether a size was another one in each run."""
    return isinstance(size, Open)
