"""Activations that follow a layer, as its setting: Dense(8, activation="relu")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compare.kinds.graph import (
    OPERATION,
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    tensors_in,
    with_tensors,
)

# Operations that are an activation by this name, with the arguments that make them so.
NAMES: Mapping[str, Mapping[str, Any]] = {
    "elu": {"alpha": 1.0},
    "gelu": {"approximate": False},
    "leaky_relu": {"negative_slope": 0.2},
    "relu": {},
    "relu6": {},
    "selu": {},
    "sigmoid": {},
    "silu": {},
    "softmax": {"axis": -1},
    "softplus": {},
    "tanh": {},
}
# Arguments that have another value where they are left out than the activation has.
NEEDED = {"gelu": "approximate"}
LAYERS = (
    "Dense",
    "EinsumDense",
    *(f"Conv{axes}D" for axes in (1, 2, 3)),
    *(f"Conv{axes}DTranspose" for axes in (1, 2, 3)),
    *(f"DepthwiseConv{axes}D" for axes in (1, 2)),
    *(f"SeparableConv{axes}D" for axes in (1, 2)),
)


def with_activations_inside(plan: ModelPlan) -> ModelPlan:
    """A model whose layers have the activations that nothing but these read.

    Args:
        plan: of the model.

    Returns:
        With the same calls; those of activations that went into layers have no reader.
    """
    layers = dict(plan.layers)
    taken: dict[Tensor, Tensor] = {}  # the layer's result for that of an activation
    ends = [*tensors_in(plan.outputs)]
    for number, call in enumerate(plan.calls):
        name = _activation(plan.layers[call.layer], call)
        if not name:
            continue
        (tensor,) = call.inputs
        layer = layers[plan.calls[tensor.call].layer]
        calls = [other for other in plan.calls if other.layer == layer.name]
        is_read_alone = plan.readers_of(tensor) == [number] and tensor not in ends
        if not is_read_alone or len(calls) > 1 or not _takes_one(layer):
            continue
        config = {**layer.config, "activation": name}
        layers[layer.name] = replace(layer, config=config)
        taken[Tensor(number)] = tensor
    if not taken:
        return plan

    def found(tensor: Tensor) -> Tensor:
        return taken.get(tensor, tensor)

    calls_after = [
        Call(
            call.layer,
            with_tensors(call.args, found),
            with_tensors(dict(call.kwargs), found),
        )
        for call in plan.calls
    ]
    outputs = with_tensors(plan.outputs, found)
    return replace(plan, layers=layers, calls=tuple(calls_after), outputs=outputs)


def _activation(layer: LayerPlan, call: Call) -> str:
    """The name of the activation that a call is, or ""."""
    name = layer.keras.removeprefix(OPERATION)
    if not layer.keras.startswith(OPERATION) or name not in NAMES:
        return ""
    if len(call.args) != 1 or not isinstance(call.args[0], Tensor):
        return ""
    settings = {**layer.config, **call.kwargs}
    if name in NEEDED and NEEDED[name] not in settings:
        return ""
    usual = NAMES[name]
    is_usual = all(key in usual and usual[key] == settings[key] for key in settings)
    return name if is_usual else ""


def _takes_one(layer: LayerPlan) -> bool:
    """Whether a layer can have an activation, and has none."""
    return layer.keras in LAYERS and layer.config.get("activation") in (None, "linear")
