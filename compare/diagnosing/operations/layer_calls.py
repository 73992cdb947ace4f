"""Layers and functions of a trace as the kinds of the suite compute them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.layouts import first_input
from compare.diagnosing.operations.regions import Regions
from compare.judging.words import Side
from compare.kinds import BY_HAND, BY_TORCH_NAME, of_keras_class
from compare.kinds.convolution_arrays import as_weight
from compare.kinds.kind import Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import Call
from compare.kinds.prelu import PRELU, slopes_are_of_second_axis
from compare.mistakes.traces import Step, Trace

# What a function of PyTorch takes, in order, as its layer calls it.
CONVOLVING = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
FUNCTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "conv1d": ("Conv1d", CONVOLVING),
    "conv2d": ("Conv2d", CONVOLVING),
    "conv3d": ("Conv3d", CONVOLVING),
    "layernorm": ("LayerNorm", ("input", "normalized_shape", "weight", "bias", "eps")),
    "groupnorm": ("GroupNorm", ("input", "num_groups", "weight", "bias", "eps")),
    "batchnorm": (
        "BatchNorm",
        (
            *("input", "running_mean", "running_var", "weight", "bias"),
            *("training", "momentum", "eps"),
        ),
    ),
}
# What PyTorch's function takes where nothing is said.
DEFAULTS = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "eps": 1e-5}
RECURRENT_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


@dataclass(frozen=True)
class Layer:
    """A layer, or a function in its place, at work.

    Args:
        kind: what it computes.
        call: with its settings, in Keras's words, and its input, features last.
        output: what it made, features last; of a recurrent layer as it is.
    """

    kind: Kind
    call: Call
    output: np.ndarray

    @property
    def computed(self) -> Any:
        """What its settings say; None where they, or a packed input, are not known."""
        try:
            return self.call.run()
        except (KeyError, TypeError, ValueError):
            return None

    @property
    def is_right(self) -> bool:
        """Whether it makes what its settings say."""
        result = self.computed
        if isinstance(result, Mapping):
            return any(_is_near(form, self.output) for form in forms(result))
        return isinstance(result, np.ndarray) and _is_near(result, self.output)


def forms(result: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """What a recurrent layer may return: all steps, and its last state."""
    return [result["output"], result["h_n"][-1]]


def _is_near(computed: np.ndarray, output: np.ndarray) -> bool:
    """Whether a layer made what was computed, in float64."""
    if computed.shape != output.shape:
        return False
    return bool(np.allclose(computed, output, rtol=1e-9, atol=1e-12))


def layer_at(step: Step, trace: Trace, side: Side) -> Layer | None:
    """The layer, or the function in its place, that a step is; None for another.

    Args:
        step: of the trace.
        trace: of that side.
        side: whose it is.
    """
    if side == "keras":
        return _of_keras(step, trace)
    if step.is_layer:
        return _of_pytorch(step, trace)
    return _of_function(step, trace)


def twins_at(change: Candidate, regions: Regions) -> tuple[Layer, Layer] | None:
    """The layers of one kind that both steps of a change are, PyTorch's first.

    Args:
        change: a step of PyTorch that does what one of Keras does.
        regions: where the twins differ.

    Returns:
        None where a step is no layer, or they are of two kinds.
    """
    if change.keras is None:
        return None
    torch = layer_at(change.torch, regions.torch.trace, "torch")
    keras = layer_at(change.keras, regions.keras.trace, "keras")
    if torch is None or keras is None or torch.kind is not keras.kind:
        return None
    return torch, keras


def _of_function(step: Step, trace: Trace) -> Layer | None:
    """A function of PyTorch that does what a layer does."""
    name = step.name.replace("_", "").lower()
    if name not in FUNCTIONS or not step.outputs:
        return None
    kind_name, parameters = FUNCTIONS[name]
    tensors = [trace.array(value) for value in step.inputs]
    x = tensors[0]
    if kind_name == "BatchNorm":
        kind_name = f"BatchNorm{max(x.ndim - 2, 1)}d"
    kind = BY_TORCH_NAME[kind_name]
    arguments = {**DEFAULTS, **_named(step.arguments, parameters)}
    named = [name for name in parameters if name in arguments]
    names = [name for name in named if arguments[name] is None]
    # A tensor that is given by its name is not noted with the name.
    untold = [name for name in ("weight", "bias") if name not in arguments]
    names += untold[: len(tensors) - len(names)]
    arrays = dict(zip(names, tensors, strict=False))
    arrays.pop("input", None)
    if len(names) != len(tensors) or "weight" not in arrays:
        return None
    weight = arrays["weight"]
    settings = SimpleNamespace(
        **{key: value for key, value in arguments.items() if value is not None},
        out_channels=len(weight),
        kernel_size=weight.shape[2:],
    )
    return _layer(kind, arrays, settings, x, trace.array(step.outputs[0]), "torch")


def _named(arguments: Mapping[str, Any], parameters: tuple[str, ...]) -> dict[str, Any]:
    """Arguments of a function by name; None for a tensor, nothing for a lack of it."""
    named = {}
    for key, value in arguments.items():
        if key.isdigit() and int(key) < len(parameters):
            named[parameters[int(key)]] = value
        elif not key.isdigit():
            named[key] = value
    return named


def _of_pytorch(step: Step, trace: Trace) -> Layer | None:
    """A layer of PyTorch."""
    kind = BY_TORCH_NAME.get(step.name)
    place = first_input(step, trace)
    if kind is None or place is None or kind.rows is None or not step.outputs:
        return None
    prefix = f"the weight {step.layer}." if step.layer else "the weight "
    arrays = {}
    for value in trace.values:
        name = value.source.removeprefix(prefix)
        if value.source.startswith(prefix) and "." not in name:
            arrays[name] = value.array
    settings = SimpleNamespace(**step.arguments)
    x = trace.array(step.inputs[place])
    output = trace.array(step.outputs[0])
    is_turned = kind.family == "recurrent" and not step.arguments.get("batch_first")
    if is_turned and x.ndim == 3 and output.ndim == 3:
        x, output = x.swapaxes(0, 1), output.swapaxes(0, 1)
    return _layer(kind, arrays, settings, x, output, "torch")


def _of_keras(step: Step, trace: Trace) -> Layer | None:
    """A layer of Keras, its arrays as PyTorch has them."""
    kind = _kind_of_keras(step.name) if step.is_layer else None
    place = first_input(step, trace)
    if kind is None or place is None or kind.rows is None or not step.outputs:
        return None
    keras: dict[str, np.ndarray] = {}
    for value in trace.values:
        prefix = f"the weight {step.layer}/"
        if value.source.startswith(prefix):
            name = value.source.removeprefix(prefix)
            if name in keras:
                return None  # of two layers of one name, or of two directions
            keras[name] = value.array
    if not keras:
        return None
    arrays = _as_in_pytorch(kind, keras)
    if arrays is None:
        return None
    settings = SimpleNamespace(**step.arguments)
    x, output = trace.array(step.inputs[place]), trace.array(step.outputs[0])
    return _layer(kind, arrays, settings, x, output, "keras")


def _kind_of_keras(name: str) -> Kind | None:
    """The kind of a class of Keras; that of a ConvLSTM2D has no sizes in its name."""
    for kind in BY_HAND:
        if name[:-2] in kind.keras and name.endswith("D"):
            return kind
    return of_keras_class(name)


def _as_in_pytorch(kind: Kind, keras: Arrays) -> dict[str, np.ndarray] | None:
    """Arrays of Keras's layer in PyTorch's layout, if that is known without a twin."""
    torch: dict[str, np.ndarray] = {}
    if kind in BY_HAND:
        torch = {name.removesuffix("_l0"): np.zeros(0) for name in RECURRENT_NAMES}
    elif kind.family == "recurrent":
        torch = {name: np.zeros(0) for name in RECURRENT_NAMES}
    elif "kernel" in keras:
        torch = {"weight": as_weight(keras["kernel"])}
    assert kind.rows is not None
    moved: dict[str, np.ndarray] = {}
    try:
        for row in kind.rows(torch, keras):
            if all(name in keras for name in row.keras):
                arrays = row.to_torch(*[keras[name] for name in row.keras])
                moved |= dict(zip(row.torch, arrays, strict=True))
    except (IndexError, KeyError, ValueError):
        return None
    return moved


def _layer(
    kind: Kind,
    arrays: Arrays,
    settings: SimpleNamespace,
    x: np.ndarray,
    output: np.ndarray,
    side: Side,
) -> Layer | None:
    """A layer at work; None where its settings cannot be read."""
    try:
        options = kind.options_of(side, settings)
    except (AttributeError, TypeError):
        return None
    is_first = kind.features_first and x.ndim > 2
    if kind is PRELU:
        is_first = slopes_are_of_second_axis(arrays["weight"].size, x.ndim)
    if side == "torch" and is_first:
        x, output = np.moveaxis(x, 1, -1), np.moveaxis(output, 1, -1)
    call = Call(kind.name, kind.compute, arrays, x, None, options)
    if kind.family == "recurrent":
        call = replace(call, options={})
    return Layer(kind, call, output)
