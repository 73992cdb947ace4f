"""What PyTorch takes of a tensor, in Keras's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from compare.in_pytorch.recorded import Ref, Step
from compare.in_pytorch.unifying import Open, Size
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.sizes import is_open, minus
from compare.porting.reading.traced.values import (
    Constant,
    LastStep,
    Stack,
    Unported,
    Unsorting,
    Value,
    plain_axes,
    trimmed,
)


def getitem(reader: Reader, step: Step) -> Any:
    """Parts of a tensor, by numbers, slices and tensors of indices."""
    source, index = step.args
    known = reader.get(source)
    items = list(index) if isinstance(index, tuple) else [index]
    if isinstance(known, LastStep):
        return known.value
    if _is_unsorting(reader, items[0] if items else None):
        return known
    if isinstance(known, Stack) and items and isinstance(items[0], int):
        value = known.items[items[0]]
        return _taken_by(reader, step, value, items[1:]) if items[1:] else value
    if isinstance(known, Stack) and len(items) == 1 and _is_fixed(items[0]):
        return Stack(known.items[items[0]])
    return _taken_by(reader, step, reader.tensor(source), items)


def _is_fixed(item: Any) -> bool:
    """Whether an index is a slice that depends on no size."""
    if not isinstance(item, slice):
        return False
    return not any(isinstance(part, Ref | Open) for part in (item.start, item.stop))


def _is_unsorting(reader: Reader, index: Any) -> bool:
    """Whether an index only brings sequences back in order, which were packed."""
    return isinstance(index, Ref) and isinstance(reader.known.get(index), Unsorting)


def _taken_by(reader: Reader, step: Step, value: Value, items: list[Any]) -> Any:
    """Parts of a value."""
    count = sum(item is not None and item is not Ellipsis for item in items)
    if any(item is Ellipsis for item in items):
        place = next(n for n, item in enumerate(items) if item is Ellipsis)
        whole = [slice(None)] * (len(value.shape) - count)
        items = [*items[:place], *whole, *items[place + 1 :]]
    if any(isinstance(item, Ref | list) for item in items):
        return _by_tensors(reader, step, value, items)
    chosen: dict[int, Any] = {}
    shape: list[int | None] = []  # which of PyTorch's axes each result's is
    axis = 0
    for item in items:
        if item is None:
            shape.append(None)
            continue
        if isinstance(item, bool):
            raise Unported("an index of True or False")
        chosen[axis] = item
        if isinstance(item, slice):
            shape.append(axis)
        axis += 1
    shape += range(axis, len(value.shape))
    result = taken(reader, value, chosen)
    kept = [n for n in range(len(value.shape)) if not _is_number(chosen.get(n))]
    places = {n: place for place, n in enumerate(kept)}
    axes, sizes = [], []
    for number in shape:
        axes.append(() if number is None else result.axes[places[number]])
        sizes.append(1 if number is None else result.shape[places[number]])
    return replace(result, axes=tuple(axes), shape=tuple(sizes))


def _is_number(item: Any) -> bool:
    return isinstance(item, int | Open)


def taken(reader: Reader, value: Value, chosen: Mapping[int, Any]) -> Value:
    """Parts of a value.

    Args:
        reader: whose graph gets the call.
        value: the whole.
        chosen: a number or a slice by PyTorch's axis.
    """
    graph = reader.graph
    cuts = {}
    for axis, item in chosen.items():
        cut = item
        if isinstance(item, slice):
            cut = _slice(item, value.shape[axis])
        elif isinstance(item, Open):
            cut = _from_end(item, value.shape[axis])
        if cut == slice(None):
            continue
        cuts[axis] = cut
    repeated = [axis for axis in cuts if _is_repeated(value, axis)]
    if any(isinstance(cuts[axis], slice) for axis in repeated):
        value = graph.full(value)
    for axis in list(cuts):
        if len(value.axes[axis]) > 1:
            value = graph.merged(graph.arranged(value, made=[]))
        elif not value.axes[axis] and isinstance(cuts[axis], slice):
            del cuts[axis]
    index: list[Any] = [slice(None)] * len(value.sizes)
    sizes: list[Size | None] = list(value.sizes)
    shape: list[Size | None] = list(value.shape)
    for axis, cut in cuts.items():
        is_number = isinstance(cut, int)
        size = None if is_number else _length(cut, value.shape[axis])
        shape[axis] = size
        for place in value.axes[axis]:
            index[place] = 0 if is_number and axis in repeated else cut
            sizes[place] = size
    tensor = value.tensor
    if any(item != slice(None) for item in index):
        tensor = graph.op("getitem", tensor, trimmed(index))
    left = [k for k, size in enumerate(sizes) if size is not None]
    places = {k: place for place, k in enumerate(left)}
    kept = [axis for axis, size in enumerate(shape) if size is not None]
    return Value(
        tensor,
        tuple(shape[axis] for axis in kept),  # type: ignore[misc]
        tuple(tuple(places[k] for k in value.axes[axis]) for axis in kept),
        tuple(sizes[k] for k in left),  # type: ignore[misc]
        value.dtype,
    )


def _is_repeated(value: Value, axis: int) -> bool:
    """Whether Keras's tensor has one number where PyTorch's repeats it."""
    sizes = [value.sizes[k] for k in value.axes[axis]]
    return sizes in ([], [1]) and value.shape[axis] != 1


def _slice(item: slice, size: Size) -> slice:
    """A slice by numbers that do not depend on the size."""
    start, stop = (_from_end(part, size) for part in (item.start, item.stop))
    if is_open(item.step):
        raise Unported("a slice whose step depends on the sizes of the input")
    if start == 0:
        start = None
    if stop is not None and not isinstance(stop, Open) and stop == size:
        stop = None
    if stop == 0 and item.stop is not None and is_open(item.stop):
        stop = None  # the size itself
    if isinstance(size, int) and isinstance(stop, int) and stop >= size:
        stop = None
    return slice(start, stop, None if item.step == 1 else item.step)


def _from_end(part: Any, size: Size) -> Any:
    """A number that depends on a size, counted from the end: 0 is the size itself."""
    if not isinstance(part, Open):
        return part
    rest = minus(part, size)
    if isinstance(rest, Open) or rest > 0:
        raise Unported("an index that depends on the sizes of the input")
    return rest


def _length(cut: slice, size: Size) -> Size:
    """How many a slice takes."""
    if isinstance(size, int):
        return len(range(*cut.indices(size)))
    lengths = [len(range(*cut.indices(n))) for n in size.values]
    return lengths[0] if len(set(lengths)) == 1 else Open(tuple(lengths))


def _by_tensors(reader: Reader, step: Step, value: Value, items: list[Any]) -> Value:
    """Parts of a value that tensors name."""
    places = [n for n, item in enumerate(items) if isinstance(item, Ref | list)]
    others = [item for n, item in enumerate(items) if n not in places]
    if any(item != slice(None) for item in others):
        raise Unported("an index of tensors, numbers and slices")
    if len(places) == 1:
        return _selected(reader, step, value, places[0], items[places[0]])
    if places == [0, 1] and _is_count(reader, items[0], value.shape[0]):
        return _one_each(reader, step, value, items[1])
    raise Unported("an index of several tensors")


def _selected(reader: Reader, step: Step, value: Value, axis: int, index: Any) -> Value:
    """Parts along one axis, by a tensor of indices."""
    known = reader.get(index)
    graph = reader.graph
    value = graph.plain(value)
    if isinstance(known, Constant):
        if known.array.dtype == bool:
            known = Constant(np.flatnonzero(known.array))
        indices: Any = known.array.tolist()
    elif isinstance(index, list):
        indices = index
    else:
        chosen = reader.tensor(index)
        if chosen.dtype == "bool":
            raise Unported("selection by a mask, whose number depends on the values")
        indices = graph.plain(chosen).tensor
    tensor = graph.op("take", value.tensor, indices, axis=axis)
    result = step.results[0]
    axes = plain_axes(len(result.shape))
    return Value(tensor, result.shape, axes, result.shape, result.dtype)


def _is_count(reader: Reader, index: Any, size: Size) -> bool:
    """Whether a constant counts from 0 to a size."""
    known = reader.get(index)
    if not isinstance(known, Constant):
        return False
    arrays = [known.value]
    if isinstance(known.value, Open):
        arrays = list(known.value.values)
    sizes = size.values if isinstance(size, Open) else [size] * len(arrays)
    return all(
        np.array_equal(array.reshape(-1), np.arange(n))
        for array, n in zip(arrays, sizes, strict=False)
    )


def _one_each(reader: Reader, step: Step, value: Value, index: Any) -> Value:
    """For each sequence of the batch one step, (batch, ...)."""
    graph = reader.graph
    value, steps = graph.plain(value), graph.plain(reader.tensor(index))
    more = tuple(range(1, len(value.sizes)))
    places = graph.op("expand_dims", steps.tensor, axis=more)
    tensor = graph.op("take_along_axis", value.tensor, places, axis=1)
    tensor = graph.op("squeeze", tensor, axis=1)
    result = step.results[0]
    axes = plain_axes(len(result.shape))
    return Value(tensor, result.shape, axes, result.shape, result.dtype)


def gather(reader: Reader, step: Step) -> Value:
    """Numbers along an axis, each by an index of its own."""
    args = reader.bound(step, "input dim index sparse_grad", sparse_grad=False)
    graph = reader.graph
    value = graph.plain(reader.tensor(args.input))
    index = reader.tensor(args.index)
    index = graph.merged(graph.arranged(index))  # what is repeated, Keras repeats
    tensor = graph.op(
        "take_along_axis",
        value.tensor,
        index.tensor,
        axis=args.dim % len(value.sizes),
    )
    result = step.results[0]
    axes = plain_axes(len(result.shape))
    return Value(tensor, result.shape, axes, result.shape, result.dtype)


def narrow(reader: Reader, step: Step) -> Value:
    """A slice along an axis."""
    args = reader.bound(step, "input dim start length")
    value = reader.tensor(args.input)
    dim = args.dim % len(value.shape)
    length = args.length
    if is_open(length):
        raise Unported("a slice as long as the input's sizes say")
    return taken(reader, value, {dim: slice(args.start, args.start + length)})


def select(reader: Reader, step: Step) -> Value:
    """One place along an axis."""
    args = reader.bound(step, "input dim index")
    value = reader.tensor(args.input)
    return taken(reader, value, {args.dim % len(value.shape): args.index})


def index_select(reader: Reader, step: Step) -> Value:
    """Places along an axis."""
    args = reader.bound(step, "input dim index")
    if _is_unsorting(reader, args.index):
        return reader.get(args.input)
    value = reader.tensor(args.input)
    return _selected(reader, step, value, args.dim % len(value.shape), args.index)


FUNCTIONS: dict[str, Handler] = {
    "getitem": getitem,
    "gather": gather,
    "narrow": narrow,
    "select": select,
    "index_select": index_select,
}
