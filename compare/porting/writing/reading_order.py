"""The calls of a model in the order in which a person would write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from compare.kinds.graph import (
    INPUT,
    STUB,
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    TensorFacts,
    tensors_in,
    with_tensors,
)

Facts = Sequence[tuple[TensorFacts, ...]]


def in_reading_order(plan: ModelPlan, facts: Facts) -> tuple[ModelPlan, Facts]:
    """A model whose branches are written one after the other, the longest one first.

    Keras saves calls by how far they are from the end, so that branches alternate.

    Args:
        plan: of the model.
        facts: of the results of each call.

    Returns:
        Both, in the new order; as they were where the order of calls has a meaning.
    """
    if _order_matters(plan):
        return plan, facts
    order = _order(plan)
    places = {number: place for place, number in enumerate(order)}

    def moved(tensor: Tensor) -> Tensor:
        return Tensor(places[tensor.call], tensor.output)

    calls = []
    for number in order:
        call = plan.calls[number]
        args = with_tensors(call.args, moved)
        calls.append(Call(call.layer, args, with_tensors(dict(call.kwargs), moved)))
    plan = replace(
        plan,
        calls=tuple(calls),
        inputs=with_tensors(plan.inputs, moved),
        outputs=with_tensors(plan.outputs, moved),
    )
    return plan, [facts[number] for number in order]


def _order_matters(plan: ModelPlan) -> bool:
    """Whether a layer that remembers its calls, or a stub, is called more than once."""
    called = [call.layer for call in plan.calls]
    several = [plan.layers[name] for name in {*called} if called.count(name) > 1]
    return any(map(_remembers, several))


def _remembers(layer: LayerPlan) -> bool:
    if layer.keras == STUB or layer.config.get("stateful"):
        return True
    inside = [*layer.inside]
    if layer.model is not None:
        inside += layer.model.layers.values()
    return any(map(_remembers, inside))


def _order(plan: ModelPlan) -> list[int]:
    """The numbers of the calls: inputs, what results need, and what nothing needs."""
    depths: list[int] = []  # of each call: how many calls come before it in a row
    for call in plan.calls:
        before = [depths[tensor.call] for tensor in call.inputs]
        depths.append(1 + max(before, default=0))
    numbers = range(len(plan.calls))
    order = [n for n in numbers if plan.layers[plan.calls[n].layer].keras == INPUT]
    done = {*order}
    for end in tensors_in(plan.outputs):
        waiting = [end.call]
        while waiting:
            number = waiting[-1]
            needed = [tensor.call for tensor in plan.calls[number].inputs]
            missing = [n for n in dict.fromkeys(needed) if n not in done]
            if missing and number not in done:
                waiting.append(max(missing, key=depths.__getitem__))
                continue
            waiting.pop()
            if number not in done:
                done.add(number)
                order.append(number)
    return order + [number for number in numbers if number not in done]
