"""Tensors that PyTorch broadcasts, with their axes alike in Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from compare.in_pytorch.recorded import Step
from compare.in_pytorch.unifying import Open
from compare.porting.reading.traced.constants import operand
from compare.porting.reading.traced.graph import Graph
from compare.porting.reading.traced.reader import Reader
from compare.porting.reading.traced.recomputed import recomputed
from compare.porting.reading.traced.values import Constant, Unported, Value, uniform
from compare.porting.reading.traced.weights import (
    computed_value,
    in_all_runs,
    is_computed,
)


def combined(
    reader: Reader, step: Step, function: str, operands: Sequence[Any]
) -> Value:
    """A function of tensors that are broadcast against each other, and numbers."""
    shape = step.results[0].shape
    known: list[Any] = []
    for given in operands:
        value = reader.get(given)
        if isinstance(value, Open):
            raise Unported("a number that depends on the sizes of the input")
        if isinstance(value, Constant) and is_computed(reader, given):
            value = computed_value(reader, given)
        if value is not None and not isinstance(value, int | float | bool | Constant):
            value = reader.tensor(given)
        known.append(value)
    values = [value for value in known if isinstance(value, Value)]
    aligned, lead = _aligned(reader, values, len(shape))
    arguments: list[Any] = []
    waiting = iter(aligned)
    for given, value in zip(operands, known, strict=True):
        if isinstance(value, Value):
            arguments.append(next(waiting).tensor)
        elif isinstance(value, Constant):
            order = _order(lead)
            runs = reader.runs
            try:
                arguments.append(operand(reader, given, lead, order, shape, runs))
            except Unported:
                if not isinstance(value.value, Open):
                    raise
                reader.known[given] = recomputed(reader, given)
                return combined(reader, step, function, operands)
        else:
            arguments.append(value)
    tensor = reader.graph.op(function, *arguments)
    wide = _wide(reader, known, len(shape))
    return _result(step, tensor, lead, aligned, wide)


def _wide(reader: Reader, known: Sequence[Any], count: int) -> set[int]:
    """Axes along which a constant of several numbers is larger than 1."""
    axes: set[int] = set()
    for constant in known:
        if isinstance(constant, Constant) and uniform(constant) is None:
            for array in in_all_runs(constant, reader.runs):
                offset = count - array.ndim
                axes |= {offset + n for n, size in enumerate(array.shape) if size > 1}
    return axes


def _result(
    step: Step, tensor: Any, lead: Value, values: Sequence[Value], wide: set[int]
) -> Value:
    """What several aligned values come to.

    Args:
        step: whose result it is.
        tensor: of Keras.
        lead: the value whose axes Keras's result has.
        values: all of them.
        wide: PyTorch's axes along which a constant is larger than 1.
    """
    shape = step.results[0].shape
    offset = len(shape) - len(lead.shape)
    axes = ((),) * offset + lead.axes
    sizes = list(lead.sizes)
    for value in values:
        place = len(sizes) - len(value.sizes)
        for axis, size in enumerate(value.sizes):
            if size != 1:
                sizes[place + axis] = size
    for axis, group in enumerate(axes):
        if axis in wide and len(group) == 1 and sizes[group[0]] == 1:
            sizes[group[0]] = shape[axis]
    return Value(tensor, shape, axes, tuple(sizes), step.results[0].dtype)


def _aligned(
    reader: Reader, values: Sequence[Value], count: int
) -> tuple[list[Value], Value]:
    """Values whose axes Keras has in one order, and the one that has them all.

    Args:
        reader: whose graph gets what moves axes.
        values: at least one.
        count: of axes of PyTorch's result.
    """
    graph = reader.graph
    groups = [((),) * (count - len(v.shape)) + v.axes for v in values]
    shapes = [(1,) * (count - len(v.shape)) + v.shape for v in values]
    values = [
        replace(v, axes=g, shape=s)
        for v, g, s in zip(values, groups, shapes, strict=True)
    ]
    values = [v if _stands_together(v) else graph.arranged(v, made=[]) for v in values]
    counts = [[len(v.axes[axis]) for v in values] for axis in range(count)]
    for axis, lengths in enumerate(counts):
        several = {n for n in lengths if n > 0}
        one = {v.shape[axis] for v in values if len(v.axes[axis]) == 1}
        if len(several) > 1 and one != {1}:
            values = [graph.merged(graph.arranged(v, made=[])) for v in values]
            return _aligned(reader, values, count)
    lead = max(values, key=lambda v: len(v.sizes))
    needed = [
        axis
        for axis in range(count)
        if not lead.axes[axis] and any(v.axes[axis] for v in values)
    ]
    place = values.index(lead)
    order = _order(lead)
    if needed:
        for axis in needed:
            order = _with(order, axis)
        lead = graph.arranged(lead, order, needed)
        values[place] = lead
        order = _order(lead)
    aligned = []
    for value in values:
        aligned.append(value if value is lead else _like(graph, value, lead, order))
    return aligned, lead


def _stands_together(value: Value) -> bool:
    """Whether the axes of Keras that are one of PyTorch stand side by side."""
    for group in value.axes:
        if group and group != tuple(range(group[0], group[0] + len(group))):
            return False
    return True


def _order(value: Value) -> list[int]:
    """PyTorch's axes that Keras's tensor has, in its order."""
    there = [axis for axis, group in enumerate(value.axes) if group]
    return sorted(there, key=lambda axis: value.axes[axis][0])


def _with(order: Sequence[int], axis: int) -> list[int]:
    """An order with an axis more, at its place among those of PyTorch."""
    behind = [n for n, other in enumerate(order) if other > axis]
    place = behind[0] if behind else len(order)
    return [*order[:place], axis, *order[place:]]


def _like(graph: Graph, value: Value, lead: Value, order: Sequence[int]) -> Value:
    """A value with its axes in the order of another, so that Keras broadcasts it."""
    there = [axis for axis in order if value.axes[axis]]
    if not there:
        return value
    first = order.index(there[0])
    made = [axis for axis in order[first:] if not value.axes[axis]]
    if any(len(lead.axes[axis]) > 1 for axis in made):
        raise Unported(
            "a tensor that is repeated along two axes that PyTorch has as one"
        )
    absent = [axis for axis in range(len(value.axes)) if axis not in order[first:]]
    arranged = graph.arranged(value, [*absent, *order[first:]], made)
    return arranged
