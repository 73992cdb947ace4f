"""Convolutions of PyTorch, as layers of Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.in_pytorch.layers import read
from compare.in_pytorch.recorded import Step
from compare.in_pytorch.unifying import Size
from compare.kinds.convolution_arrays import as_kernel, depthwise
from compare.kinds.graph import LayerPlan
from compare.kinds.windows import around, reaches
from compare.porting.reading.traced.edges import edged
from compare.porting.reading.traced.layers import (
    arrays_of,
    called,
    channels_last,
    kind_and_config,
    moved,
    name_of,
    result_of,
)
from compare.porting.reading.traced.reader import Handler, Reader
from compare.porting.reading.traced.sizes import Shape, in_runs, is_open, minus
from compare.porting.reading.traced.values import Padded, Unported, Value


@dataclass(frozen=True)
class Convolution:
    """A convolution of PyTorch, a layer or a function.

    Args:
        name: of the layer in Keras.
        weight: (outputs, inputs of a group, *window).
        bias: (outputs,), or None.
        stride, dilation: of each axis.
        padding: "same", "valid", or the steps on either side, of each axis.
        groups: how many.
        padding_mode: what is padded with, such as "zeros".
    """

    name: str
    weight: np.ndarray
    bias: np.ndarray | None
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str | tuple[int, ...]
    groups: int
    padding_mode: str = "zeros"

    @property
    def kernel_size(self) -> tuple[int, ...]:
        """The window."""
        return self.weight.shape[2:]


def convolution_layer(reader: Reader, step: Step) -> Value:
    """A convolution, with what is padded before it."""
    module = reader.module(step.name)
    own = Convolution(
        name_of(reader, step),
        read(module.weight),
        None if module.bias is None else read(module.bias),
        module.stride,
        module.dilation,
        module.padding,
        module.groups,
        module.padding_mode,
    )
    return convolved(reader, step, own)


def convolution_function(reader: Reader, step: Step) -> Value:
    """A convolution by a weight that stands outside a layer."""
    args = reader.bound(
        step,
        "input weight bias stride padding dilation groups",
        bias=None,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
    )
    weight = reader.fixed(args.weight)
    count = weight.ndim - 2
    padding = args.padding
    if not isinstance(padding, str):
        padding = each(padding, count)
    own = Convolution(
        reader.weight_name(args.weight, step.function),
        weight,
        None if args.bias is None else reader.fixed(args.bias),
        each(args.stride, count),
        each(args.dilation, count),
        padding,
        args.groups,
    )
    return convolved(reader, step, own)


def each(value: Any, axes: int) -> tuple[int, ...]:
    """A number for each axis, of one or of several."""
    if isinstance(value, int):
        return (value,) * axes
    value = tuple(value)
    return value * axes if len(value) == 1 else value


def convolved(reader: Reader, step: Step, own: Convolution) -> Value:
    """A convolution as a layer of Keras."""
    count = len(own.kernel_size)
    config: dict[str, Any] = {
        "filters": len(own.weight),
        "kernel_size": plain_sizes(own.kernel_size),
    }
    if set(own.stride) != {1}:
        config["strides"] = plain_sizes(own.stride)
    if set(own.dilation) != {1}:
        config["dilation_rate"] = plain_sizes(own.dilation)
    if "strides" in config and "dilation_rate" in config:
        raise Unported("strides and a dilation")
    if own.groups > 1:
        config["groups"] = own.groups
    if own.bias is None:
        config["use_bias"] = False
    value, word = _padded_for(reader, step, own, count)
    if word != "valid":
        config["padding"] = word
    cls = f"Conv{count}D"
    kernel = as_kernel(own.weight)
    inputs = own.weight.shape[1] * own.groups
    if own.groups > 1 and own.groups == inputs and count < 3:
        cls = f"DepthwiseConv{count}D"
        multiplier = len(own.weight) // inputs
        (kernel,) = depthwise("weight", "kernel", inputs).to_keras(own.weight)
        del config["filters"], config["groups"]
        if multiplier > 1:
            config["depth_multiplier"] = multiplier
    arrays = {"kernel": kernel}
    if own.bias is not None:
        arrays["bias"] = own.bias
    plan = LayerPlan(own.name, cls, config)
    tensor = called(reader, plan, value, arrays, count + 2)
    return result_of(value, step, tensor)


def plain_sizes(sizes: tuple[int, ...]) -> Any:
    """Sizes as one number, where they are alike."""
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _padded_for(
    reader: Reader, step: Step, module: Convolution, count: int
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
    value = channels_last(reader, value)
    if module.padding_mode != "zeros":
        mode = module.padding_mode
        return edged(reader, value, pairs, mode, shape), "valid"
    return reader.padded(Padded(value, pairs, 0, shape)), "valid"


def _plus(a: Any, b: Any) -> Any:
    if not b:
        return a
    if is_open(a):
        raise Unported("padding by an amount that depends on the sizes, twice")
    return a + b


def _own_padding(module: Convolution, count: int) -> list[tuple[int, int]]:
    """What a convolution pads, before and behind each axis."""
    if module.padding == "valid":
        return [(0, 0)] * count
    if module.padding == "same":
        pairs = []
        for window, dilation in zip(module.kernel_size, module.dilation, strict=True):
            zeros = dilation * (window - 1)
            pairs.append((zeros // 2, zeros - zeros // 2))
        return pairs
    assert not isinstance(module.padding, str)
    return [(amount, amount) for amount in module.padding]


def _grown(sizes: Shape, amounts: Sequence[tuple[int, int]]) -> list[Size]:
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
    more = [(0, 0)] * len(value.shape)
    for axis in range(count):
        before = module.padding[axis]
        behind = before - module.output_padding[axis]
        # Keras's layer fills its last stride up where the window is shorter.
        behind += max(module.stride[axis] - reach[axis], 0)
        if behind < 0:
            # One more step of zeros gives its stride of numbers of the bias alone.
            more[axis + 2] = (0, 1)
            behind += module.stride[axis]
        cuts.append((before, behind))
    if any(pair != (0, 0) for pair in more):
        grown = (*value.shape[:2], *_grown(value.shape[2:], more[2:]))
        value = reader.padded(Padded(value, tuple(more), 0, grown))
    whole = []
    for axis in range(count):
        total = max(reach[axis] - module.stride[axis], 0)
        whole.append((total // 2, total - total // 2))
    names = ["kernel", "bias"] if module.bias is not None else ["kernel"]
    arrays = moved(kind, arrays_of(module), names)
    same = cuts == whole and any(pair != (0, 0) for pair in whole)
    if same:
        config["padding"] = "same"
    plan = LayerPlan(name_of(reader, step), f"Conv{count}DTranspose", config)
    tensor = called(reader, plan, value, arrays, count + 2)
    if not same and any(pair != (0, 0) for pair in cuts):
        index: list[Any] = [slice(None)] * len(value.axes[0])
        index += [slice(a or None, -b or None) for a, b in cuts]
        tensor = reader.graph.op("getitem", tensor, tuple(index))
    return result_of(value, step, tensor)


LAYERS: dict[str, Handler] = {
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), convolution_layer),
    **dict.fromkeys(
        ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
        transposed_convolution,
    ),
}
FUNCTIONS: dict[str, Handler] = dict.fromkeys(
    ("conv1d", "conv2d", "conv3d"), convolution_function
)
