"""What PyTorch does to the shapes of tensors, in Keras's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from compare.in_pytorch.recording import Open, Step
from compare.kinds.graph import Tensor
from compare.porting.reading.traced_graph import (
    Constant,
    Graph,
    Shape,
    Size,
    Stack,
    Unported,
    Value,
    divided,
    is_open,
    plain_axes,
    times,
)
from compare.porting.reading.traced_reader import Handler, Padded, Reader, uniform

# --------------------------------------------------------------------- order of axes


def _numbers(step: Step) -> tuple[Any, ...]:
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
    return _ordered(reader.tensor(step.args[0]), _numbers(step))


def transpose(reader: Reader, step: Step) -> Value:
    """Two axes in each other's place."""
    value = reader.tensor(step.args[0])
    count = len(value.shape)
    if step.function in ("T", "mT", "H", "t"):
        if step.function == "T":
            return _ordered(value, range(count)[::-1])
        first, second = -2, -1
    else:
        given = reader.bound(step, "input dim0 dim1")
        first, second = given.dim0, given.dim1
    order = list(range(count))
    order[first], order[second] = order[second], order[first]
    return _ordered(value, order)


def movedim(reader: Reader, step: Step) -> Value:
    """Axes moved to other places."""
    given = reader.bound(step, "input source destination")
    value = reader.tensor(given.input)
    count = len(value.shape)
    sources, targets = given.source, given.destination
    if isinstance(sources, int):
        sources, targets = [sources], [targets]
    sources, targets = [s % count for s in sources], [t % count for t in targets]
    order = [axis for axis in range(count) if axis not in sources]
    for target, source in sorted(zip(targets, sources, strict=True)):
        order.insert(target, source)
    return _ordered(value, order)


# ---------------------------------------------------------------------------- shapes


def unsqueeze(reader: Reader, step: Step) -> Value:
    """An axis of one more."""
    given = reader.bound(step, "input dim")
    value = reader.tensor(given.input)
    place = given.dim % (len(value.shape) + 1)
    return replace(
        value,
        shape=(*value.shape[:place], 1, *value.shape[place:]),
        axes=(*value.axes[:place], (), *value.axes[place:]),
    )


def squeeze(reader: Reader, step: Step) -> Any:
    """Axes of one taken away."""
    given = reader.bound(step, "input dim", dim=None)
    known = reader.get(given.input)
    if isinstance(known, Stack) and given.dim == 0 and len(known.items) == 1:
        return known.items[0]
    value = reader.tensor(given.input)
    count = len(value.shape)
    dims = given.dim
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


# -------------------------------------------------------------------- repeated, joined


def expand(reader: Reader, step: Step) -> Value:
    """Numbers repeated along axes of one."""
    value = reader.tensor(step.args[0])
    shape = step.results[0].shape
    more = len(shape) - len(value.shape)
    axes = ((),) * more + value.axes
    return replace(value, shape=shape, axes=axes)


def repeat(reader: Reader, step: Step) -> Value:
    """A tensor several times along its axes."""
    value = reader.tensor(step.args[0])
    counts = _numbers(step)
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
    given = reader.bound(step, "input repeats dim output_size", output_size=None)
    if not isinstance(given.repeats, int):
        raise Unported("as many repeats as a tensor says")
    value, axis = reader.plain_axis(reader.tensor(given.input), given.dim)
    tensor = reader.graph.op("repeat", value.tensor, given.repeats, axis=axis)
    shape = step.results[0].shape
    sizes = list(value.sizes)
    sizes[axis] = shape[given.dim]
    return replace(value, tensor=tensor, sizes=tuple(sizes), shape=shape)


def cat(reader: Reader, step: Step) -> Any:
    """Tensors one behind the other along an axis."""
    given = reader.bound(step, "tensors dim", dim=0)
    shape = step.results[0].shape
    dim = given.dim % len(shape)
    known = [reader.get(item) for item in given.tensors]
    if dim == 0 and all(isinstance(item, Stack) for item in known):
        return Stack(tuple(value for stack in known for value in stack.items))
    if any(isinstance(item, Constant) for item in known):
        return _with_constants(reader, given.tensors, dim, shape)
    values = [reader.graph.full(reader.tensor(item)) for item in given.tensors]
    values = alike(reader.graph, values, dim)
    axis = values[0].axes[dim][0]
    if axis == len(values[0].sizes) - 1:
        axis = -1
    tensor = reader.graph.op("concatenate", [v.tensor for v in values], axis=axis)
    sizes = list(values[0].sizes)
    sizes[axis] = shape[dim]
    return replace(values[0], tensor=tensor, shape=shape, sizes=tuple(sizes))


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
    if len(places) != 1:
        raise Unported("constants and several tensors one behind the other")
    place = places[0]
    numbers = {uniform(item) for item in known if isinstance(item, Constant)}
    if len(numbers) != 1 or None in numbers:
        raise Unported("constants of several numbers behind a tensor")
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
    given = reader.bound(step, "tensors dim", dim=0)
    shape = step.results[0].shape
    dim = given.dim % len(shape)
    values = [reader.tensor(item) for item in given.tensors]
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
    given = reader.bound(step, names[step.function], dim=0)
    known = reader.get(given.input)
    shape_of = reader.recording.steps[given.input.step].results[given.input.output]
    dim = given.dim % len(shape_of.shape)
    if step.function == "unbind":
        if isinstance(known, Stack) and dim == 0:
            return list(known.items)
        from compare.porting.reading.traced_indexing import taken

        value = reader.tensor(given.input)
        count = len(step.results)
        return [taken(reader, value, {dim: n}) for n in range(count)]
    if isinstance(known, Stack) and dim == 0:
        parts, start = [], 0
        for result in step.results:
            size = _whole(result.shape[0])
            parts.append(Stack(known.items[start : start + size]))
            start += size
        return parts
    value, axis = reader.plain_axis(reader.graph.full(reader.tensor(given.input)), dim)
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
    given = reader.bound(step, "input pad mode value", mode="constant", value=None)
    value = reader.tensor(given.input)
    count = len(value.shape)
    amounts: list[tuple[Any, Any]] = [(0, 0)] * count
    for number in range(len(given.pad) // 2):
        amounts[count - 1 - number] = tuple(given.pad[2 * number : 2 * number + 2])
    shape = step.results[0].shape
    if all(pair == (0, 0) for pair in amounts):
        return value
    if given.mode == "constant":
        return Padded(value, tuple(amounts), given.value or 0, shape)
    if given.mode != "reflect":
        raise Unported(f"padding of mode {given.mode!r}")
    value = reader.graph.merged(reader.graph.arranged(reader.graph.full(value)))
    pairs = [(0, 0)] * len(value.sizes)
    sizes = list(value.sizes)
    for axis, pair in enumerate(amounts):
        pairs[value.axes[axis][0]] = pair
        sizes[value.axes[axis][0]] = shape[axis]
    tensor = reader.graph.op("pad", value.tensor, tuple(pairs), mode="reflect")
    return replace(value, tensor=tensor, sizes=tuple(sizes), shape=shape)


FUNCTIONS: dict[str, Handler] = {
    "permute": permute,
    **dict.fromkeys(("transpose", "T", "mT", "H", "t"), transpose),
    "movedim": movedim,
    "unsqueeze": unsqueeze,
    "squeeze": squeeze,
    **dict.fromkeys(
        ("reshape", "view", "flatten", "unflatten", "view_as", "reshape_as"), reshape
    ),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), expand),
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
