"""Which tensors have the time before the batch, for the shapes in comments."""

from __future__ import annotations

from collections.abc import Sequence

from compare.kinds.graph import INPUT, TIME_FIRST, ModelPlan, Tensor, TensorFacts
from compare.kinds.source import TensorText, shape_text


def time_first(
    plan: ModelPlan, facts: Sequence[tuple[TensorFacts, ...]]
) -> frozenset[Tensor]:
    """The tensors whose first axis is time and whose second is the batch.

    An operation that leaves as many axes as there were leaves them where they were, but
    for one that exchanges the first two.
    """
    tensors: set[Tensor] = set()
    for number, call in enumerate(plan.calls):
        layer = plan.layers[call.layer]
        if layer.keras == INPUT:
            if layer.config.get(TIME_FIRST):
                tensors.add(Tensor(number))
            continue
        if not call.inputs:
            continue
        first = call.inputs[0]
        is_first = first in tensors
        if layer.keras == "ops.transpose":
            axes = tuple(call.kwargs.get("axes", ()))
            is_first = is_first != (axes[:2] == (1, 0))
        count = len(facts[first.call][first.output].shape)
        for output, fact in enumerate(facts[number]):
            added = 1 if layer.keras == "Embedding" else 0
            if is_first and len(fact.shape) == count + added:
                tensors.add(Tensor(number, output))
    return frozenset(tensors)


def shape_words(fact: TensorFacts, is_time_first: bool) -> str:
    """The shape of a tensor for a comment: (batch, time, 8), or (time, batch, 8)."""
    shape = fact.shape
    if len(shape) == 2 and shape[1] is None:
        words = "(batch, time)"  # of words, the only numbers of which any may come
    elif is_time_first and len(shape) > 2:
        words = shape_text(TensorText("", (shape[1], shape[0], *shape[2:])))
    else:
        return shape_text(TensorText("", shape))
    if not is_time_first:
        return words
    first, second, *rest = words.strip("()").split(", ")
    return f"({', '.join([second, first, *rest])})"
