"""Dense layers, embeddings, activations and dropout of PyTorch, as layers of Keras."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from compare.in_pytorch.layers import read
from compare.in_pytorch.recorded import Step
from compare.in_pytorch.unifying import Size
from compare.kinds.graph import LayerPlan
from compare.porting.reading.traced.layers import (
    arrays_of,
    called,
    channels_last,
    features_last,
    kind_and_config,
    moved,
    name_of,
    with_last,
)
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.shapes import reshaped
from compare.porting.reading.traced.values import Unported, Value


def dense(reader: Reader, step: Step) -> Value:
    """A dense layer."""
    module = reader.module(step.name)
    kind, config = kind_and_config(module)
    value = features_last(reader, reader.tensor(step.args[0]))
    if len(value.sizes) < 2:
        raise Unported("a vector without a batch")
    names = ["kernel", "bias"] if module.bias is not None else ["kernel"]
    arrays = moved(kind, arrays_of(module), names)
    plan = LayerPlan(name_of(reader, step), "Dense", config)
    tensor = called(reader, plan, value, arrays)
    return with_last(value, step, tensor)


def embedding(reader: Reader, step: Step) -> Value:
    """A table, from which indices take rows."""
    module = reader.module(step.name)
    if module.max_norm is not None:
        raise Unported(
            "max_norm: limit the norms of the rows before they are saved, and set None"
        )
    kind, config = kind_and_config(module)
    value = reader.tensor(step.args[0])
    arrays = moved(kind, arrays_of(module), ["embeddings"])
    plan = LayerPlan(name_of(reader, step), "Embedding", config)
    tensor = called(reader, plan, value, arrays)
    result = step.results[0]
    size: Size = result.shape[-1]
    axes = (*value.axes, (len(value.sizes),))
    return Value(tensor, (*value.shape, size), axes, (*value.sizes, size), result.dtype)


def dropout(reader: Reader, step: Step) -> Any:
    """Dropout, which computes nothing when it does not train."""
    module = reader.module(step.name)
    if not module.p:
        return reader.get(step.args[0])
    value = reader.tensor(step.args[0])
    cls = type(module).__name__
    config = {"rate": module.p}
    axes = None
    if cls in ("Dropout1d", "Dropout2d", "Dropout3d"):
        axes = int(cls[-2]) + 2
        if len(value.shape) == axes:
            value = channels_last(reader, value)
            cls = f"SpatialDropout{axes - 2}D"
        else:
            raise Unported("dropout of channels without a batch")
    elif cls == "FeatureAlphaDropout":
        raise Unported("dropout of whole channels to another value than 0")
    plan = LayerPlan(name_of(reader, step), cls, config)
    return replace(value, tensor=called(reader, plan, value, axes=axes))


def flatten(reader: Reader, step: Step) -> Value:
    """All axes but the batch as one."""
    module = reader.module(step.name)
    value = reader.graph.full(reader.tensor(step.args[0]))
    target = step.results[0].shape
    is_whole = module.start_dim == 1 and module.end_dim in (-1, len(value.shape) - 1)
    if not is_whole or len(value.axes[0]) != 1 or len(value.shape) == 2:
        return reshaped(reader.graph, value, target)
    value = reader.graph.plain(value)
    plan = LayerPlan(name_of(reader, step), "Flatten")
    tensor = called(reader, plan, value)
    return Value(tensor, target, ((0,), (1,)), target, value.dtype)


def activation(reader: Reader, step: Step) -> Value:
    """A function of each number, as a layer."""
    module = reader.module(step.name)
    kind, config = kind_and_config(module)
    value = reader.tensor(step.args[0])
    cls = kind.keras[0]
    if cls.startswith("Activation("):
        config = {"activation": cls.removeprefix("Activation(").removesuffix(")")}
        cls = "Activation"
    plan = LayerPlan(name_of(reader, step), cls, config)
    return replace(value, tensor=called(reader, plan, value))


def softmax(reader: Reader, step: Step) -> Value:
    """Softmax along an axis."""
    module = reader.module(step.name)
    value = reader.tensor(step.args[0])
    dim = module.dim
    if dim is None:
        dim = 0 if len(value.shape) in (0, 1, 3) else 1
    value, axis = reader.plain_axis(value, dim)
    config = {} if axis == len(value.sizes) - 1 else {"axis": axis}
    plan = LayerPlan(name_of(reader, step), "Softmax", config)
    return replace(value, tensor=called(reader, plan, value))


def prelu(reader: Reader, step: Step) -> Value:
    """A rectifier with slopes of its own."""
    module = reader.module(step.name)
    value = reader.tensor(step.args[0])
    slopes = read(module.weight)
    if module.num_parameters > 1 or len(value.shape) == 2:
        value = channels_last(reader, value)
    count = len(value.sizes)
    shared = list(range(1, count))
    if module.num_parameters > 1:
        shared.pop()
    config = {"shared_axes": shared} if shared else {}
    alpha = slopes.reshape((1,) * (count - 2) + (-1,))
    plan = LayerPlan(name_of(reader, step), "PReLU", config)
    return replace(value, tensor=called(reader, plan, value, {"alpha": alpha}))


LAYERS: dict[str, Handler] = {
    "Linear": dense,
    "Embedding": embedding,
    **dict.fromkeys(
        ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout"), dropout
    ),
    "Flatten": flatten,
    **dict.fromkeys(
        ("ReLU", "LeakyReLU", "ELU", "Tanh", "Sigmoid", "SiLU", "ReLU6"), activation
    ),
    "Softmax": softmax,
    "PReLU": prelu,
}
