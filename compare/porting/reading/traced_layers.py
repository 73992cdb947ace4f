"""Layers of PyTorch, each as layers of Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from compare import kinds
from compare.in_pytorch.kinds import kind_of
from compare.in_pytorch.layers import read
from compare.in_pytorch.recording import Step
from compare.kinds.graph import LayerPlan, Tensor
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays
from compare.kinds.windows import around, reaches
from compare.porting.reading.traced_graph import (
    Graph,
    Shape,
    Size,
    Unported,
    Value,
    is_open,
)
from compare.porting.reading.traced_reader import Handler, Padded, Reader

# ---------------------------------------------------------------------- what they hold


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
        if option.keras and value != option.keras_default:
            if not (option.keras == "activation" and value == "linear"):
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


# ----------------------------------------------------------------------------- layouts


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


# ------------------------------------------------------------------------------ layers


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


def with_last(value: Value, step: Step, tensor: Tensor) -> Value:
    """A result that differs from a value in the size of the last axis."""
    result = step.results[0]
    sizes = (*value.sizes[:-1], result.shape[-1])
    shape = (*value.shape[:-1], result.shape[-1])
    return Value(tensor, shape, value.axes, sizes, result.dtype)


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


def convolution(reader: Reader, step: Step) -> Value:
    """A convolution, with what is padded before it."""
    module = reader.module(step.name)
    kind, config = kind_and_config(module)
    count = len(module.kernel_size)
    config.pop("padding", None)
    sizes = {"kernel_size": 0, "strides": 1, "dilation_rate": 1}
    for key, usual in sizes.items():
        if key in config and set(config[key]) == {usual}:
            del config[key]
    if "strides" in config and "dilation_rate" in config:
        raise Unported("strides and a dilation")
    transposes = "Transpose" in type(module).__name__
    if transposes:
        raise Unported("a transposed convolution in the place of another one")
    value, word = _padded_for(reader, step, module, count)
    if word != "valid":
        config["padding"] = word
    cls = f"Conv{count}D"
    names: Any = {"kernel": np.zeros(())}
    if module.groups > 1 and module.groups == module.in_channels and count < 3:
        cls = f"DepthwiseConv{count}D"
        multiplier = module.out_channels // module.in_channels
        names["kernel"] = np.broadcast_to(
            0, (*module.kernel_size, module.in_channels, multiplier)
        )
        for key in ("filters", "groups"):
            config.pop(key, None)
        if multiplier > 1:
            config["depth_multiplier"] = multiplier
    if module.bias is not None:
        names["bias"] = np.zeros(())
    arrays = moved(kind, arrays_of(module), names)
    plan = LayerPlan(name_of(reader, step), cls, config)
    tensor = called(reader, plan, value, arrays, count + 2)
    return result_of(value, step, tensor)


def _padded_for(
    reader: Reader, step: Step, module: Any, count: int
) -> tuple[Value, str]:
    """What a convolution is given, and Keras's word for its padding."""
    known = reader.get(step.args[0])
    outer: list[tuple[Any, Any]] = [(0, 0)] * count
    if isinstance(known, Padded):
        around_channels = known.amounts[:2]
        is_zero = known.number == 0 and module.padding_mode == "zeros"
        if is_zero and around_channels == ((0, 0), (0, 0)):
            outer = list(known.amounts[2:])
            known = known.value
    value = known if isinstance(known, Value) else reader.tensor(step.args[0])
    if len(value.shape) != count + 2:
        raise Unported("an input without a batch")
    own = _own_padding(module, count)
    amounts = [
        (_plus(a, o), _plus(b, p)) for (a, b), (o, p) in zip(outer, own, strict=True)
    ]
    reach = reaches(module.kernel_size, module.dilation)
    word = word_of(reader, value.shape[2:], amounts, reach, module.stride)
    if word and module.padding_mode == "zeros":
        return channels_last(reader, value), word
    if count == 1 and amounts == [(reach[0] - 1, 0)]:
        return channels_last(reader, value), "causal"
    pairs = ((0, 0), (0, 0), *amounts)
    shape = (*value.shape[:2], *_grown(value.shape[2:], amounts))
    padded = reader.padded(Padded(channels_last(reader, value), pairs, 0, shape))
    if module.padding_mode != "zeros":
        raise Unported(f"padding_mode={module.padding_mode!r}")
    return padded, "valid"


def _plus(a: Any, b: Any) -> Any:
    if not b:
        return a
    if is_open(a):
        raise Unported("padding by an amount that depends on the sizes, twice")
    return a + b


def _own_padding(module: Any, count: int) -> list[tuple[int, int]]:
    """What a convolution pads, before and behind each axis."""
    if module.padding == "valid":
        return [(0, 0)] * count
    if module.padding == "same":
        pairs = []
        for window, dilation in zip(module.kernel_size, module.dilation, strict=True):
            zeros = dilation * (window - 1)
            pairs.append((zeros // 2, zeros - zeros // 2))
        return pairs
    return [(amount, amount) for amount in module.padding]


def _grown(sizes: Shape, amounts: Sequence[tuple[int, int]]) -> list[Size]:
    from compare.porting.reading.traced_graph import minus

    return [
        minus(size, -(a + b) if not is_open(a) and not is_open(b) else 0)
        for size, (a, b) in zip(sizes, amounts, strict=True)
    ]


def word_of(
    reader: Reader,
    sizes: Shape,
    amounts: Sequence[tuple[Any, Any]],
    reach: Sequence[int],
    stride: Sequence[int],
) -> str:
    """Keras's word for zeros around an input, if it has one in every run."""
    if all(pair == (0, 0) for pair in amounts):
        return "valid"
    from compare.porting.reading.traced_graph import in_runs

    for run in range(reader.runs):
        here = tuple(in_runs(size, reader.runs)[run] for size in sizes)
        zeros = [
            tuple(in_runs(amount, reader.runs)[run] for amount in pair)
            for pair in amounts
        ]
        if list(map(tuple, around("same", here, tuple(reach), tuple(stride)))) != zeros:
            return ""
    if any(step > 1 for step in stride) and any(map(is_open, sizes)):
        told = any(is_open(amount) for pair in amounts for amount in pair)
        return "same" if told else ""
    return "same"


def transposed_convolution(reader: Reader, step: Step) -> Value:
    """A transposed convolution, of which the ends are cut off behind it."""
    module = reader.module(step.name)
    kind, config = kind_and_config(module)
    count = len(module.kernel_size)
    for key in ("padding", "output_padding"):
        config.pop(key, None)
    if module.groups > 1:
        raise Unported("groups of a transposed convolution")
    for key in ("strides", "dilation_rate"):
        if key in config and set(config[key]) == {1}:
            del config[key]
    value = reader.tensor(step.args[0])
    if len(value.shape) != count + 2:
        raise Unported("an input without a batch")
    value = channels_last(reader, value)
    reach = reaches(module.kernel_size, module.dilation)
    cuts = []
    short = []
    for axis in range(count):
        before = module.padding[axis]
        behind = before - module.output_padding[axis]
        # Keras's layer fills its last stride up where the window is shorter.
        behind += max(module.stride[axis] - reach[axis], 0)
        cuts.append((before, behind))
        short.append(behind < 0)
    if any(short):
        raise Unported("an output_padding beyond the padding")
    whole = []
    for axis in range(count):
        total = max(reach[axis] - module.stride[axis], 0)
        whole.append((total // 2, total - total // 2))
    names = ["kernel", "bias"] if module.bias is not None else ["kernel"]
    arrays = moved(kind, arrays_of(module), names)
    same = cuts == whole and any(pair != (0, 0) for pair in whole)
    after = reader.only_reader(step)
    if same:
        config["padding"] = "same"
    plan = LayerPlan(name_of(reader, step), f"Conv{count}DTranspose", config)
    tensor = called(reader, plan, value, arrays, count + 2)
    del after
    if not same and any(pair != (0, 0) for pair in cuts):
        index: list[Any] = [slice(None)] * len(value.axes[0])
        index += [slice(a or None, -b or None) for a, b in cuts]
        tensor = reader.graph.op("getitem", tensor, tuple(index))
    return result_of(value, step, tensor)


# ------------------------------------------------------------------------------- norms


def batch_norm(reader: Reader, step: Step) -> Value:
    """Features brought to the running mean and variance."""
    module = reader.module(step.name)
    if module.running_mean is None:
        raise Unported(
            "track_running_stats=False: set it, and train for the statistics"
        )
    kind, config = kind_and_config(module)
    value = reader.tensor(step.args[0])
    last = len(value.sizes) - 1
    if value.axes[1] != (last,):
        value = channels_last(reader, value)
    if not module.affine:
        config |= {"scale": False, "center": False}
    arrays = moved(kind, arrays_of(module), list(kind.files[0].keras))
    plan = LayerPlan(name_of(reader, step), "BatchNormalization", config)
    tensor = called(reader, plan, value, arrays)
    return replace(value, tensor=tensor)


def layer_norm(reader: Reader, step: Step) -> Value:
    """The last axes brought to mean 0 and variance 1."""
    module = reader.module(step.name)
    kind, config = kind_and_config(module)
    count = len(module.normalized_shape)
    value = features_last(reader, reader.tensor(step.args[0]), count)
    if config.get("axis") in ((-1,), -1):
        del config["axis"]
    names = list(kind.files[0].keras)
    arrays = moved(kind, arrays_of(module), names)
    if not arrays and kind.name == "RMSNorm":
        arrays = {"scale": np.ones(module.normalized_shape)}
    cls = kind.keras[0]
    tensor = called(
        reader, LayerPlan(name_of(reader, step), cls, config), value, arrays
    )
    return replace(value, tensor=tensor)


def group_norm(reader: Reader, step: Step) -> Value:
    """Groups of channels brought to mean 0 and variance 1."""
    module = reader.module(step.name)
    if getattr(module, "track_running_stats", False):
        raise Unported("an InstanceNorm with running statistics")
    kind, config = kind_and_config(module)
    value = channels_last(reader, reader.tensor(step.args[0]))
    if module.weight is None:
        config |= {"scale": False, "center": False}
    arrays = moved(kind, arrays_of(module), ["gamma", "beta"])
    plan = LayerPlan(name_of(reader, step), "GroupNormalization", config)
    tensor = called(reader, plan, value, arrays, len(value.shape))
    return replace(value, tensor=tensor)


# ------------------------------------------------------------------ without any numbers


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
    from compare.porting.reading.traced_shapes import reshaped

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


ACTIVATIONS = ("ReLU", "LeakyReLU", "ELU")


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
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), convolution),
    **dict.fromkeys(
        ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
        transposed_convolution,
    ),
    **dict.fromkeys(
        ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"), batch_norm
    ),
    **dict.fromkeys(("LayerNorm", "RMSNorm"), layer_norm),
    **dict.fromkeys(
        ("GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"), group_norm
    ),
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
