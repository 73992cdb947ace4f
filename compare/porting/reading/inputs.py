"""Shapes of inputs that a configuration leaves out, from the arrays of first layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from compare.kinds.graph import INPUT, LayerPlan, ModelPlan
from compare.porting.reading.findings import Findings
from compare.porting.reading.models import OPEN_SHAPE

Arrays = Mapping[str, Any]

AXES_OF_KERNEL = {f"Conv{axes}D": axes for axes in (1, 2, 3)}
SEQUENTIAL = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional")


def with_inputs(
    model: ModelPlan, weights: Mapping[str, Arrays], found: Findings, prefix: str = ""
) -> ModelPlan:
    """The model with the shapes of its inputs, where weights tell them.

    Args:
        model: whose inputs may have an open shape.
        weights: of all layers, by their full name.
        found: takes notes, and problems with shapes that nothing tells.
        prefix: what the full names of the layers begin with.
    """
    layers = {}
    for name, plan in model.layers.items():
        if plan.model is not None:
            inside = with_inputs(plan.model, weights, found, f"{prefix}{name}.")
            plan = replace(plan, model=inside)
        elif plan.inside and plan.inside[0].model is not None:
            wrapped = plan.inside[0].model
            inside = with_inputs(wrapped, weights, found, f"{prefix}{name}.")
            inner = replace(plan.inside[0], model=inside)
            plan = replace(plan, inside=(inner,))
        elif plan.keras == INPUT and plan.config["shape"] == OPEN_SHAPE:
            shape = _shape(model, weights, prefix)
            if shape is None:
                found.problem(
                    f"{prefix}{name}: an input whose shape nothing tells; write "
                    "batch_input_shape into the configuration of the first layer"
                )
                shape = []
            found.note(f"{prefix}{name}: its shape {shape} is told by weights alone")
            plan = replace(plan, config={**plan.config, "shape": shape})
        layers[name] = plan
    return replace(model, layers=layers)


def _shape(
    model: ModelPlan, weights: Mapping[str, Arrays], prefix: str
) -> list[int | None] | None:
    """The shape that the first layer with arrays reads, without the batch."""
    for name, plan in model.layers.items():
        arrays = weights.get(f"{prefix}{name}", {})
        if plan.model is not None:
            for inner in plan.model.layers.values():
                if inner.keras == INPUT and inner.config["shape"] != OPEN_SHAPE:
                    return list(inner.config["shape"])
            return None
        if arrays:
            return shape_read_by(plan, arrays)
    return None


def shape_read_by(plan: LayerPlan, arrays: Arrays) -> list[int | None] | None:
    """The shape that a layer with these arrays reads, without the batch."""
    kernel = next(iter(arrays.values()))
    if plan.keras == "Embedding":
        return [None]
    if plan.keras == "Dense":
        return [kernel.shape[0]]
    if plan.keras in SEQUENTIAL and kernel.ndim == 2:
        return [None, kernel.shape[0]]
    axes = AXES_OF_KERNEL.get(plan.keras)
    if axes is None or plan.config.get("groups", 1) != 1:
        return None
    if plan.config.get("data_format") == "channels_first":
        return [kernel.shape[-2], *[None] * axes]
    return [*[None] * axes, kernel.shape[-2]]
