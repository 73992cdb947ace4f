"""Packed sequences of PyTorch as masks of Keras."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from compare.in_pytorch.recorded import Step
from compare.kinds.graph import Tensor
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.values import (
    Constant,
    PackedResult,
    Unported,
    Value,
)


def lengths_mask(reader: Reader, value: Value, lengths: Any) -> Tensor:
    """Which steps count, bool (batch, time), by how many do of each sequence."""
    graph = reader.graph
    known = reader.get(lengths)
    if isinstance(known, Constant):
        raise Unported("packing by lengths that are no input")
    counts = graph.plain(reader.tensor(lengths))
    first = graph.op("getitem", value.tensor, (slice(None), slice(None), 0))
    ones = graph.op("ones_like", first, dtype="int32")
    steps = graph.op("cumsum", ones, axis=1)
    column = graph.op("expand_dims", counts.tensor, axis=1)
    return graph.op("less_equal", steps, column)


def unpacked(reader: Reader, step: Step) -> list[Any]:
    """A packed sequence with zeros, or another number, behind its end."""
    args = reader.bound(
        step,
        "data batch_sizes batch_first padding_value total_length",
        batch_first=False,
        padding_value=0.0,
        total_length=-1,
    )
    packed = reader.get(args.data)
    if not isinstance(packed, PackedResult):
        raise Unported("unpacking what no recurrent layer returned")
    graph = reader.graph
    value = packed.value
    mask = graph.op("expand_dims", packed.mask, axis=2)
    number = args.padding_value
    tensor = graph.op("where", mask, value.tensor, number)
    value = replace(value, tensor=tensor)
    if packed.batch_first != args.batch_first:
        value = replace(
            value,
            shape=(value.shape[1], value.shape[0], value.shape[2]),
            axes=(value.axes[1], value.axes[0], value.axes[2]),
        )
    reader.graph.note(
        "a packed sequence is unpacked to the length of the longest one; the twin "
        "returns as many steps as it is given"
    )
    return [value, reader.get(packed.lengths)]


FUNCTIONS: dict[str, Handler] = {"pad_packed_sequence": unpacked}
