"""Which layers PyTorch can have, said of all of a model at once, before the work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compare.errors import BadInput
from compare.kinds.activation_source import activation_problem
from compare.kinds.graph import INPUT, LayerPlan, ModelPlan, Weights
from compare.kinds.sources import SOURCES
from compare.listing import bounded
from compare.porting.writing.values import unwrapped


def check_writable(plan: ModelPlan, weights: Weights) -> None:
    """See that all layers of a model can be written in PyTorch.

    Raises:
        BadInput: if some cannot; it names all of them, and what would be needed.
    """
    problems = [*unwritable(plan, weights)]
    if problems:
        raise refusal(plan, problems)


def refusal(plan: ModelPlan, problems: Sequence[str]) -> BadInput:
    """The error of a model with layers or calls that PyTorch cannot have."""
    return BadInput(
        f"{plan.name}: expected layers that PyTorch can have, got "
        f"{bounded(problems, '; ')}"
    )


def unwritable(plan: ModelPlan, weights: Weights, prefix: str = "") -> Iterator[str]:
    """Say what cannot be written of a model: layer, class, and what would be needed."""
    for layer in plan.layers.values():
        full_name = f"{prefix}{layer.name}"
        inner = unwrapped(layer)
        if inner.model is not None:
            yield from unwritable(inner.model, weights, f"{full_name}.")
            continue
        problem = problem_of(inner, weights.get(full_name, {}))
        if problem:
            yield f"{full_name}: {problem}"


def problem_of(layer: LayerPlan, arrays: Mapping[str, Any]) -> str:
    """What PyTorch cannot do of a layer, or ""."""
    if layer.keras == INPUT:
        return ""
    source = SOURCES.get(layer.keras)
    if source is None:
        return f"{layer.keras}, which is not written yet"
    problem = "" if source.problem is None else source.problem(layer, arrays)
    return problem or activation_problem(layer)
