"""Which layers PyTorch can have, said of all of a model at once, before the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compare.errors import BadInput
from compare.kinds.activation_source import activation_problem
from compare.kinds.graph import INPUT, STUB, LayerPlan, ModelPlan, Weights
from compare.kinds.sources import SOURCES
from compare.listing import bounded
from compare.porting.writing.values import unwrapped


def check_writable(
    plan: ModelPlan, weights: Weights, stubs: Sequence[str] = ()
) -> None:
    """See that all layers of a model can be written in PyTorch.

    Args:
        plan: of the model.
        weights: of its layers.
        stubs: what is a stub in the plan, each with its name.

    Raises:
        BadInput: if some cannot; it names all of them, and what would be needed.
    """
    layers = unwritable(plan, weights).items()
    problems = [*stubs, *(f"{name}: {problem}" for name, problem in layers)]
    if problems:
        raise refusal(plan, problems)


def refusal(plan: ModelPlan, problems: Sequence[str]) -> BadInput:
    """The error of a model with layers or calls that PyTorch cannot have."""
    return BadInput(
        f"{plan.name}: expected layers that PyTorch can have, got "
        f"{bounded(problems, '; ')}; --stub writes the rest"
    )


def unwritable(plan: ModelPlan, weights: Weights, prefix: str = "") -> dict[str, str]:
    """What cannot be written of a model, by the layer's full name: and why.

    Args:
        plan: of the model.
        weights: of its layers.
        prefix: what the full names of its layers begin with.
    """
    problems: dict[str, str] = {}
    for layer in plan.layers.values():
        full_name = f"{prefix}{layer.name}"
        inner = unwrapped(layer)
        if inner.model is not None:
            problems |= unwritable(inner.model, weights, f"{full_name}.")
            continue
        problem = problem_of(inner, weights.get(full_name, {}))
        if problem:
            problems[full_name] = problem
    return problems


def problem_of(layer: LayerPlan, arrays: Mapping[str, Any]) -> str:
    """What PyTorch cannot do of a layer, or ""."""
    if layer.keras in (INPUT, STUB):
        return ""
    source = SOURCES.get(layer.keras)
    if source is None:
        return f"{layer.keras}, which is not written yet"
    problem = "" if source.problem is None else source.problem(layer, arrays)
    return problem or activation_problem(layer)
