"""How activations are written in PyTorch, as layers of Keras and inside others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compare.kinds.source import Site, Source, TensorText

# Calls of PyTorch by Keras's name; "{x}" is what they are called on, "{axis}" the axis
# of the features.
CALLS = {
    "celu": "F.celu({x})",
    "elu": "F.elu({x})",
    "exponential": "torch.exp({x})",
    "gelu": "F.gelu({x})",
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
        activation: as a configuration has it.
        text: the expression.
        axis: of PyTorch's tensor, that has the features.
    """
    name = name_of(activation)
    return text if name == "linear" else CALLS[name].format(x=text, axis=axis)


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
