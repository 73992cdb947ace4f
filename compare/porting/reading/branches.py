"""A Sequential of Keras 1 that began with a Merge of other models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compare.kinds.graph import INPUT, MODEL, Call, LayerPlan, ModelPlan, Tensor
from compare.porting.reading.findings import Config, Findings
from compare.porting.reading.layers import name_of
from compare.porting.reading.merging import merged

ReadModel = Callable[[Config, Findings, str], ModelPlan]
ReadLayers = Callable[[list[Config], str, Findings], list[LayerPlan]]


def with_branches(
    name: str,
    layers: list[Config],
    prefix: str,
    found: Findings,
    read_model: ReadModel,
    read_layers: ReadLayers,
) -> ModelPlan:
    """The model: an input for each branch, the branches, the merge, what follows.

    Args:
        name: of the model.
        layers: the merge with the branches in it, and what follows.
        prefix: what the full names of the layers begin with.
        found: takes notes and problems.
        read_model: reads a branch.
        read_layers: reads what follows.
    """
    first = layers[0]
    plans: dict[str, LayerPlan] = {}
    calls: list[Call] = []
    inputs: list[Any] = []
    branches: list[Any] = []
    described = first["config"]["layers"]
    for number, branch in enumerate(described):
        branch_name = name_of(branch) or f"branch_{number + 1}"
        if branch_name in plans:
            branch_name = f"{branch_name}_{number + 1}"
        model = read_model(branch, found, f"{prefix}{branch_name}")
        found.classes[f"{prefix}{branch_name}"] = branch["class_name"]
        own_inputs = []
        for inner in model.layers.values():
            if inner.keras == INPUT:
                input_name = f"{branch_name}_{inner.name}"
                plans[input_name] = LayerPlan(input_name, INPUT, inner.config)
                calls.append(Call(input_name))
                own_inputs.append(Tensor(len(calls) - 1))
        inputs += own_inputs
        plans[branch_name] = LayerPlan(branch_name, MODEL, model=model)
        argument: Any = own_inputs
        if len(own_inputs) == 1:
            argument = own_inputs[0]
        calls.append(Call(branch_name, (argument,)))
        branches.append(Tensor(len(calls) - 1))
    merge_name = name_of(first) or "merge"
    plans[merge_name] = merged(
        first["config"], merge_name, f"{prefix}{merge_name}", found
    )
    calls.append(Call(merge_name, (branches,)))
    for plan in read_layers(layers[1:], prefix, found):
        plans[plan.name] = plan
        calls.append(Call(plan.name, (Tensor(len(calls) - 1),)))
    return ModelPlan(name, plans, tuple(calls), inputs, Tensor(len(calls) - 1))
