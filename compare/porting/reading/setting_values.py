"""What the settings of layers may be: numbers, yes or no, and a few words.

Settings go into source that is run, and into Keras, which believes most of what it is
told. So nothing goes there that is not of the right type and of a reasonable size.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.kinds.graph import INPUT, STUB, Call, LayerPlan, ModelPlan, tensors_in
from compare.one_line import printable
from compare.porting.reading.findings import Findings
from compare.porting.reading.keras_layers import ACTIVATIONS
from compare.porting.reading.models import OPEN_SHAPE

LARGEST = 2**31 - 1  # of a whole number; what is built of it has bounds of its own
LARGEST_INDEX = 2**63 - 1
MOST_AXES = 16
LONGEST_VALUE = 60  # letters of a setting in a message
HARMLESS_TEXT = re.compile(r"[\w ,.>|-]{0,200}", re.ASCII)  # nothing ends a text
DTYPE = re.compile(r"(bfloat16|float(16|32|64)|u?int(8|16|32|64)|bool)")
POLICY = re.compile(r"(mixed_)?(bfloat16|float(16|32|64))|u?int(8|16|32|64)|bool|")


@dataclass(frozen=True)
class Rule:
    """What a setting may be.

    Args:
        expected: in words.
        is_met: takes a value that is not None.
    """

    expected: str
    is_met: Callable[[Any], bool]


def _is_whole(value: Any, least: int = -LARGEST) -> bool:
    return type(value) is int and least <= value <= LARGEST


def _is_count(value: Any) -> bool:
    return _is_whole(value, 1)


def _is_number(value: Any) -> bool:
    """Whether it is a number; infinity is one, NaN is not."""
    if type(value) is int:
        return abs(value) <= LARGEST
    return isinstance(value, float) and value == value


def _is_yes_or_no(value: Any) -> bool:
    return isinstance(value, bool) or (type(value) is int and value in (0, 1))


def _is_axis(value: Any) -> bool:
    return type(value) is int and -MOST_AXES <= value < MOST_AXES


def _each(is_met: Callable[[Any], bool], deepest: int = 1) -> Callable[[Any], bool]:
    """Whether a value is right, or all in a list, in lists of a few levels."""

    def is_list_or_met(value: Any, depth: int = 0) -> bool:
        if isinstance(value, list | tuple):
            return depth < deepest and all(is_list_or_met(v, depth + 1) for v in value)
        return is_met(value)

    return is_list_or_met


def _is_shape(value: Any) -> bool:
    """Whether it is a size or a list of them, of which some may be open."""
    sizes = value if isinstance(value, list | tuple) else [value]
    if len(sizes) > MOST_AXES:
        return False
    return all(size is None or _is_count(size) for size in sizes)


def _word(*words: str) -> Rule:
    """One word of a few."""

    def is_one(value: Any) -> bool:
        return isinstance(value, str) and value in words

    return Rule(f"one of {', '.join(words)}", is_one)


def _matching(pattern: re.Pattern[str], expected: str) -> Rule:
    def matches(value: Any) -> bool:
        return isinstance(value, str) and pattern.fullmatch(value) is not None

    return Rule(expected, matches)


def _is_edge(value: Any) -> bool:
    return _is_whole(value, 0)


def _is_activation(value: Any) -> bool:
    """Whether it is a function's name, or a layer with settings that are numbers."""
    if not isinstance(value, Mapping):
        return isinstance(value, str) and value.isidentifier()
    options = value.get("config")
    if not isinstance(options, Mapping) or value.get("class_name") not in SLOPES:
        return False
    return all(_each(_is_number)(option) for option in options.values())


def _is_scale(value: Any) -> bool:
    return isinstance(value, bool) or _is_number(value)


def _is_target(value: Any) -> bool:
    """Whether it is a shape, in which one size may be left to be computed."""
    if not isinstance(value, list | tuple) or len(value) > MOST_AXES:
        return False
    return all(_is_whole(size, -1) for size in value) and list(value).count(-1) < 2


SLOPES = ("LeakyReLU", "ELU", "Softmax", "ReLU")  # layers that are activations

COUNT = Rule("a whole number of at least 1", _is_count)
COUNTS = Rule("whole numbers of at least 1", _each(_is_count))
WHOLE = Rule("a whole number", _is_whole)
NUMBER = Rule("a number", _is_number)
NUMBERS = Rule("a number, or a list of them", _each(_is_number, MOST_AXES))
YES_OR_NO = Rule("true or false", _is_yes_or_no)
AXES = Rule("the number of an axis, or a list of them", _each(_is_axis, 2))
SIZES = Rule("sizes of at least 1, or null", _is_shape)
EDGES = Rule("whole numbers of at least 0", _each(_is_edge, deepest=2))
ACTIVATION = Rule(f"an activation, such as {ACTIVATIONS[-3]}", _is_activation)

RULES: dict[str, Rule] = {
    **dict.fromkeys(("units", "filters", "n", "input_dim", "output_dim"), COUNT),
    **dict.fromkeys(("num_heads", "key_dim", "value_dim", "head_dim"), COUNT),
    **dict.fromkeys(("num_query_heads", "num_key_value_heads"), COUNT),
    **dict.fromkeys(("depth_multiplier", "num_tokens", "num_bins"), COUNT),
    **dict.fromkeys(("height", "width", "batch_size"), COUNT),
    "groups": WHOLE,  # -1 is as many as there are channels
    **dict.fromkeys(("kernel_size", "strides", "dilation_rate", "pool_size"), COUNTS),
    **dict.fromkeys(("size", "output_size"), COUNTS),
    **dict.fromkeys(("output_padding", "cropping"), EDGES),
    **dict.fromkeys(("use_bias", "mask_zero", "reset_after", "stateful"), YES_OR_NO),
    **dict.fromkeys(("return_sequences", "return_state", "go_backwards"), YES_OR_NO),
    **dict.fromkeys(("zero_output_for_mask", "keepdims", "normalize"), YES_OR_NO),
    **dict.fromkeys(("center", "use_scale", "use_gate", "invert"), YES_OR_NO),
    **dict.fromkeys(("rate", "dropout", "recurrent_dropout", "stddev"), NUMBER),
    **dict.fromkeys(("alpha", "negative_slope", "threshold", "max_value"), NUMBER),
    **dict.fromkeys(("epsilon", "momentum", "mask_value", "l1", "l2"), NUMBER),
    **dict.fromkeys(("offset", "mean", "variance", "bin_boundaries"), NUMBERS),
    **dict.fromkeys(("axis", "axes", "shared_axes", "attention_axes", "dims"), AXES),
    **dict.fromkeys(("output_shape", "noise_shape", "shape"), SIZES),
    **dict.fromkeys(("activation", "recurrent_activation"), ACTIVATION),
    "scale": Rule("true, false or numbers", _each(_is_scale, MOST_AXES)),
    "target_shape": Rule("sizes, of which one may be -1", _is_target),
    "padding": _word("valid", "same", "causal", "full"),
    "data_format": _word("channels_last", "channels_first"),
    "interpolation": _word(
        "nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area"
    ),
    "merge_mode": _word("concat", "sum", "mul", "ave"),
    "output_mode": _word("int", "one_hot", "multi_hot", "count"),
    "score_mode": _word("dot", "concat"),
    "equation": _matching(HARMLESS_TEXT, "letters, commas and an arrow"),
    "bias_axes": _matching(HARMLESS_TEXT, "letters"),
    "dtype": _matching(POLICY, "the name of a type of numbers"),
}

EDGED = ("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D")  # `padding` is of sizes

REQUIRED: dict[str, tuple[str, ...]] = {
    "Dense": ("units",),
    "EinsumDense": ("equation", "output_shape"),
    "Embedding": ("input_dim", "output_dim"),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), ("units",)),
    **dict.fromkeys(("LSTMCell", "GRUCell", "SimpleRNNCell"), ("units",)),
    **{f"Conv{axes}D": ("filters", "kernel_size") for axes in (1, 2, 3)},
    **{f"Conv{axes}DTranspose": ("filters", "kernel_size") for axes in (1, 2, 3)},
    **{f"ConvLSTM{axes}D": ("filters", "kernel_size") for axes in (1, 2, 3)},
    **{f"SeparableConv{axes}D": ("filters", "kernel_size") for axes in (1, 2)},
    **{f"DepthwiseConv{axes}D": ("kernel_size",) for axes in (1, 2)},
    "Activation": ("activation",),
    "Reshape": ("target_shape",),
    "Permute": ("dims",),
    "RepeatVector": ("n",),
    **dict.fromkeys(("CenterCrop", "Resizing"), ("height", "width")),
    "Rescaling": ("scale",),
    **dict.fromkeys(("Dropout", "AlphaDropout", "GaussianDropout"), ("rate",)),
    **{f"SpatialDropout{axes}D": ("rate",) for axes in (1, 2, 3)},
    "GaussianNoise": ("stddev",),
    "Dot": ("axes",),
    "MultiHeadAttention": ("num_heads", "key_dim"),
}


def are_right(plan: ModelPlan, found: Findings) -> bool:
    """Whether all settings of a model are; those that are not are problems."""
    before = len(found.problems)
    _check(plan, found, "")
    return len(found.problems) == before


def _check(plan: ModelPlan, found: Findings, prefix: str) -> None:
    """Note a problem with each setting, and each constant in a call, that is odd.

    Args:
        plan: of a model.
        found: takes the problems.
        prefix: what the full names of its layers begin with.
    """
    for layer in plan.layers.values():
        _check_layer(layer, found, f"{prefix}{layer.name}")
    for call in plan.calls:
        name = f"{prefix}{call.layer}"
        _check_call(call, plan.layers[call.layer], name, found)


def _check_layer(layer: LayerPlan, found: Findings, name: str) -> None:
    """Check the settings of a layer, and of what is in it."""
    if layer.model is not None:
        _check(layer.model, found, f"{name}.")
    for inside in layer.inside:
        _check_layer(inside, found, f"{name}.{inside.name}")
    for setting in REQUIRED.get(layer.keras, ()):
        if layer.config.get(setting) is None:
            expected = RULES[setting].expected
            found.problem(f"{name}: {layer.keras} without {setting}, {expected}")
    for setting, value in layer.config.items():
        rule = _rule(layer, setting)
        if value is None or (layer.keras == INPUT and value == OPEN_SHAPE):
            continue
        if rule is None or not rule.is_met(value):
            expected = "nothing" if rule is None else rule.expected
            shown = printable(repr(value), LONGEST_VALUE)
            found.problem(f"{name}: {setting} is {expected}, got {shown}")


def _rule(layer: LayerPlan, setting: str) -> Rule | None:
    """What a setting of a layer may be; None where it has none of the name."""
    if layer.keras in EDGED and setting == "padding":
        return EDGES
    if layer.keras == INPUT and setting == "dtype":
        return _matching(DTYPE, "the name of a type of numbers")
    return RULES.get(setting)


def _check_call(call: Call, layer: LayerPlan, name: str, found: Findings) -> None:
    """Check the constants in a call, and that it reads a tensor."""
    if layer.keras == INPUT:
        return
    if not call.inputs:
        found.problem(f"{name}: it is called with no tensor")
    if layer.keras == STUB:
        return
    for value in _constants([*call.args, dict(call.kwargs)]):
        if not _is_constant(value):
            shown = printable(repr(value), LONGEST_VALUE)
            found.problem(f"{name}: it is called with {shown}, which no port can say")


def _constants(value: Any) -> Iterator[Any]:
    """What stands in the arguments of a call beside tensors."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _constants(item)
    elif isinstance(value, Mapping):
        yield from value
        for item in value.values():
            yield from _constants(item)
    elif isinstance(value, slice):
        yield from _constants([value.start, value.stop, value.step])
    elif not [*tensors_in(value)]:
        yield value


def _is_constant(value: Any) -> bool:
    """Whether a value may stand in source as it is."""
    if isinstance(value, str):
        return HARMLESS_TEXT.fullmatch(value) is not None
    if isinstance(value, int):
        return abs(value) <= LARGEST_INDEX
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf"
    return value is None or value is Ellipsis or isinstance(value, float)
