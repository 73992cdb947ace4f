"""Weights and other constants that a PyTorch module uses outside its layers, in Keras.

Keras's functional models hold weights in layers alone: a table of an Embedding is the
plainest one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compare.in_pytorch.layers import read
from compare.in_pytorch.recorded import Ref, refs_in
from compare.in_pytorch.unifying import Open, Size
from compare.kinds.graph import LayerPlan, Tensor
from compare.porting.reading.traced.reader import Reader
from compare.porting.reading.traced.sizes import Shape
from compare.porting.reading.traced.values import (
    Constant,
    Unported,
    Value,
    plain_axes,
    uniform,
)


def operand(
    reader: Reader, ref: Any, lead: Value, order: list[int], shape: Shape, runs: int
) -> Any:
    """A constant as an operand beside a value.

    Args:
        reader: whose graph gets what is needed.
        ref: the constant.
        lead: the value, whose axes Keras has in `order`.
        order: PyTorch's axes that Keras's tensor of the value has, in its order.
        shape: of PyTorch's result.
        runs: how many there were.

    Returns:
        A number, or a tensor of Keras.
    """
    constant = reader.get(ref)
    arrays = _once(in_all_runs(constant, runs))
    count = len(shape)
    if len({a.ndim for a in arrays}) > 1:
        raise Unported("a constant whose number of axes depends on the sizes")
    number = uniform(constant)
    padded = [(1,) * (count - a.ndim) + a.shape for a in arrays]
    widens = any(
        size != 1 and lead.shape[axis] == 1
        for sizes in padded
        for axis, size in enumerate(sizes)
    )
    step = reader.recording.steps[ref.step]
    if number is not None and not widens and step.name not in reader.trainable:
        return number
    triangle = _triangle(reader, arrays, lead, count)
    if triangle is not None:
        return triangle
    table = _table(reader, ref, arrays, lead, count, order)
    if table is not None:
        return table
    if any(not np.array_equal(array, arrays[0]) for array in arrays):
        raise Unported("a constant that depends on the sizes of the input")
    return _weight(reader, ref, _in_order(arrays[0], lead, order, count), lead)


def _once(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """A constant of several runs without what repeats along axes of open sizes."""
    if len({array.ndim for array in arrays}) > 1:
        return arrays
    for axis in range(arrays[0].ndim):
        sizes = {array.shape[axis] for array in arrays}
        firsts = [array.take([0], axis) for array in arrays]
        repeats = all(
            np.array_equal(np.broadcast_to(first, array.shape), array)
            for first, array in zip(firsts, arrays, strict=True)
        )
        if len(sizes) > 1 and repeats:
            arrays = firsts
    return arrays


def in_all_runs(constant: Constant, runs: int) -> list[np.ndarray]:
    """The numbers of a constant in each run."""
    if isinstance(constant.value, Open):
        return list(constant.value.values)
    if constant.value is None:
        raise Unported("a constant that NumPy cannot have")
    return [constant.value] * runs


def _in_order(
    array: np.ndarray, lead: Value, order: list[int], count: int
) -> np.ndarray:
    """A constant with its axes as Keras has those of the value."""
    array = array.reshape((1,) * (count - array.ndim) + array.shape)
    absent = [axis for axis in range(count) if axis not in order]
    for axis in range(count):
        if len(lead.axes[axis]) != 1 and array.shape[axis] != 1:
            raise Unported(
                "a constant along an axis that Keras's tensor has not as one"
            )
    array = array.transpose((*absent, *order)).reshape(
        [array.shape[axis] for axis in order for _ in lead.axes[axis]]
    )
    while array.ndim and array.shape[0] == 1:
        array = array[0]
    return array


def positions(reader: Reader, lead: Value, axis: int) -> Tensor:
    """The numbers of the steps along an axis of Keras: 0, 1, 2 and so on, int32."""
    graph = reader.graph
    key = (lead.tensor, axis)
    if key not in reader.counted:
        index = tuple(
            slice(None) if place == axis else 0 for place in range(len(lead.sizes))
        )
        tensor = lead.tensor
        if len(index) > 1:
            tensor = graph.op("getitem", tensor, index)
        ones = graph.op("ones_like", tensor, dtype="int32")
        counted = graph.op("cumsum", ones, axis=0)
        reader.counted[key] = graph.op("subtract", counted, 1)
    return reader.counted[key]


def _triangle(
    reader: Reader, arrays: list[np.ndarray], lead: Value, count: int
) -> Tensor | None:
    """A mask (time, time) that hides the future or shows it, at any length."""
    if count < 2 or len(lead.axes[-1]) != 1 or len(lead.axes[-2]) != 1:
        return None
    squeezed = [
        a.reshape(a.shape[-2:]) for a in arrays if a.size == np.prod(a.shape[-2:])
    ]
    if len(squeezed) < len(arrays) or any(a.shape[0] < 2 for a in squeezed):
        return None
    (row,), (column,) = lead.axes[-2], lead.axes[-1]
    if column < row or column != len(lead.sizes) - 1:
        return None
    ways = {"greater_equal": np.tril, "less": lambda a: np.triu(a, 1)}
    for function, part in ways.items():
        if all(np.array_equal(a, part(np.ones(a.shape, a.dtype))) for a in squeezed):
            graph = reader.graph
            rows = graph.op("expand_dims", positions(reader, lead, row), axis=1)
            columns = positions(reader, lead, column)
            tensor = graph.op(function, rows, columns)
            if squeezed[0].dtype != bool:
                tensor = graph.op("cast", tensor, str(squeezed[0].dtype))
            return tensor
    return None


def _table(
    reader: Reader,
    ref: Ref,
    arrays: list[np.ndarray],
    lead: Value,
    count: int,
    order: list[int],
) -> Tensor | None:
    """The first rows of a table, as many as there are steps."""
    shapes = [(1,) * (count - a.ndim) + a.shape for a in arrays]
    axes = [axis for axis in range(count) if any(s[axis] > 1 for s in shapes)]
    if (
        len(axes) != 2
        or axes != sorted(axes)
        or [*filter(axes.__contains__, order)] != axes
    ):
        return None
    if len(lead.axes[axes[0]]) != 1 or lead.axes[axes[1]] != (len(lead.sizes) - 1,):
        return None
    root = _root(reader, ref, arrays)
    if root is None:
        return None
    name, table, trainable = root
    steps = positions(reader, lead, lead.axes[axes[0]][0])
    tensor = _embedding(reader, name, table, trainable, steps)
    between = lead.axes[axes[1]][0] - lead.axes[axes[0]][0] - 1
    for _ in range(between):
        tensor = reader.graph.op("expand_dims", tensor, axis=1)
    return tensor


def _root(
    reader: Reader, ref: Ref, arrays: list[np.ndarray]
) -> tuple[str, np.ndarray, bool] | None:
    """The name and the numbers of a table whose first rows these are."""
    longest = max(arrays, key=lambda a: a.size)
    rows = longest.reshape(-1, longest.shape[-1])
    waiting = [ref]
    while waiting:
        step = reader.recording.steps[waiting.pop().step]
        if step.function == "module":
            module = reader.module(step.name)
            if reader.kind(step.name) == "Embedding":
                table = read(module.weight)
                if np.array_equal(table[: len(rows)], rows):
                    return step.name, table, True
            return None
        if step.function == "constant":
            table = np.asarray(step.values[0])
            if table.size % rows.shape[-1] == 0 and table.ndim > 1:
                table = table.reshape(-1, rows.shape[-1])
                if np.array_equal(table[: len(rows)], rows):
                    return step.name or "table", table, step.name in reader.trainable
        waiting += [item for item in step.args if isinstance(item, Ref)]
    return None


def _embedding(
    reader: Reader, name: str, table: np.ndarray, trainable: bool, index: Tensor
) -> Tensor:
    rows, size = table.shape
    config: dict[str, Any] = {"input_dim": rows, "output_dim": size}
    if not trainable:
        config["trainable"] = False
    plan = LayerPlan(reader.layer_name(name), "Embedding", config)
    return Tensor(reader.graph.layer(plan, [index], None, {"embeddings": table}))


def _weight(
    reader: Reader, ref: Ref, array: np.ndarray, lead: Value, exact: bool = False
) -> Tensor:
    """A weight of any shape: one row of a table.

    Args:
        reader: whose graph gets the calls.
        ref: the constant.
        array: its numbers, with axes as Keras is to have them.
        lead: any tensor that depends on an input: layers are called on such alone.
        exact: whether it may have no axis of one before the others.
    """
    graph = reader.graph
    step = reader.recording.steps[ref.step]
    name = step.name or "constant"
    index = tuple(0 for _ in lead.sizes[1:])
    first = graph.op("getitem", lead.tensor, (slice(0, 1), *index))
    zeros = graph.op("zeros_like", first, dtype="int32")
    dtype = "float64" if array.dtype == np.float64 else "float32"
    table = np.ascontiguousarray(array, dtype).reshape(1, -1)
    tensor = _embedding(reader, name, table, step.name in reader.trainable, zeros)
    if array.ndim != 1 or exact:
        tensor = graph.op("reshape", tensor, array.shape)
    if array.dtype.kind != "f":
        tensor = graph.op("cast", tensor, str(array.dtype))
    graph.note(
        f"{name} is the table of an Embedding of one row: Keras's functional models "
        "hold weights in layers alone"
    )
    return tensor


# What moves the numbers of weights and computes none.
MOVING = (
    "constant",
    "module",
    "getitem",
    "view",
    "reshape",
    "flatten",
    "permute",
    "transpose",
    "T",
    "mT",
    "t",
    "unsqueeze",
    "squeeze",
    "expand",
    "expand_as",
    "contiguous",
    "detach",
    "clone",
    "data",
    "to",
    "float",
    "type_as",
    "neg",
    "chunk",
    "split",
    "unbind",
)


def is_computed(reader: Reader, ref: Ref) -> bool:
    """Whether a constant is computed of parameters, which training moves."""
    step = reader.recording.steps[ref.step]
    return _has(reader, ref) and not _only_moves(reader, step)


def _has(reader: Reader, ref: Ref) -> bool:
    step = reader.recording.steps[ref.step]
    if step.function == "constant":
        return step.name in reader.trainable
    return any(_has(reader, other) for other in refs_in((step.args, step.kwargs)))


def _only_moves(reader: Reader, step: Any) -> bool:
    if step.function not in MOVING:
        return False
    for ref in refs_in((step.args, step.kwargs)):
        if not _only_moves(reader, reader.recording.steps[ref.step]):
            return False
    return True


def computed_value(reader: Reader, ref: Ref) -> Value:
    """What is computed of parameters, computed in Keras as well.

    Raises:
        Unported: if Keras cannot.
    """
    known = reader.known.get(ref)
    if isinstance(known, Value):
        return known
    step = reader.recording.steps[ref.step]
    result = step.results[ref.output]
    if step.function == "constant":
        array = step.values[0]
        if not isinstance(array, np.ndarray):
            raise Unported("a constant that depends on the sizes of the input")
        lead = reader.tensor(reader.recording.inputs[0])
        tensor = _weight(reader, ref, array, lead, exact=True)
        axes = plain_axes(array.ndim)
        value = Value(tensor, result.shape, axes, result.shape, result.dtype)
        reader.known[ref] = value
        return value
    for other in refs_in((step.args, step.kwargs)):
        if _has(reader, other):
            computed_value(reader, other)
        else:
            other_step = reader.recording.steps[other.step]
            constant = Constant(other_step.values[other.output], other_step.name)
            reader.known.setdefault(other, constant)
    handler = reader.functions.get(step.function)
    if handler is None:
        raise Unported(f"torch's {step.function} of a parameter")
    results = handler(reader, step)
    if not isinstance(results, list):
        results = [results]
    for place, value in enumerate(results):
        reader.known[Ref(ref.step, place)] = value
    return reader.tensor(ref)


def find_size(reader: Reader, size: Size) -> tuple[Value, int] | None:
    """A value one of whose axes in Keras has this size."""
    for known in reversed(list(reader.known.values())):
        if isinstance(known, Value) and size in known.sizes:
            return known, known.sizes.index(size)
    return None


def counting(reader: Reader, constant: Constant, runs: int) -> Value | None:
    """A constant that counts the steps, 0, 1, 2 and so on, as a value."""
    arrays = in_all_runs(constant, runs)
    for array in arrays:
        if not np.array_equal(array.reshape(-1), np.arange(array.size)):
            return None
    values = tuple(array.size for array in arrays)
    size: Size = values[0] if len(set(values)) == 1 else Open(values)
    place = find_size(reader, size)
    if place is None:
        return None
    tensor = positions(reader, *place)
    shape = tuple(size if n == values[0] else n for n in arrays[0].shape)
    axes = tuple((0,) if n == size else () for n in shape)
    return Value(tensor, shape, axes, (size,), "int32")


def for_each_sample(reader: Reader, ref: Ref, constant: Constant) -> Value | None:
    """A constant that is repeated for each sample of a batch, as a value.

    Returns:
        None if it is not alike in all samples, or has other open sizes.
    """
    arrays = in_all_runs(constant, reader.runs)
    first = arrays[0]
    for array in arrays:
        if array.ndim < 2 or array.shape[1:] != first.shape[1:]:
            return None
        if not np.array_equal(array, np.broadcast_to(first[:1], array.shape)):
            return None
    lead = reader.tensor(reader.recording.inputs[0])
    sizes = [array.shape[0] for array in arrays]
    batch: Size = sizes[0] if len(set(sizes)) == 1 else Open(tuple(sizes))
    if lead.sizes[0] != batch:
        return None
    graph = reader.graph
    index = (slice(None), *(0 for _ in lead.sizes[1:]))
    zeros = graph.op("getitem", lead.tensor, index)
    zeros = graph.op("zeros_like", zeros, dtype="int32")
    name = _named_root(reader, ref)
    table = np.ascontiguousarray(first[:1], "float32").reshape(1, -1)
    tensor = _embedding(
        reader, name or "constant", table, name in reader.trainable, zeros
    )
    if first.ndim > 2:
        target = {"target_shape": first.shape[1:]}
        plan = LayerPlan(graph.free("reshape"), "Reshape", target)
        tensor = Tensor(graph.layer(plan, [tensor]))
    shape = (batch, *first.shape[1:])
    return Value(tensor, shape, plain_axes(len(shape)), shape, str(first.dtype))


def _named_root(reader: Reader, ref: Ref) -> str:
    """The name of the parameter or buffer that a constant is made of; "" of none."""
    step = reader.recording.steps[ref.step]
    if step.function == "constant":
        return step.name
    for other in refs_in((step.args, step.kwargs)):
        name = _named_root(reader, other)
        if name:
            return name
    return ""
