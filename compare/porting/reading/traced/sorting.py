"""Tensors that PyTorch sorts or turns along an axis, in Keras's words."""

from __future__ import annotations

from typing import Any

from compare.in_pytorch.recorded import Step
from compare.kinds.graph import LayerPlan, Tensor
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.sizes import is_open
from compare.porting.reading.traced.values import Unported, Value, plain_axes


def roll(reader: Reader, step: Step) -> Value:
    """Numbers that move along axes, and come in again at the other end."""
    args = reader.bound(step, "input shifts dims", dims=None)
    shifts, dims = _listed(args.shifts), _listed(args.dims)
    if len(shifts) != len(dims) or any(is_open(shift) for shift in shifts):
        raise Unported("a roll of all numbers as one row, or by a size of the input")
    value = reader.graph.plain(reader.tensor(args.input))
    tensor = value.tensor
    for shift, dim in zip(shifts, dims, strict=True):
        tensor = reader.graph.op("roll", tensor, shift, axis=dim % len(value.shape))
    return _plain(step, tensor, 0)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def topk(reader: Reader, step: Step) -> list[Value]:
    """The largest numbers along an axis, and where they stand."""
    args = reader.bound(
        step, "input k dim largest sorted", dim=-1, largest=True, sorted=True
    )
    if is_open(args.k):
        raise Unported("as many numbers as a size of the input says")
    return _largest(reader, step, args.input, args.dim, args.k, args.largest)


def sort(reader: Reader, step: Step) -> list[Value]:
    """All numbers along an axis in order, and where they stood."""
    args = reader.bound(
        step, "input dim descending stable", dim=-1, descending=False, stable=False
    )
    count = step.results[0].shape[args.dim]
    if is_open(count):
        raise Unported("sorting along an axis of any size")
    return _largest(reader, step, args.input, args.dim, count, args.descending)


def _largest(
    reader: Reader, step: Step, source: Any, dim: int, count: int, largest: bool
) -> list[Value]:
    """Some numbers along an axis, the largest or the smallest first."""
    graph = reader.graph
    value = graph.plain(reader.tensor(source))
    axes = list(range(len(value.shape)))
    dim %= len(axes)
    exchanged = axes.copy()
    exchanged[dim], exchanged[-1] = exchanged[-1], exchanged[dim]
    tensor = value.tensor
    if exchanged != axes:
        tensor = graph.op("transpose", tensor, axes=tuple(exchanged))
    if not largest:
        tensor = graph.op("negative", tensor)
    plan = LayerPlan(graph.free("top_k"), "ops.top_k")
    number = graph.layer(plan, [tensor, count])
    results = []
    for output in range(len(step.results)):
        tensor = Tensor(number, output)
        if not largest and output == 0:
            tensor = graph.op("negative", tensor)
        if exchanged != axes:
            tensor = graph.op("transpose", tensor, axes=tuple(exchanged))
        results.append(_plain(step, tensor, output))
    return results


def argsort(reader: Reader, step: Step) -> Value:
    """Where the numbers along an axis stand, in their order."""
    args = reader.bound(
        step, "input dim descending stable", dim=-1, descending=False, stable=False
    )
    value = reader.graph.plain(reader.tensor(args.input))
    tensor = value.tensor
    if args.descending:
        tensor = reader.graph.op("negative", tensor)
    tensor = reader.graph.op("argsort", tensor, axis=args.dim % len(value.shape))
    return _plain(step, tensor, 0)


def _plain(step: Step, tensor: Tensor, output: int) -> Value:
    """A result whose axes Keras has as PyTorch has them."""
    result = step.results[output]
    axes = plain_axes(len(result.shape))
    return Value(tensor, result.shape, axes, result.shape, result.dtype)


FUNCTIONS: dict[str, Handler] = {
    "roll": roll,
    "topk": topk,
    "sort": sort,
    "argsort": argsort,
}
