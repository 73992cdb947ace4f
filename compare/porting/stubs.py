"""Stubs in the plan of a model: layers that are left for the user to write."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from compare.kinds.graph import (
    INPUT,
    STUB,
    Call,
    LayerPlan,
    Missing,
    ModelPlan,
    Tensor,
    TensorFacts,
    tensors_in,
    with_tensors,
)

Shape = tuple[int | None, ...]


def stubs_of(plan: ModelPlan) -> Iterator[str]:
    """The names of the layers of a model that are stubs."""
    for layer in plan.layers.values():
        if layer.keras == STUB:
            yield layer.name


def results_of(plan: ModelPlan, number: int) -> int:
    """How many results of a stub's call are known of: those that something reads."""
    read = [t.output for call in plan.calls for t in call.inputs if t.call == number]
    read += [t.output for t in tensors_in(plan.outputs) if t.call == number]
    told = plan.layers[plan.calls[number].layer].missing
    count = 0 if told is None else len(told.results)
    return max([*(output + 1 for output in read), count, 1])


def inlined(plan: ModelPlan, names: Container[str] = (), prefix: str = "") -> ModelPlan:
    """The model with the layers of models inside that have stubs among its own.

    They have their full names then, by which weights are known in any case.

    Args:
        plan: of the model.
        names: full names of layers that are to become stubs.
        prefix: what the full names of its layers begin with.
    """
    layers: dict[str, LayerPlan] = {}
    calls: list[Call] = []
    tensors: dict[Tensor, Any] = {}
    for number, call in enumerate(plan.calls):
        layer = plan.layers[call.layer]
        args = with_tensors(call.args, tensors.__getitem__)
        kwargs = with_tensors(dict(call.kwargs), tensors.__getitem__)
        full_name = f"{prefix}{layer.name}"
        if layer.model is None or not _has_stub(layer.model, names, f"{full_name}."):
            layers[layer.name] = layer
            calls.append(Call(layer.name, args, kwargs))
            for output in range(results_read(plan, number)):
                tensors[Tensor(number, output)] = Tensor(len(calls) - 1, output)
            continue
        inside = inlined(layer.model, names, f"{full_name}.")
        given = dict(
            zip(tensors_in(inside.inputs), tensors_in((args, kwargs)), strict=True)
        )
        places: dict[Tensor, Tensor] = {}
        for inner, inner_call in enumerate(inside.calls):
            own = inside.layers[inner_call.layer]
            if own.keras == INPUT:
                places[Tensor(inner)] = given[Tensor(inner)]
                continue
            name = f"{layer.name}.{own.name}"
            layers[name] = replace(own, name=name)
            inner_args = with_tensors(inner_call.args, places.__getitem__)
            inner_kwargs = with_tensors(dict(inner_call.kwargs), places.__getitem__)
            calls.append(Call(name, inner_args, inner_kwargs))
            for output in range(results_read(inside, inner)):
                places[Tensor(inner, output)] = Tensor(len(calls) - 1, output)
        for output, tensor in enumerate(tensors_in(inside.outputs)):
            tensors[Tensor(number, output)] = places[tensor]
    return ModelPlan(
        plan.name,
        layers,
        tuple(calls),
        with_tensors(plan.inputs, tensors.__getitem__),
        with_tensors(plan.outputs, tensors.__getitem__),
    )


def stubbed(
    plan: ModelPlan,
    problems: Mapping[str, str],
    facts: Sequence[tuple[TensorFacts, ...]] = (),
) -> ModelPlan:
    """The model with stubs in the place of some layers.

    Args:
        plan: of the model.
        problems: why each of them cannot be written, by its full name; a model in a
            wrapper goes by the wrapper's, and what follows a dot.
        facts: of the results of each call, where they are known.
    """
    layers = {}
    for name, layer in plan.layers.items():
        own = [full for full in problems if f"{full}.".startswith(f"{name}.")]
        if own and layer.keras != STUB:
            shapes: tuple[Shape | None, ...] = ()
            if facts:
                number = [call.layer for call in plan.calls].index(name)
                shapes = tuple(fact.shape or None for fact in facts[number])
            settings = {"class": layer.keras, **layer.config}
            missing = Missing(problems[own[0]], settings, shapes)
            layer = LayerPlan(name, STUB, missing=missing)
        layers[name] = layer
    return replace(plan, layers=layers)


def results_read(plan: ModelPlan, number: int) -> int:
    """How many results of a call something may read."""
    read = [t.output for call in plan.calls for t in call.inputs if t.call == number]
    read += [t.output for t in tensors_in(plan.outputs) if t.call == number]
    return max([0, *read]) + 1


def _has_stub(plan: ModelPlan, names: Container[str], prefix: str) -> bool:
    """Whether a model has a stub, or a layer that is to become one."""
    for layer in plan.layers.values():
        full_name = f"{prefix}{layer.name}"
        if layer.keras == STUB or full_name in names:
            return True
        if layer.model is not None and _has_stub(layer.model, names, f"{full_name}."):
            return True
    return False
