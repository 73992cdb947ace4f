"""How layers of PyTorch are called as layers of Keras, and their arrays moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from compare import kinds
from compare.in_pytorch.kinds import kind_of
from compare.in_pytorch.layers import read
from compare.in_pytorch.recorded import Step
from compare.kinds.graph import LayerPlan, Tensor
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays
from compare.porting.reading.traced.graph import Graph
from compare.porting.reading.traced.reader import Reader
from compare.porting.reading.traced.values import Constant, Unported, Value, uniform


def arrays_of(module: Any) -> dict[str, np.ndarray]:
    """All numbers of a layer, by PyTorch's names."""
    tensors = dict(module.named_parameters())
    tensors |= dict(module.named_buffers())
    return {name: read(tensor) for name, tensor in tensors.items()}


def kind_and_config(module: Any) -> tuple[Kind, dict[str, Any]]:
    """The kind of a layer, and its settings by the names of Keras's arguments.

    Raises:
        Unported: if it has a setting that Keras's layer cannot have.
    """
    name = kind_of(module)
    kind = kinds.BY_TORCH_NAME.get(name)
    if kind is None or not kind.keras:
        raise Unported(f"Keras has no layer like {name}")
    config = {}
    for option in kind.options:
        value = option.of_layer("torch", module)
        is_usual = value == option.keras_default or value == "linear"
        if option.keras and not is_usual:
            config[option.keras] = value
    return kind, config


def moved(kind: Kind, torch: Arrays, keras: Sequence[str] | Arrays) -> Arrays:
    """Keras's arrays of a layer.

    Args:
        kind: of the layer.
        torch: PyTorch's arrays.
        keras: names of Keras's arrays, or such arrays, whose shapes alone count.
    """
    if not isinstance(keras, Mapping):
        keras = dict.fromkeys(keras, np.zeros(()))
    assert kind.rows is not None
    result: dict[str, np.ndarray] = {}
    for row in kind.rows(torch, keras):
        if set(row.torch) <= torch.keys() and set(row.keras) & keras.keys():
            arrays = row.to_keras(*(torch[name] for name in row.torch))
            result |= dict(zip(row.keras, arrays, strict=True))
    return result


def channels_last(reader: Reader, value: Value) -> Value:
    """A value (batch, channels, *spatial) as Keras's layers take it.

    A batch that is several axes of Keras stays so.
    """
    graph = reader.graph
    count = len(value.shape)
    value = graph.arranged(graph.full(value), (0, *range(2, count), 1))
    return graph.merged(value, keep=(0,))


def features_last(reader: Reader, value: Value, count: int = 1) -> Value:
    """A value whose last axes Keras's tensor has last, each as one."""
    graph = reader.graph
    axes = range(len(value.shape))[-count:]
    last = len(value.sizes) - count
    places = [value.axes[axis] for axis in axes]
    if places == [(last + n,) for n in range(count)]:
        return value
    value = graph.arranged(graph.full(value), made=list(axes))
    return graph.merged(value, keep=(0,))


def result_of(value: Value, step: Step, tensor: Tensor, output: int = 0) -> Value:
    """What a layer made of a value that has the channels last, or the features."""
    result = step.results[output]
    batch = len(value.axes[0])
    sizes = [*value.sizes[:batch], *result.shape[2:], result.shape[1]]
    count = len(result.shape)
    last = batch + count - 2
    axes = [value.axes[0], (last,), *((batch + n,) for n in range(count - 2))]
    return Value(tensor, result.shape, tuple(axes), tuple(sizes), result.dtype)


def called(
    reader: Reader,
    plan: LayerPlan,
    value: Value,
    arrays: Arrays | None = None,
    axes: int | None = None,
) -> Tensor:
    """A layer called on a value.

    Args:
        reader: whose graph gets the call.
        plan: of the layer.
        value: arranged as it takes it.
        arrays: that it holds.
        axes: how many the layer takes, the batch included; where the batch is two of
            Keras's axes, it goes along the second one. None for any number.
    """
    more = 0 if axes is None else len(value.sizes) - axes
    if more > 1:
        raise Unported("a batch of several axes")
    if more == 1:
        plan = LayerPlan(plan.name, "TimeDistributed", {}, (plan,))
    return Tensor(placed(reader.graph, plan, [value.tensor], arrays))


def placed(
    graph: Graph,
    plan: LayerPlan,
    args: Sequence[Any],
    arrays: Arrays | None = None,
    kwargs: Mapping[str, Any] | None = None,
) -> int:
    """Call a layer; one that was called before stays the same layer.

    Raises:
        Unported: if it has other settings this time, and weights.
    """
    before = graph.layers.get(plan.name)
    if before is not None and before != plan:
        if arrays:
            raise Unported("a layer that is called in two ways")
        plan = replace(plan, name=graph.free(plan.name))
    return graph.layer(plan, args, kwargs, arrays)


def name_of(reader: Reader, step: Step) -> str:
    """What a layer is called in Keras; all calls of one layer have one name."""
    return reader.layer_name(step.name)


def with_last(value: Value, step: Step, tensor: Tensor) -> Value:
    """A result that differs from a value in the size of the last axis."""
    result = step.results[0]
    sizes = (*value.sizes[:-1], result.shape[-1])
    shape = (*value.shape[:-1], result.shape[-1])
    return Value(tensor, shape, value.axes, sizes, result.dtype)


def is_zero(reader: Reader, state: Any) -> bool:
    """Whether an argument is zeros, as initial states often are."""
    known = reader.get(state)
    return isinstance(known, Constant) and uniform(known) == 0
