"""What PyTorch does along axes, and products of matrices, in Keras's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from compare.in_pytorch.recorded import Step
from compare.in_pytorch.unifying import Size
from compare.kinds.graph import Tensor
from compare.porting.reading.traced.broadcasting import combined
from compare.porting.reading.traced.graph import Graph
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.sizes import is_open, times
from compare.porting.reading.traced.values import Unported, Value, plain_axes

REDUCING = {
    "sum": "sum",
    "mean": "mean",
    "amax": "max",
    "amin": "min",
    "max": "max",
    "min": "min",
    "prod": "prod",
    "all": "all",
    "any": "any",
    "logsumexp": "logsumexp",
    "argmax": "argmax",
    "argmin": "argmin",
    "norm": "norm",
    "linalg_norm": "norm",
    "linalg_vector_norm": "norm",
    "vector_norm": "norm",
    "var": "var",
    "std": "std",
}


WITH_INDICES = ("max", "min")


def reduced(reader: Reader, step: Step) -> Any:
    """Numbers along axes come to one."""
    name = step.function
    if (
        name in WITH_INDICES
        and len(step.args) > 1
        and not isinstance(step.args[1], int)
    ):
        return combined(reader, step, f"{name}imum", list(step.args[:2]))
    order: Any = 2
    correction: Any = 0
    if "norm" in name:
        names = (
            "input p dim keepdim dtype"
            if name == "norm"
            else ("input ord dim keepdim dtype")
        )
        args = reader.bound(
            step, names, p=2, ord=2, dim=None, keepdim=False, dtype=None
        )
        order = args.p if name == "norm" else args.ord
        if order in (None, "fro"):
            order = 2
    elif name in ("var", "std"):
        args = reader.bound(
            step,
            "input dim unbiased keepdim correction",
            dim=None,
            unbiased=True,
            keepdim=False,
            correction=None,
        )
        correction = int(args.unbiased)
        if args.correction is not None:
            correction = args.correction
    else:
        args = reader.bound(
            step, "input dim keepdim dtype", dim=None, keepdim=False, dtype=None
        )
    value = reader.graph.full(reader.tensor(args.input))
    dims = _dims(args.dim, len(value.shape))
    settings: dict[str, Any] = {}
    if order != 2:
        settings["ord"] = order
    result = _along(reader.graph, value, dims, args.keepdim, REDUCING[name], settings)
    result = replace(result, dtype=step.results[0].dtype)
    if correction:
        result = _corrected(reader.graph, result, value, dims, correction, name)
    if len(step.results) == 1:
        return result
    number = reader.number(step)
    indices = None
    if reader.is_read(number, 1):
        indices = _along(reader.graph, value, dims, args.keepdim, f"arg{name}", {})
        indices = replace(indices, dtype="int64")
    return [result, indices]


def _dims(dim: Any, count: int) -> list[int]:
    """PyTorch's axes, all where none is named."""
    if dim is None or dim == () or dim == []:
        return list(range(count))
    if isinstance(dim, int):
        return [dim % count]
    if isinstance(dim, list | tuple) and all(isinstance(d, int) for d in dim):
        return sorted(d % count for d in dim)
    raise Unported("axes that are not told by their numbers")


def _along(
    graph: Graph,
    value: Value,
    dims: Sequence[int],
    keep: bool,
    function: str,
    settings: dict[str, Any],
) -> Value:
    """A function over axes of PyTorch; axes that are kept stay in Keras's tensor."""
    axes = sorted(k for dim in dims for k in value.axes[dim])
    if not axes:
        value = graph.arranged(value, made=dims)
        axes = sorted(k for dim in dims for k in value.axes[dim])
    axis: Any = axes[0] if len(axes) == 1 else tuple(axes)
    if len(axes) == len(value.sizes) and not keep:
        axis = None
    arguments = dict(settings)
    if function in ("argmax", "argmin") and isinstance(axis, tuple):
        raise Unported(f"{function} along several axes")
    if axis is not None:
        arguments["axis"] = axis
    if keep:
        arguments["keepdims"] = True
    tensor = graph.op(function, value.tensor, **arguments)
    if keep:
        shape = [1 if d in dims else size for d, size in enumerate(value.shape)]
        sizes = [1 if k in axes else size for k, size in enumerate(value.sizes)]
        groups = [g[:1] if d in dims else g for d, g in enumerate(value.axes)]
        if any(len(g) > 1 for d, g in enumerate(value.axes) if d in dims):
            raise Unported("axes that Keras's tensor has not as one")
        return replace(
            value,
            tensor=tensor,
            shape=tuple(shape),
            sizes=tuple(sizes),
            axes=tuple(groups),
        )
    left = [k for k in range(len(value.sizes)) if k not in axes]
    places = {k: place for place, k in enumerate(left)}
    kept = [d for d in range(len(value.shape)) if d not in dims]
    return replace(
        value,
        tensor=tensor,
        shape=tuple(value.shape[d] for d in kept),
        sizes=tuple(value.sizes[k] for k in left),
        axes=tuple(tuple(places[k] for k in value.axes[d]) for d in kept),
    )


def _corrected(
    graph: Graph,
    result: Value,
    value: Value,
    dims: Sequence[int],
    correction: int,
    name: str,
) -> Value:
    """A variance by n, as Keras computes it, made one by n - 1."""
    count: Size = times(value.shape[d] for d in dims)
    if is_open(count):
        raise Unported("a variance by n - 1 along an axis of any size")
    assert isinstance(count, int)
    factor = count / (count - correction)
    if name == "std":
        factor **= 0.5
    return replace(result, tensor=graph.op("multiply", result.tensor, factor))


def cumulative(reader: Reader, step: Step) -> Value:
    """Sums or products so far along an axis."""
    args = reader.bound(step, "input dim dtype", dtype=None)
    value, axis = reader.plain_axis(reader.tensor(args.input), args.dim)
    tensor = reader.graph.op(step.function, value.tensor, axis=axis)
    return replace(value, tensor=tensor, dtype=step.results[0].dtype)


def flip(reader: Reader, step: Step) -> Value:
    """The order along axes turned round."""
    dims = step.args[1:] or ((step.kwargs or {}).get("dims"),)
    if len(dims) == 1 and isinstance(dims[0], list | tuple):
        dims = tuple(dims[0])
    value = reader.graph.full(reader.tensor(step.args[0]))
    for dim in dims:
        value, axis = reader.plain_axis(value, dim)
        value = replace(value, tensor=reader.graph.op("flip", value.tensor, axis=axis))
    return value


def matmul(reader: Reader, step: Step) -> Value:
    """A product of matrices."""
    left, right = reader.tensor(step.args[0]), reader.tensor(step.args[1])
    left, right = reader.graph.plain(left), reader.graph.plain(right)
    tensor = reader.graph.op("matmul", left.tensor, right.tensor)
    return plain(step, tensor)


def cosine_similarity(reader: Reader, step: Step) -> Value:
    """The cosine of the angle between vectors along an axis."""
    args = reader.bound(step, "x1 x2 dim eps", dim=1, eps=1e-8)
    graph = reader.graph
    units = []
    for ref in (args.x1, args.x2):
        value = graph.plain(reader.tensor(ref))
        axis = args.dim % len(value.sizes)
        settings = {} if axis == len(value.sizes) - 1 else {"axis": axis}
        tensor = graph.op("normalize", value.tensor, **settings, epsilon=args.eps)
        units.append(replace(value, tensor=tensor))
    tensor = graph.op("multiply", units[0].tensor, units[1].tensor)
    return plain(step, graph.op("sum", tensor, axis=args.dim))


def einsum(reader: Reader, step: Step) -> Value:
    """A sum of products, as Einstein writes it."""
    equation, *operands = step.args
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = list(operands[0])
    tensors = [reader.graph.plain(reader.tensor(x)).tensor for x in operands]
    tensor = reader.graph.op("einsum", equation.replace(" ", ""), *tensors)
    return plain(step, tensor)


def plain(step: Step, tensor: Tensor) -> Value:
    """A result that Keras's tensor has as PyTorch's does."""
    result = step.results[0]
    axes = plain_axes(len(result.shape))
    return Value(tensor, result.shape, axes, result.shape, result.dtype)


FUNCTIONS: dict[str, Handler] = {
    **dict.fromkeys(REDUCING, reduced),
    "cumsum": cumulative,
    "cumprod": cumulative,
    "flip": flip,
    "matmul": matmul,
    "bmm": matmul,
    "mm": matmul,
    "einsum": einsum,
    "cosine_similarity": cosine_similarity,
}
