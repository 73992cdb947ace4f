"""Constants of a PyTorch module beside its tensors, in Keras, at any length."""

from __future__ import annotations

from typing import Any

import numpy as np

from compare.in_pytorch.layers import read
from compare.in_pytorch.recorded import Ref
from compare.in_pytorch.unifying import Open, Size
from compare.kinds.graph import Tensor
from compare.porting.reading.traced.reader import Reader
from compare.porting.reading.traced.sizes import Shape
from compare.porting.reading.traced.values import (
    Constant,
    Unported,
    Value,
    plain_axes,
    uniform,
)
from compare.porting.reading.traced.weights import (
    for_each_sample,
    in_all_runs,
    named_root,
    table_of,
    weight,
)

OF_SIZES = (
    "a constant that depends on the sizes of the input: give these as numbers, such as "
    "--input batch,50,8"
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
    is_trainable = named_root(reader, ref) in reader.trainable
    if number is not None and not widens and not is_trainable:
        return number
    triangle = _triangle(reader, arrays, lead, count)
    if triangle is not None:
        return triangle
    table = _table(reader, ref, arrays, lead, count, order)
    if table is not None:
        return table
    if any(not np.array_equal(array, arrays[0]) for array in arrays):
        raise Unported(OF_SIZES)
    return weight(reader, ref, _in_order(arrays[0], lead, order, count), lead)


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


def _half(array: np.ndarray, diagonal: int) -> np.ndarray:
    """Ones on and below the diagonal of a matrix, or above it."""
    ones = np.ones(array.shape, array.dtype)
    return np.triu(ones, 1) if diagonal else np.tril(ones)


def hides_future(constant: Constant) -> bool:
    """Whether a mask hides what comes after each query, and nothing else."""
    arrays = [constant.value]
    if isinstance(constant.value, Open):
        arrays = list(constant.value.values)
    for array in arrays:
        if array.ndim != 2 or array.shape[0] != array.shape[1] or len(array) < 2:
            return False
        future = np.triu(np.ones(array.shape, bool), 1)
        hidden = array if array.dtype == bool else np.isneginf(array)
        if not np.array_equal(hidden, future):
            return False
        if array.dtype != bool and (array[~future] != 0).any():
            return False
    return True


def _triangle(
    reader: Reader, arrays: list[np.ndarray], lead: Value, count: int
) -> Tensor | None:
    """A mask (time, time) that hides the future or shows it, at any length."""
    if count < 2 or len(lead.axes[-1]) != 1 or len(lead.axes[-2]) != 1:
        return None
    squeezed = [
        a.reshape(a.shape[-2:])
        for a in arrays
        if a.ndim > 1 and a.size == np.prod(a.shape[-2:])
    ]
    if len(squeezed) < len(arrays) or any(len(a) < 2 for a in squeezed):
        return None
    row, column = lead.axes[-2][0], lead.axes[-1][0]
    if column < row or column != len(lead.sizes) - 1:
        return None
    graph = reader.graph
    added = all(hides_future(Constant(a)) for a in squeezed if a.dtype != bool)
    for function, diagonal in (("greater_equal", 0), ("less", 1)):
        ones = [_half(a, diagonal) for a in squeezed]
        is_half = all(map(np.array_equal, squeezed, ones))
        is_added = added and function == "less" and squeezed[0].dtype != bool
        if is_half or is_added:
            rows = graph.op("expand_dims", positions(reader, lead, row), axis=1)
            columns = positions(reader, lead, column)
            tensor = graph.op(function, rows, columns)
            if is_added:
                return graph.op("where", tensor, float("-inf"), 0.0)
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
    tensor = table_of(reader, name, table, trainable, steps)
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


def find_size(reader: Reader, size: Size) -> tuple[Value, int] | None:
    """A value one of whose axes in Keras has this size."""
    for known in reversed(list(reader.known.values())):
        if isinstance(known, Value) and size in known.sizes:
            return known, known.sizes.index(size)
    return None


def counting(reader: Reader, constant: Constant, runs: int) -> Value | None:
    """A constant that counts the steps, from 0 or from 1 on, as a value."""
    arrays = in_all_runs(constant, runs)
    starts = {float(array.reshape(-1)[0]) for array in arrays if array.size}
    if starts not in ({0.0}, {1.0}):
        return None
    start = int(starts.pop())
    for array in arrays:
        counted = np.arange(start, start + array.size)
        if not np.array_equal(array.reshape(-1), counted):
            return None
    values = tuple(array.size for array in arrays)
    size: Size = values[0] if len(set(values)) == 1 else Open(values)
    place = find_size(reader, size)
    if place is None:
        return None
    tensor = positions(reader, *place)
    if start:
        tensor = reader.graph.op("add", tensor, start)
    shape = tuple(size if n == values[0] else n for n in arrays[0].shape)
    axes = tuple((0,) if n == size else () for n in shape)
    return Value(tensor, shape, axes, (size,), "int32")


def value_of(reader: Reader, ref: Ref, constant: Constant) -> Value:
    """A constant in the place of a tensor that depends on an input.

    Raises:
        Unported: if it depends on the sizes of the input.
    """
    value = counting(reader, constant, reader.runs)
    if value is None:
        value = for_each_sample(reader, ref, constant)
    if value is None:
        lead = reader.tensor(reader.recording.inputs[0])
        array = constant.array
        tensor = weight(reader, ref, array, lead, exact=True)
        axes = plain_axes(array.ndim)
        value = Value(tensor, array.shape, axes, array.shape, str(array.dtype))
    return value
