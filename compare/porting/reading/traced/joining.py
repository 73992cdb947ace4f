"""Tensors that PyTorch joins, repeats, cuts in parts and pads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from compare.in_pytorch.recorded import Step
from compare.in_pytorch.unifying import Open, Size
from compare.kinds.graph import Tensor
from compare.porting.reading.traced.edges import edged
from compare.porting.reading.traced.graph import Graph
from compare.porting.reading.traced.indexing import taken
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.shapes import numbers_given
from compare.porting.reading.traced.sizes import Shape, is_open
from compare.porting.reading.traced.values import (
    Constant,
    Padded,
    Stack,
    Unported,
    Value,
    plain_axes,
    uniform,
)
from compare.porting.reading.traced.weights import for_each_sample


def repeat(reader: Reader, step: Step) -> Value:
    """A tensor several times along its axes."""
    value = reader.tensor(step.args[0])
    counts = numbers_given(step)
    more = len(counts) - len(value.shape)
    value = replace(
        value, shape=(1,) * more + value.shape, axes=((),) * more + value.axes
    )
    shape = step.results[0].shape
    for axis, count in enumerate(counts):
        if count == 1:
            continue
        if value.shape[axis] == 1:
            sizes = list(value.shape)
            sizes[axis] = shape[axis]
            value = replace(value, shape=tuple(sizes))
            continue
        if is_open(count):
            raise Unported("repeating as often as the input's sizes say")
        value, place = reader.plain_axis(reader.graph.full(value), axis)
        repeats = [count if k == place else 1 for k in range(len(value.sizes))]
        tensor = reader.graph.op("tile", value.tensor, tuple(repeats))
        sizes = list(value.sizes)
        sizes[place] = shape[axis]
        whole = (*value.shape[:axis], shape[axis], *value.shape[axis + 1 :])
        value = replace(value, tensor=tensor, sizes=tuple(sizes), shape=whole)
    return value


def repeat_interleave(reader: Reader, step: Step) -> Value:
    """Each part along an axis several times."""
    args = reader.bound(step, "input repeats dim output_size", output_size=None)
    if not isinstance(args.repeats, int):
        raise Unported("as many repeats as a tensor says")
    value, axis = reader.plain_axis(reader.tensor(args.input), args.dim)
    tensor = reader.graph.op("repeat", value.tensor, args.repeats, axis=axis)
    shape = step.results[0].shape
    sizes = list(value.sizes)
    sizes[axis] = shape[args.dim]
    return replace(value, tensor=tensor, sizes=tuple(sizes), shape=shape)


def cat(reader: Reader, step: Step) -> Any:
    """Tensors one behind the other along an axis."""
    args = reader.bound(step, "tensors dim", dim=0)
    shape = step.results[0].shape
    dim = args.dim % len(shape)
    known = [reader.get(item) for item in args.tensors]
    if dim == 0 and all(isinstance(item, Stack) for item in known):
        return Stack(tuple(value for stack in known for value in stack.items))
    if _are_uniform(known):
        return _with_constants(reader, args.tensors, dim, shape)
    values = []
    for item, known_item in zip(args.tensors, known, strict=True):
        value = None
        if isinstance(known_item, Constant):
            value = for_each_sample(reader, item, known_item)
        values.append(reader.graph.full(value or reader.tensor(item)))
    values = alike(reader.graph, values, dim)
    axis = values[0].axes[dim][0]
    if axis == len(values[0].sizes) - 1:
        axis = -1
    tensor = reader.graph.op("concatenate", [v.tensor for v in values], axis=axis)
    sizes = list(values[0].sizes)
    sizes[axis] = shape[dim]
    return replace(values[0], tensor=tensor, shape=shape, sizes=tuple(sizes))


def _are_uniform(known: Sequence[Any]) -> bool:
    """Whether there is one tensor among constants that are one number each."""
    constants = [item for item in known if isinstance(item, Constant)]
    numbers = {uniform(item) for item in constants}
    return (
        len(constants) == len(known) - 1 > 0
        and len(numbers) == 1
        and (None not in numbers)
    )


def alike(graph: Graph, values: Sequence[Value], dim: int) -> list[Value]:
    """Values whose axes Keras has alike, `dim` as one axis."""
    first = values[0]
    if all(v.axes == first.axes for v in values) and len(first.axes[dim]) == 1:
        groups = [n for n, group in enumerate(first.axes) if len(group) != 1]
        if not groups:
            return list(values)
    ways = [v.axes for v in values if all(len(group) == 1 for group in v.axes)]
    if not ways:
        return [graph.plain(v) for v in values]
    order = sorted(range(len(first.axes)), key=lambda axis: ways[0][axis][0])
    return [graph.merged(graph.arranged(v, order)) for v in values]


def _with_constants(reader: Reader, tensors: Any, dim: int, shape: Shape) -> Padded:
    """A tensor with constants of one number before or behind it: padding."""
    known = [reader.get(item) for item in tensors]
    places = [n for n, item in enumerate(known) if not isinstance(item, Constant)]
    place = places[0]
    numbers = {uniform(item) for item in known if isinstance(item, Constant)}
    sizes: list[Size] = []
    for item in tensors:
        step = reader.recording.steps[item.step]
        sizes.append(step.results[item.output].shape[dim])
    before = sum(_whole(size) for size in sizes[:place])
    behind = sum(_whole(size) for size in sizes[place + 1 :])
    amounts = [(0, 0)] * len(shape)
    amounts[dim] = (before, behind)
    inner = reader.tensor(tensors[place])
    number = numbers.pop()
    assert number is not None
    return Padded(inner, tuple(amounts), number, shape)


def _whole(size: Size) -> int:
    if isinstance(size, Open):
        raise Unported("a constant as long as the input's sizes say")
    return size


def stack(reader: Reader, step: Step) -> Any:
    """Tensors side by side along a new axis."""
    args = reader.bound(step, "tensors dim", dim=0)
    shape = step.results[0].shape
    dim = args.dim % len(shape)
    values = [reader.tensor(item) for item in args.tensors]
    if dim == 0:
        return Stack(tuple(values))
    plain = [reader.graph.plain(value) for value in values]
    tensor = reader.graph.op("stack", [v.tensor for v in plain], axis=dim)
    axes = plain_axes(len(shape))
    return Value(tensor, shape, axes, shape, plain[0].dtype)


def split(reader: Reader, step: Step) -> list[Any]:
    """Parts of a tensor along an axis."""
    names = {
        "split": "input size dim",
        "chunk": "input size dim",
        "unbind": "input dim",
        "tensor_split": "input size dim",
        "split_with_sizes": "input size dim",
    }
    args = reader.bound(step, names[step.function], dim=0)
    known = reader.get(args.input)
    shape_of = reader.recording.steps[args.input.step].results[args.input.output]
    dim = args.dim % len(shape_of.shape)
    if step.function == "unbind":
        if isinstance(known, Stack) and dim == 0:
            return list(known.items)
        value = reader.tensor(args.input)
        count = len(step.results)
        return [taken(reader, value, {dim: n}) for n in range(count)]
    if isinstance(known, Stack) and dim == 0:
        parts, start = [], 0
        for result in step.results:
            size = _whole(result.shape[0])
            parts.append(Stack(known.items[start : start + size]))
            start += size
        return parts
    value, axis = reader.plain_axis(reader.graph.full(reader.tensor(args.input)), dim)
    sizes = [_whole(result.shape[dim]) for result in step.results]
    where: Any = len(sizes)
    if len(set(sizes)) > 1:
        where = [sum(sizes[:n]) for n in range(1, len(sizes))]
    first = reader.graph.op("split", value.tensor, where, axis=axis)
    results = []
    for number, (size, result) in enumerate(zip(sizes, step.results, strict=True)):
        own = (*value.sizes[:axis], size, *value.sizes[axis + 1 :])
        tensor = Tensor(first.call, number)
        results.append(replace(value, tensor=tensor, sizes=own, shape=result.shape))
    return results


def pad(reader: Reader, step: Step) -> Any:
    """Numbers put around a tensor, or cut off from it."""
    args = reader.bound(step, "input pad mode value", mode="constant", value=None)
    value = reader.tensor(args.input)
    count = len(value.shape)
    amounts: list[tuple[Any, Any]] = [(0, 0)] * count
    for number in range(len(args.pad) // 2):
        amounts[count - 1 - number] = tuple(args.pad[2 * number : 2 * number + 2])
    shape = step.results[0].shape
    if all(pair == (0, 0) for pair in amounts):
        return value
    if args.mode == "constant":
        return Padded(value, tuple(amounts), args.value or 0, shape)
    value = reader.graph.merged(reader.graph.arranged(reader.graph.full(value)))
    return edged(reader, value, amounts, args.mode, shape)


FUNCTIONS: dict[str, Handler] = {
    "repeat": repeat,
    "tile": repeat,
    "repeat_interleave": repeat_interleave,
    "cat": cat,
    "stack": stack,
    **dict.fromkeys(
        ("split", "chunk", "unbind", "tensor_split", "split_with_sizes"), split
    ),
    "pad": pad,
}
