"""What PyTorch puts around a tensor, and it is no one number, in Keras's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from compare.kinds.graph import Tensor
from compare.porting.reading.traced.reader import Reader
from compare.porting.reading.traced.sizes import Shape
from compare.porting.reading.traced.values import Unported, Value


def edged(
    reader: Reader,
    value: Value,
    amounts: Sequence[tuple[int, int]],
    mode: str,
    shape: Shape,
) -> Value:
    """A value with its own numbers around it.

    Args:
        reader: whose graph gets the calls.
        value: of which Keras's tensor has each padded axis as one.
        amounts: before and behind each of PyTorch's axes.
        mode: "reflect", "replicate" or "circular".
        shape: of the result.
    """
    graph = reader.graph
    pairs = [(0, 0)] * len(value.sizes)
    sizes = list(value.sizes)
    for axis, pair in enumerate(amounts):
        if pair != (0, 0):
            place = reader.axis(value, axis)
            pairs[place] = pair
            sizes[place] = shape[axis]
    tensor = value.tensor
    if mode == "reflect":
        tensor = graph.op("pad", tensor, tuple(pairs), mode="reflect")
    elif mode in ("replicate", "circular"):
        for place, (before, behind) in enumerate(pairs):
            if before or behind:
                tensor = _around(reader, tensor, place, before, behind, mode)
    else:
        raise Unported(f"padding of mode {mode!r}")
    return replace(value, tensor=tensor, sizes=tuple(sizes), shape=shape)


def _around(
    reader: Reader, tensor: Tensor, place: int, before: int, behind: int, mode: str
) -> Tensor:
    """A tensor with its edge or its other end on either side of an axis."""
    graph = reader.graph
    whole = (slice(None),) * place

    def part(cut: slice) -> Tensor:
        return graph.op("getitem", tensor, (*whole, cut))

    if mode == "circular":
        parts = [part(slice(-before, None))] if before else []
        parts.append(tensor)
        if behind:
            parts.append(part(slice(None, behind)))
    else:
        parts = [part(slice(None, 1))] * before
        parts.append(tensor)
        parts += [part(slice(-1, None))] * behind
    return graph.op("concatenate", parts, axis=place)
