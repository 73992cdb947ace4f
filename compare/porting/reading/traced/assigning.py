"""Parts of a tensor that PyTorch replaces in place, in Keras a new tensor."""

from __future__ import annotations

from typing import Any

from compare.in_pytorch.recorded import Ref, Step
from compare.kinds.graph import Tensor
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.values import (
    Constant,
    Unported,
    Value,
    plain_axes,
    trimmed,
    uniform,
)


def setitem(reader: Reader, step: Step) -> Value:
    """A tensor with other numbers in the place of some."""
    source, index, given = step.args
    value = reader.graph.plain(reader.tensor(_before(reader, source, index, given)))
    if isinstance(index, Ref):
        tensor = _where(reader, value, index, given)
    else:
        tensor = _along_one_axis(reader, value, index, given)
    axes = plain_axes(len(value.shape))
    return Value(tensor, value.shape, axes, value.shape, value.dtype)


def _before(reader: Reader, source: Ref, index: Any, given: Any) -> Ref:
    """The tensor before `x[1:] *= 2`, which PyTorch changes through a part of it.

    It assigns the part in the end, so that what else it was changed to does not count.
    """
    steps = reader.recording.steps
    changed = steps[source.step]
    if changed.function != "changed in place" or not isinstance(given, Ref):
        return source
    part = steps[given.step].args[:1]
    if not part or not isinstance(part[0], Ref):
        return source
    taking = steps[part[0].step]
    is_same = taking.function == "getitem" and taking.args == (changed.args[0], index)
    return changed.args[0] if is_same else source


def _number(reader: Reader, given: Any) -> float | None:
    """The one number that is assigned; None of others."""
    known = reader.get(given)
    if isinstance(known, Constant):
        return uniform(known)
    return known if isinstance(known, int | float) else None


def _where(reader: Reader, value: Value, index: Ref, given: Any) -> Tensor:
    """A number where a mask says so."""
    number = _number(reader, given)
    mask = reader.tensor(index)
    if mask.dtype != "bool" or number is None:
        raise Unported("numbers assigned by a tensor of indices")
    graph = reader.graph
    tensor = graph.plain(mask).tensor
    more = tuple(range(len(mask.shape), len(value.shape)))
    if more:
        tensor = graph.op("expand_dims", tensor, axis=more)
    return graph.op("where", tensor, number, value.tensor)


def _along_one_axis(reader: Reader, value: Value, index: Any, given: Any) -> Tensor:
    """What comes before, what is assigned, and what comes behind."""
    items = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in [item for item in items if not isinstance(item, Ref)]:
        place = items.index(Ellipsis)
        missing = len(value.shape) - len(items) + 1
        items[place : place + 1] = [slice(None)] * missing
    places = [n for n, item in enumerate(items) if item != slice(None)]
    if len(places) != 1:
        raise Unported("numbers assigned along more or less than one axis")
    axis = places[0]
    item = items[axis]
    is_number = isinstance(item, int) and not isinstance(item, bool)
    if is_number:
        item = slice(item, None if item == -1 else item + 1)
    if not isinstance(item, slice) or item.step not in (None, 1):
        raise Unported("numbers assigned to other parts than a slice")
    if not all(isinstance(end, int | None) for end in (item.start, item.stop)):
        raise Unported("numbers assigned to a part that depends on the sizes")
    graph = reader.graph

    def part(taken: slice) -> Tensor:
        cuts = [slice(None)] * axis + [taken]
        return graph.op("getitem", value.tensor, trimmed(cuts))

    parts = []
    if item.start:
        parts.append(part(slice(None, item.start)))
    parts.append(_assigned(reader, value, part(item), given, axis, is_number))
    if item.stop is not None:
        parts.append(part(slice(item.stop, None)))
    if len(parts) == 1:
        return parts[0]
    return graph.op("concatenate", parts, axis=axis)


def _assigned(
    reader: Reader, value: Value, old: Tensor, given: Any, axis: int, is_number: bool
) -> Tensor:
    """What stands in a part afterwards, of the shape of what stood there."""
    graph = reader.graph
    number = _number(reader, given)
    if number is not None:
        return graph.op("full_like", old, number)
    new = graph.plain(reader.tensor(given))
    tensor = new.tensor
    behind = len(value.shape) - 1 - axis
    if is_number and len(new.shape) > behind:
        tensor = graph.op("expand_dims", tensor, axis=len(new.shape) - behind)
    zeros = graph.op("zeros_like", old)
    return graph.op("add", zeros, tensor)  # as wide as the part


FUNCTIONS: dict[str, Handler] = {"setitem": setitem}
