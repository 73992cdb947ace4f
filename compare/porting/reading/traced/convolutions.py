"""Convolutions of PyTorch, as layers of Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compare.in_pytorch.recorded import Step
from compare.in_pytorch.unifying import Size
from compare.kinds.graph import LayerPlan
from compare.kinds.windows import around, reaches
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


LAYERS: dict[str, Handler] = {
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), convolution),
    **dict.fromkeys(
        ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
        transposed_convolution,
    ),
}
