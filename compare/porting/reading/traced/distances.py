"""How far vectors are from each other, in Keras's words."""

from __future__ import annotations

from typing import Any

from compare.in_pytorch.recorded import Step
from compare.kinds.graph import Tensor
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.reductions import plain
from compare.porting.reading.traced.values import Unported, Value


def pairwise_distance(reader: Reader, step: Step) -> Value:
    """The distance of two vectors along the last axis."""
    args = reader.bound(step, "x1 x2 p eps keepdim", p=2.0, eps=1e-6, keepdim=False)
    first, second = (reader.graph.plain(reader.tensor(x)) for x in (args.x1, args.x2))
    if len(first.shape) != len(second.shape):
        raise Unported("distances of tensors with other numbers of axes")
    apart = reader.graph.op("subtract", first.tensor, second.tensor)
    apart = reader.graph.op("add", apart, args.eps)
    return plain(step, _norm(reader, apart, args.p, args.keepdim))


def cdist(reader: Reader, step: Step) -> Value:
    """The distances of all pairs of vectors."""
    args = reader.bound(step, "x1 x2 p compute_mode", p=2.0, compute_mode=None)
    first, second = (reader.graph.plain(reader.tensor(x)) for x in (args.x1, args.x2))
    left = reader.graph.op("expand_dims", first.tensor, axis=-2)
    right = reader.graph.op("expand_dims", second.tensor, axis=-3)
    apart = reader.graph.op("subtract", left, right)
    return plain(step, _norm(reader, apart, args.p, False))


def _norm(reader: Reader, tensor: Tensor, order: float, keep: bool) -> Tensor:
    settings: dict[str, Any] = {} if order == 2 else {"ord": order}
    if keep:
        settings["keepdims"] = True
    return reader.graph.op("norm", tensor, **settings, axis=-1)


FUNCTIONS: dict[str, Handler] = {
    "pairwise_distance": pairwise_distance,
    "cdist": cdist,
}
