"""What PyTorch does to the order and the shape of axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from compare.in_pytorch.recorded import Step
from compare.in_pytorch.unifying import Size
from compare.porting.reading.traced.graph import Graph
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.sizes import Shape, divided, is_open, times
from compare.porting.reading.traced.values import Stack, Unported, Value


def numbers_given(step: Step) -> tuple[Any, ...]:
    """Arguments behind the first: several numbers, or one list of them."""
    rest = step.args[1:]
    for key in ("dims", "shape", "size", "sizes", "repeats"):
        if key in (step.kwargs or {}):
            rest = ((step.kwargs or {})[key],)
    if len(rest) == 1 and isinstance(rest[0], list | tuple):
        return tuple(rest[0])
    return tuple(rest)


def _ordered(value: Value, order: Sequence[int]) -> Value:
    """PyTorch's axes in another order; nothing moves in Keras."""
    count = len(value.shape)
    order = [axis % count for axis in order]
    return replace(
        value,
        shape=tuple(value.shape[axis] for axis in order),
        axes=tuple(value.axes[axis] for axis in order),
    )


def permute(reader: Reader, step: Step) -> Value:
    """Axes in another order."""
    return _ordered(reader.tensor(step.args[0]), numbers_given(step))


def transpose(reader: Reader, step: Step) -> Value:
    """Two axes in each other's place."""
    value = reader.tensor(step.args[0])
    count = len(value.shape)
    if step.function in ("T", "mT", "H", "t"):
        if step.function == "T":
            return _ordered(value, range(count)[::-1])
        first, second = -2, -1
    else:
        args = reader.bound(step, "input dim0 dim1")
        first, second = args.dim0, args.dim1
    order = list(range(count))
    order[first], order[second] = order[second], order[first]
    return _ordered(value, order)


def movedim(reader: Reader, step: Step) -> Value:
    """Axes moved to other places."""
    args = reader.bound(step, "input source destination")
    value = reader.tensor(args.input)
    count = len(value.shape)
    sources, targets = args.source, args.destination
    if isinstance(sources, int):
        sources, targets = [sources], [targets]
    sources, targets = [s % count for s in sources], [t % count for t in targets]
    order = [axis for axis in range(count) if axis not in sources]
    for target, source in sorted(zip(targets, sources, strict=True)):
        order.insert(target, source)
    return _ordered(value, order)


def unsqueeze(reader: Reader, step: Step) -> Value:
    """An axis of one more."""
    args = reader.bound(step, "input dim")
    value = reader.tensor(args.input)
    place = args.dim % (len(value.shape) + 1)
    return replace(
        value,
        shape=(*value.shape[:place], 1, *value.shape[place:]),
        axes=(*value.axes[:place], (), *value.axes[place:]),
    )


def squeeze(reader: Reader, step: Step) -> Any:
    """Axes of one taken away."""
    args = reader.bound(step, "input dim", dim=None)
    known = reader.get(args.input)
    if isinstance(known, Stack) and args.dim == 0 and len(known.items) == 1:
        return known.items[0]
    value = reader.tensor(args.input)
    count = len(value.shape)
    dims = args.dim
    if dims is None:
        dims = range(count)
    elif isinstance(dims, int):
        dims = [dims]
    dims = {d % count for d in dims if value.shape[d] == 1}
    return without(reader.graph, value, dims)


def without(graph: Graph, value: Value, dims: set[int]) -> Value:
    """A value without axes of one."""
    gone = sorted(k for d in dims for k in value.axes[d])
    tensor = value.tensor
    if gone:
        axis: Any = gone[0] if len(gone) == 1 else tuple(gone)
        tensor = graph.op("squeeze", tensor, axis=axis)
    left = [k for k in range(len(value.sizes)) if k not in gone]
    places = {k: place for place, k in enumerate(left)}
    kept = [d for d in range(len(value.shape)) if d not in dims]
    return replace(
        value,
        tensor=tensor,
        shape=tuple(value.shape[d] for d in kept),
        sizes=tuple(value.sizes[k] for k in left),
        axes=tuple(tuple(places[k] for k in value.axes[d]) for d in kept),
    )


def reshape(reader: Reader, step: Step) -> Value:
    """The same numbers in another shape."""
    known = reader.get(step.args[0])
    target = step.results[0].shape
    if isinstance(known, Stack) and len(known.items) == 1 and len(target) == 2:
        known = known.items[0]
        if known.shape == target:
            return known
    return reshaped(reader.graph, reader.tensor(step.args[0]), target)


def reshaped(graph: Graph, value: Value, target: Shape) -> Value:
    """A value in another shape; in Keras's tensor axes are only split where they must.

    Args:
        graph: gets what Keras must do.
        value: of one shape.
        target: PyTorch's other shape.
    """
    value = graph.full(value)
    axes: list[tuple[int, ...]] = []
    for before, after in _blocks(value.shape, target):
        group = tuple(k for axis in before for k in value.axes[axis])
        if len(after) == 1:
            axes.append(group)
            continue
        parts = _parted(value, group, after)
        if parts is None:
            return _reshaped_in_keras(graph, value, target, before, after)
        axes += parts
    return replace(value, shape=target, axes=tuple(axes))


def _parted(
    value: Value, group: Sequence[int], sizes: Sequence[Size]
) -> list[tuple[int, ...]] | None:
    """Axes of Keras for several axes of PyTorch that they are together, if they fit."""
    parts: list[tuple[int, ...]] = []
    waiting = list(group)
    for size in sizes:
        part: list[int] = []
        while waiting and times(value.sizes[k] for k in part) != size:
            part.append(waiting.pop(0))
        if times(value.sizes[k] for k in part) != size:
            return None
        parts.append(tuple(part))
    if waiting:
        parts[-1] = (*parts[-1], *waiting)
    return parts


def _reshaped_in_keras(
    graph: Graph,
    value: Value,
    target: Shape,
    before: Sequence[int],
    after: Shape,
) -> Value:
    """A value whose axes `before` Keras's tensor has as `after`."""
    value = graph.arranged(value, made=[])
    group = [k for axis in before for k in value.axes[axis]]
    start = group[0] if group else 0
    sizes = (*value.sizes[:start], *after, *value.sizes[start + len(group) :])
    tensor = graph.reshaped(value.tensor, value.sizes, sizes)
    shape = (*value.shape[: before[0]], *after, *value.shape[before[-1] + 1 :])
    moved = len(after) - len(group)
    axes = [
        *value.axes[: before[0]],
        *((start + place,) for place in range(len(after))),
        *(tuple(k + moved for k in g) for g in value.axes[before[-1] + 1 :]),
    ]
    result = Value(tensor, shape, tuple(axes), sizes, value.dtype)
    return result if shape == target else reshaped(graph, result, target)


def _blocks(before: Shape, after: Shape) -> list[tuple[list[int], Shape]]:
    """Axes of one shape and sizes of another that hold the same numbers, in order."""
    blocks: list[tuple[list[int], Shape]] = []
    here = there = 0
    while here < len(before) or there < len(after):
        axes: list[int] = []
        sizes: list[Size] = []
        if here < len(before):
            axes.append(here)
            here += 1
        if there < len(after):
            sizes.append(after[there])
            there += 1
        while True:
            mine, theirs = times(before[a] for a in axes), times(sizes)
            if mine == theirs:
                break
            if divided(theirs, mine) is not None and here < len(before):
                axes.append(here)
                here += 1
            elif divided(mine, theirs) is not None and there < len(after):
                sizes.append(after[there])
                there += 1
            elif here < len(before):
                axes.append(here)
                here += 1
            elif there < len(after):
                sizes.append(after[there])
                there += 1
            else:
                raise Unported("a reshape whose sizes depend on the input's")
        blocks.append((axes, tuple(sizes)))
    return _with_all(blocks)


def _with_all(
    blocks: list[tuple[list[int], Shape]],
) -> list[tuple[list[int], Shape]]:
    """Blocks of which none lacks axes on one side: those of one join a neighbour."""
    result: list[tuple[list[int], Shape]] = []
    for axes, sizes in blocks:
        if result and (not axes or not sizes):
            last_axes, last_sizes = result.pop()
            result.append(([*last_axes, *axes], (*last_sizes, *sizes)))
        else:
            result.append((axes, sizes))
    return result


def expand(reader: Reader, step: Step) -> Value:
    """Numbers repeated along axes of one."""
    value = reader.tensor(step.args[0])
    shape = step.results[0].shape
    more = len(shape) - len(value.shape)
    axes = ((),) * more + value.axes
    return replace(value, shape=shape, axes=axes)


def pixel_shuffle(reader: Reader, step: Step) -> Value:
    """Channels laid out as smaller pixels."""
    value, factor = reader.tensor(step.args[0]), step.args[1]
    batch, channels, height, width = step.results[0].shape
    before = value.shape
    if any(is_open(size) for size in before[2:]):
        return _deeper(reader, step, value, factor)
    split = (batch, channels, factor, factor, *before[2:])
    value = reshaped(reader.graph, value, split)
    value = _ordered(value, (0, 1, 4, 2, 5, 3))
    return reshaped(reader.graph, value, (batch, channels, height, width))


def _deeper(reader: Reader, step: Step, value: Value, factor: int) -> Value:
    """Channels laid out as smaller pixels of an image of any size.

    Keras has the channels of a pixel last among those that become its parts.
    """
    graph = reader.graph
    value = graph.merged(graph.arranged(graph.full(value), (0, 2, 3, 1)))
    batch, channels, height, width = step.results[0].shape
    tensor = value.tensor
    if channels > 1:
        order = np.arange(channels * factor**2).reshape(channels, -1).T.reshape(-1)
        tensor = graph.op("take", tensor, order.tolist(), axis=-1)
    tensor = graph.op("depth_to_space", tensor, factor)
    sizes = (batch, height, width, channels)
    axes = ((0,), (3,), (1,), (2,))
    return Value(tensor, step.results[0].shape, axes, sizes, value.dtype)


def pixel_unshuffle(reader: Reader, step: Step) -> Value:
    """Pixels laid out as channels."""
    value, factor = reader.tensor(step.args[0]), step.args[1]
    batch, channels, height, width = step.results[0].shape
    split = (batch, value.shape[1], height, factor, width, factor)
    value = reshaped(reader.graph, value, split)
    value = _ordered(value, (0, 1, 3, 5, 2, 4))
    return reshaped(reader.graph, value, (batch, channels, height, width))


FUNCTIONS: dict[str, Handler] = {
    "permute": permute,
    **dict.fromkeys(("transpose", "T", "mT", "H", "t"), transpose),
    "movedim": movedim,
    "pixel_shuffle": pixel_shuffle,
    "pixel_unshuffle": pixel_unshuffle,
    "unsqueeze": unsqueeze,
    "squeeze": squeeze,
    **dict.fromkeys(
        ("reshape", "view", "flatten", "unflatten", "view_as", "reshape_as"), reshape
    ),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), expand),
}
