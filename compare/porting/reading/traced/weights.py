"""Weights that a PyTorch module uses outside its layers, in Keras.

Keras's functional models hold weights in layers alone: a table of an Embedding is the
plainest one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compare.in_pytorch.recorded import Ref, refs_in
from compare.in_pytorch.unifying import Open, Size
from compare.kinds.graph import LayerPlan, Tensor
from compare.porting.reading.traced.reader import Reader
from compare.porting.reading.traced.values import (
    Constant,
    Unported,
    Value,
    plain_axes,
)


def table_of(
    reader: Reader, name: str, table: np.ndarray, trainable: bool, index: Tensor
) -> Tensor:
    """Rows of a table, by their numbers.

    Args:
        reader: whose graph gets the Embedding.
        name: of the weight in PyTorch.
        table: (rows, size).
        trainable: whether training moves it.
        index: of Keras, whole numbers.
    """
    rows, size = table.shape
    config: dict[str, Any] = {"input_dim": rows, "output_dim": size}
    if not trainable:
        config["trainable"] = False
    layer = reader.layer_name(name)
    before = reader.graph.weights.get(layer, {}).get("embeddings")
    if before is not None and not np.array_equal(before, table):
        layer = reader.graph.free(name)  # another part of the same weight
    plan = LayerPlan(layer, "Embedding", config)
    return Tensor(reader.graph.layer(plan, [index], None, {"embeddings": table}))


def weight(
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
    root = step.name or named_root(reader, ref)
    name = root or "constant"
    if step.function == "module":
        name += "_constant"
    index = tuple(0 for _ in lead.sizes[1:])
    first = graph.op("getitem", lead.tensor, (slice(0, 1), *index))
    zeros = graph.op("zeros_like", first, dtype="int32")
    dtype = "float64" if array.dtype == np.float64 else "float32"
    table = np.ascontiguousarray(array, dtype).reshape(1, -1)
    tensor = table_of(reader, name, table, root in reader.trainable, zeros)
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
        tensor = weight(reader, ref, array, lead, exact=True)
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
    name = named_root(reader, ref)
    table = np.ascontiguousarray(first[:1], "float32").reshape(1, -1)
    tensor = table_of(
        reader, name or "constant", table, name in reader.trainable, zeros
    )
    if first.ndim > 2:
        target = {"target_shape": first.shape[1:]}
        plan = LayerPlan(graph.free("reshape"), "Reshape", target)
        tensor = Tensor(graph.layer(plan, [tensor]))
    shape = (batch, *first.shape[1:])
    return Value(tensor, shape, plain_axes(len(shape)), shape, str(first.dtype))


def named_root(reader: Reader, ref: Ref) -> str:
    """The name of the parameter or buffer that a constant is made of; "" of none."""
    step = reader.recording.steps[ref.step]
    if step.function == "constant":
        return step.name
    for other in refs_in((step.args, step.kwargs)):
        name = named_root(reader, other)
        if name:
            return name
    return ""


def in_all_runs(constant: Constant, runs: int) -> list[np.ndarray]:
    """The numbers of a constant in each run."""
    if isinstance(constant.value, Open):
        return list(constant.value.values)
    if constant.value is None:
        raise Unported("a constant that NumPy cannot have")
    return [constant.value] * runs
