"""Tensors that are one place of another one, as the steps of a sequence are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compare.in_pytorch.recorded import Ref, Step


@dataclass(frozen=True)
class Part:
    """A tensor that is one place along an axis of another one."""

    source: Ref
    axis: int
    place: int


def of_index(source: Ref, index: Any, shape: tuple[int, ...]) -> Part | None:
    """The place that an index takes, if it takes one place along one axis."""
    items = list(index) if isinstance(index, tuple) else [index]
    if items and items[0] is Ellipsis:
        items = [slice(None)] * (len(shape) - len(items) + 1) + items[1:]
    part = None
    for axis, item in enumerate(items):
        if isinstance(item, int) and not isinstance(item, bool) and part is None:
            part = Part(source, axis, item % shape[axis])
        elif not (isinstance(item, slice) and item == slice(None)):
            return None
    return part


def key_of(step: Step, parts: Mapping[Ref, Part]) -> Any:
    """What is alike in steps that do one thing with each step of a sequence."""

    def plain(value: Any) -> Any:
        if isinstance(value, Ref):
            part = parts.get(value)
            return ("part", part.source, part.axis) if part else value
        if isinstance(value, list | tuple):
            return tuple(map(plain, value))
        return repr(value)

    kwargs = tuple((key, plain(value)) for key, value in (step.kwargs or {}).items())
    return step.function, step.name, plain(step.args), kwargs
