"""How activations are written in PyTorch, as layers of Keras and inside others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compare.kinds.graph import LayerPlan
from compare.kinds.source import Site, Source, TensorText, number_text

# Calls of PyTorch by Keras's name; "{x}" is what they are called on, "{axis}" the axis
# of the features.
CALLS = {
    "celu": "F.celu({x})",
    "elu": "F.elu({x})",
    "exponential": "torch.exp({x})",
    "gelu": "F.gelu({x})",
    "glu": "F.glu({x}, dim={axis})",
    "hard_shrink": "F.hardshrink({x})",
    "hard_sigmoid": "F.hardsigmoid({x})",
    "hard_sigmoid_fifth": "(0.2 * {x} + 0.5).clamp(0, 1)",
    "hard_silu": "F.hardswish({x})",
    "hard_swish": "F.hardswish({x})",
    "hard_tanh": "F.hardtanh({x})",
    "leaky_relu": "F.leaky_relu({x}, 0.2)",
    "log_sigmoid": "F.logsigmoid({x})",
    "log_softmax": "F.log_softmax({x}, dim={axis})",
    "mish": "F.mish({x})",
    "relu": "torch.relu({x})",
    "relu6": "F.relu6({x})",
    "selu": "F.selu({x})",
    "sigmoid": "torch.sigmoid({x})",
    "silu": "F.silu({x})",
    "soft_shrink": "F.softshrink({x})",
    "softmax": "F.softmax({x}, dim={axis})",
    "softplus": "F.softplus({x})",
    "softsign": "F.softsign({x})",
    "swish": "F.silu({x})",
    "tanh": "torch.tanh({x})",
    "tanh_shrink": "F.tanhshrink({x})",
}


def name_of(activation: Any) -> str:
    """The name of an activation as a configuration has it; "linear" for none."""
    if activation is None:
        return "linear"
    if isinstance(activation, Mapping):
        config = activation.get("config")
        return config if isinstance(config, str) else str(activation.get("class_name"))
    return str(activation)


def is_known(activation: Any) -> bool:
    """Whether an activation can be written."""
    name = name_of(activation)
    return name == "linear" or name in CALLS


def activated(activation: Any, text: str, axis: int = -1) -> str:
    """What an activation makes of an expression, as text.

    Args:
        activation: as a configuration has it: a name, or a layer with its settings.
        text: the expression.
        axis: of PyTorch's tensor, that has the features.
    """
    settings = _settings_of(activation)
    if settings is not None:
        return LAYERS[name_of(activation)](text, settings)
    name = name_of(activation)
    return text if name == "linear" else CALLS[name].format(x=text, axis=axis)


def _settings_of(activation: Any) -> Mapping[str, Any] | None:
    """The settings of a layer that is given as an activation; None of a function."""
    if isinstance(activation, Mapping) and isinstance(activation["config"], Mapping):
        settings: Mapping[str, Any] = activation["config"]
        return settings
    return None


def relu_text(x: str, settings: Mapping[str, Any]) -> str:
    """Relu with a slope below zero and a limit above it."""
    limit, slope = settings.get("max_value"), settings.get("negative_slope") or 0.0
    if slope:
        text = f"F.leaky_relu({x}, {slope})"
        return text if limit is None else f"{text}.clamp(max={number_text(limit)})"
    if limit is None:
        return f"torch.relu({x})"
    return f"F.relu6({x})" if limit == 6 else f"{x}.clamp(0, {number_text(limit)})"


def leaky_relu_text(x: str, settings: Mapping[str, Any]) -> str:
    """Relu with a slope below zero."""
    return f"F.leaky_relu({x}, {settings.get('negative_slope', 0.3)})"


def elu_text(x: str, settings: Mapping[str, Any]) -> str:
    """The exponential below zero."""
    alpha = settings.get("alpha", 1.0)
    return f"F.elu({x})" if alpha == 1 else f"F.elu({x}, {number_text(alpha)})"


# Layers that Keras takes as an activation.
LAYERS = {"ReLU": relu_text, "LeakyReLU": leaky_relu_text, "ELU": elu_text}


def activation_problem(plan: LayerPlan) -> str:
    """What cannot be written of the activation of a layer, or ""."""
    activation = plan.config.get("activation")
    settings, name = _settings_of(activation), name_of(activation)
    if settings is None and is_known(activation):
        return ""
    if settings is not None and name in LAYERS and not settings.get("threshold"):
        return ""
    return (
        f"{plan.keras} with the activation {name}: needs one that PyTorch has a "
        "function of, or a layer of its own for it"
    )


def with_activation(site: Site, text: str, value: TensorText | None = None) -> str:
    """What a layer's own activation makes of its result.

    Args:
        site: of the layer.
        text: the result without the activation.
        value: the layout of the result; None for that of the input.
    """
    axis = (value or site.x).features_axis
    return activated(site.plan.config.get("activation"), text, axis)


def _activation(site: Site) -> str:
    return with_activation(site, site.x.text)


ACTIVATIONS = {"Activation": Source(_activation)}
