"""How a side gives a layer the value of a setting that the other side's layer has.

What is printed exists in the framework that it is printed for, and takes that value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from compare.diagnosing.in_layers import pooled_fixes
from compare.diagnosing.windows import window_size
from compare.judging.result import OTHER
from compare.judging.words import Side
from compare.kinds import BY_TORCH_NAME, CONVOLUTION, TRANSPOSED
from compare.kinds.convolution import FILLING
from compare.kinds.convolution_options import BOTH
from compare.kinds.edges import numbers_of_pytorch
from compare.kinds.kind import Kind
from compare.kinds.mistake import Call
from compare.kinds.multi_head_attention import MULTI_HEAD_ATTENTION
from compare.kinds.option import REQUIRED, Option, Value
from compare.kinds.transposed_convolution import cut
from compare.kinds.windows import Around, around

AROUND = "steps around"  # a setting of layers that pad or cut, one for another as well
AXES_KEPT = "axes kept"  # by global pooling, as axes of one step
AXES = "axes"  # over which a layer normalises
PADDING = "padding"
CUTTING = (PADDING, "output padding")  # of a transposed convolution
MOVING = ("stride", "dilation")  # of which Keras's layer can have one
SPREAD = (
    "Keras has no layer with both strides and a dilation: give its kernel zeros "
    "between the steps, in the place of the dilation"
)
INTERPOLATION = "interpolation"  # a choice of Keras's layer of images alone
IMAGE = 4  # axes
HEADS = "heads"  # a setting of attention
MULTI_HEAD = MULTI_HEAD_ATTENTION.name

Calls = Mapping[Side, Call]


def fix_of_option(option: Option, side: Side, calls: Calls) -> str:
    """What to change in the layer of a side to have the other side's setting.

    Args:
        option: the setting.
        side: whose layer is changed.
        calls: the layer at work on each side, both of one kind, with their settings.
    """
    right = calls[OTHER[side]]
    kind = BY_TORCH_NAME[calls["torch"].kind]
    value = right.options[option.name]
    if kind.family == "pooling" and option.name in pooled_fixes.REACHING:
        return pooled_fixes.reaching_as(side, right)
    if calls["torch"].kind in TRANSPOSED and option.name in CUTTING:
        return _cutting_as(side, right)
    if calls["torch"].kind in CONVOLUTION and option.name == PADDING:
        return _padding_as(side, right)
    if calls["torch"].kind in CONVOLUTION and option.name == FILLING:
        return _filled_as(option, side, calls)
    if option.name == AROUND:
        return _putting_around(side, value)
    if option.name == AXES and side == "torch":
        return _shape_of(option, value, right.x)
    if side == "keras" and calls["torch"].kind == MULTI_HEAD and option.name == HEADS:
        # Its kernels keep their size: that of a head is another one with it.
        return f"num_heads={value}, key_dim={right.x.shape[-1] // value}"
    if side == "keras" and option.name == INTERPOLATION and right.x.ndim != IMAGE:
        return option.instead
    is_instance_norm = calls["torch"].kind.startswith("InstanceNorm")
    if side == "torch" and is_instance_norm and option.name == "groups":
        return f"nn.GroupNorm({value}, {right.x.shape[-1]}, ...) in its place"
    if side == "keras" and option.name in MOVING:
        settings = {**calls[side].options, option.name: value}
        if all(max(settings.get(name, (1,))) > 1 for name in MOVING):
            if calls["torch"].kind in TRANSPOSED:
                return SPREAD
            return BOTH
    fix = value_on(option, side, value)
    if side == "torch" and calls[side].kind in CONVOLUTION:
        fix += _padded_otherwise(calls)
    return fix


def value_on(option: Option, side: Side, value: Value) -> str:
    """A setting as a side is told it, or what to do where it cannot be told.

    Args:
        option: the setting.
        side: whose layer it is.
        value: in Keras's words.
    """
    instead = option.instead
    if side == "torch":
        instead = option.instead_in_torch or option.instead
        has_it = not option.in_pytorch or value in option.in_pytorch
        attribute = option.torch
        if has_it:
            value = option.in_torch(value)
    else:
        has_it = not option.keras_has or value in option.keras_has
        attribute = option.keras
    if attribute and has_it and value != REQUIRED:
        return f"{attribute}={written(value)}"
    return instead.replace("{value}", written(value))


def layer_like(side: Side, right: Call, own: Call, kind: Kind, class_name: str) -> str:
    """How a side writes the layer that the other side has.

    Settings that a side cannot be told, and that are what they are by default on the
    other side, are left out: the kind is what is wrong.

    Args:
        side: whose user is to write it.
        right: the layer at work on the other side.
        own: the layer of this side, in whose place it is to stand.
        kind: of the layer.
        class_name: of the layer on the other side.
    """
    names = kind.torch if side == "torch" else kind.keras
    if not names:
        return f"what PyTorch's {class_name} does"
    settings = []
    for option in kind.options:
        value = right.options[option.name]
        if option.name == AXES_KEPT:  # what comes next is written for this shape
            value = own.options.get(AXES_KEPT, value)
        if value == _default(option, side) or option.matters != "results":
            continue
        attribute = option.torch if side == "torch" else option.keras
        if not attribute and value == _default(option, OTHER[side]):
            continue
        if kind.family == "pooling" and option.name in pooled_fixes.REACHING:
            continue
        text = value_on(option, side, value)
        if "=" not in text.split("(")[0]:  # another function or layer does that
            return text
        settings.append(text)
    name = _class_on(side, names, class_name)
    if name.startswith("Activation("):
        return name
    layer = f"{name}({', '.join(settings)})"
    if PADDING in right.options and right.options[PADDING] != "valid":
        return f"{layer}, with {pooled_fixes.reaching_as(side, right)}"
    return layer


def _default(option: Option, side: Side) -> Value:
    """What a side takes where nothing is said, in Keras's words."""
    default = option.torch_default if side == "torch" else option.keras_default
    if default == REQUIRED:
        return REQUIRED
    default = option.read(default)
    return option.in_keras(default) if side == "torch" else default


def _class_on(side: Side, names: tuple[str, ...], class_name: str) -> str:
    """The class of a side, that of as many axes where there are several."""
    axes = re.search(r"\d", class_name)
    fitting = []
    if axes is not None:
        fitting = [name for name in names if axes.group() in name]
    name = fitting[0] if fitting else names[0]
    if name.startswith("Activation("):
        function = name.removeprefix("Activation(").removesuffix(")")
        return f'Activation("{function}")'
    return f"nn.{name}" if side == "torch" else name


def written(value: Value) -> str:
    """A setting as it is written in code, a size of one axis as a number."""
    if isinstance(value, float) and np.isinf(value):
        return f'float("{value}")'
    if isinstance(value, tuple) and len(value) == 1:
        value = value[0]
    return f'"{value}"' if isinstance(value, str) else str(value)


# ----------------------------------------------------------------------------- padding


def around_of(call: Call) -> Around:
    """The steps that a convolution pads each axis with, before and after."""
    reaches, strides = window_size(call.options)
    padding = call.options[PADDING]
    return around(padding, call.x.shape[1:-1], reaches, strides)


def _padding_as(side: Side, right: Call) -> str:
    """How a convolution is padded as the other side's is."""
    zeros = around_of(right)
    value = right.options[PADDING]
    if side == "torch":
        if not any(map(any, zeros)):
            return "padding=0"
        fix = f"{padded_before(zeros)} before it, and padding=0"
        if value == "same" and max(right.options["stride"]) > 1:
            return f"{fix}, for {written(right.x.shape[1:-1])} steps"
        return fix
    if isinstance(value, str):
        return f'padding="{value}"'
    if not any(map(any, zeros)):
        return 'padding="valid"'
    return f'ZeroPadding{len(zeros)}D({written(zeros)}) before it, and padding="valid"'


def _filled_as(option: Option, side: Side, calls: Calls) -> str:
    """How a convolution is padded with what the other side's is padded with."""
    right = calls[OTHER[side]]
    value = right.options[FILLING]
    instead = f"in the place of padding with {written(calls[side].options[FILLING])}"
    edges = around_of(right)
    if side == "keras":
        if value == "zeros":
            return f"{_padding_as(side, right)}, {instead}"
        if value not in ("reflect", "symmetric"):
            return option.instead
        pairs = [[0, 0], *[list(pair) for pair in edges], [0, 0]]
        padding = f'keras.ops.pad(x, {pairs}, mode="{value}")'
        return f'{padding} before it, and padding="valid", {instead}'
    if value == "symmetric":
        return f"{_mirrored(edges)} before it, and padding=0, {instead}"
    if any(before != after for before, after in edges):
        numbers = ", ".join(f"{first}, {last}" for first, last in reversed(edges))
        mode = "constant" if value == "zeros" else value
        padding = f'F.pad(x, ({numbers}), mode="{mode}")'
        return f"{padding} before it, and padding=0, {instead}"
    sizes = tuple(before for before, _ in edges)
    return f'padding={written(sizes)}, padding_mode="{value}", {instead}'


def _mirrored(edges: Around) -> str:
    """How PyTorch mirrors each axis at its ends, the outermost numbers as well."""
    texts = []
    for axis, (before, after) in enumerate(edges, start=-len(edges)):
        rest = ", :" * (-1 - axis)
        parts = ["x"]
        if before:
            parts.insert(0, f"x[..., :{before}{rest}].flip({axis})")
        if after:
            parts.append(f"x[..., -{after}:{rest}].flip({axis})")
        if len(parts) > 1:
            texts.append(f"x = torch.cat([{', '.join(parts)}], {axis})")
    return " and ".join(texts)


def _padded_otherwise(calls: Calls) -> str:
    """What else to pad in PyTorch once a window reaches as far as in Keras."""
    zeros = around_of(calls["keras"])
    padding = calls["torch"].options[PADDING]
    strides = calls["keras"].options["stride"]
    refuses = padding == "same" and max(strides) > 1  # PyTorch, both together
    if zeros == around_of(calls["torch"]) and not refuses:
        return ""
    return f", and {padded_before(zeros)} before it, with padding=0"


def padded_before(zeros: Around) -> str:
    """How PyTorch pads each axis; `F.pad` takes the last axis first."""
    numbers = ", ".join(f"{before}, {after}" for before, after in reversed(zeros))
    along = " along time" if len(zeros) == 1 else ""
    return f"F.pad(x, ({numbers})){along}"


def _cutting_as(side: Side, right: Call) -> str:
    """How what a transposed convolution makes is cut as on the other side."""
    options, sizes = right.options, right.x.shape[1:-1]
    ends = cut(options, sizes, options["window"])
    if side == "torch":
        padding = tuple(before for before, _ in ends)
        extra = tuple(before - after for before, after in ends)
        room = zip(extra, options["stride"], options["dilation"], strict=True)
        if all(0 <= more < max(steps) for more, *steps in room) and min(padding) >= 0:
            return f"padding={written(padding)}, output_padding={written(extra)}"
        slices = ", ".join(map(_slice_without, ends))
        return f"padding=0, output_padding=0, and y[:, :, {slices}] of what it makes"
    if isinstance(options[PADDING], str):
        extra = options["output padding"]
        return f'padding="{options[PADDING]}", output_padding={written(extra)}'
    more = tuple(max(-after, 0) for _, after in ends)
    crop = tuple((before, max(after, 0)) for before, after in ends)
    fix = f'padding="valid", output_padding={written(more)}'
    if any(map(any, crop)):
        fix += f", and Cropping{len(crop)}D({written(crop)}) after it"
    return fix


def _slice_without(ends: tuple[int, int]) -> str:
    """A slice that leaves out so many steps before and after, such as `1:-2`."""
    before, after = ends
    begin = str(before) if before else ""
    end = str(-after) if after else ""
    return f"{begin}:{end}"


# ------------------------------------------------------------------------------- other


def _putting_around(side: Side, pairs: Around) -> str:
    """How a side puts steps around each axis, or takes them off, below zero."""
    if side == "torch":
        return f"padding={written(numbers_of_pytorch(pairs))}"
    added = tuple((max(before, 0), max(after, 0)) for before, after in pairs)
    taken_off = tuple((max(-before, 0), max(-after, 0)) for before, after in pairs)
    layers = []
    for name, steps in (("ZeroPadding", added), ("Cropping", taken_off)):
        if any(map(any, steps)):
            layers.append(f"{name}{len(pairs)}D({written(steps)})")
    if not layers:
        return "leave the layer out"
    return " and ".join(layers)


def _shape_of(option: Option, axes: Value, x: np.ndarray) -> str:
    """PyTorch's layer is told the shape of the last axes, not their numbers."""
    last = sorted(axis % x.ndim for axis in axes)
    if last != list(range(x.ndim - len(last), x.ndim)):
        return option.instead
    return f"normalized_shape={tuple(x.shape[axis] for axis in last)}"
