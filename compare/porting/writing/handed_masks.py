"""Masks that Keras hands on by itself, taken out of a model as data.

Keras 3 writes each mask that a layer was handed into its file, with the operations that
made it, as if the user had given it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from compare.kinds.graph import (
    HANDED_ON,
    JOINS,
    OLD_MASKS,
    OPERATION,
    Call,
    ModelPlan,
    Tensor,
    TensorFacts,
    tensors_in,
)

# A tensor, or how operations make it of tensors: a name, and what it is called with.
Expression = Any

# The arguments of masks that Keras fills in, by the number of the tensor they are of.
ARGUMENTS = {"query_mask": 0, "value_mask": 1, "key_mask": 2}


def without_handed_masks(
    plan: ModelPlan, facts: Sequence[tuple[TensorFacts, ...]]
) -> ModelPlan:
    """The model without the masks that its layers are handed anyway.

    Args:
        plan: of the model.
        facts: of the results of each call.

    Returns:
        With the same calls; those that nothing needs any more take nothing.
    """
    reader = _MaskReader(plan, facts)
    calls = [reader.read(number) for number in range(len(plan.calls))]
    plan = replace(plan, calls=tuple(calls))
    needed = needed_calls(plan)
    for number, call in enumerate(calls):
        if number not in needed:
            calls[number] = Call(call.layer)
    return replace(plan, calls=tuple(calls))


def needed_calls(plan: ModelPlan) -> set[int]:
    """The numbers of the calls that the outputs of a model need, inputs included."""
    needed = {tensor.call for tensor in tensors_in((plan.inputs, plan.outputs))}
    for number in reversed(range(len(plan.calls))):
        if number in needed:
            needed |= {tensor.call for tensor in plan.calls[number].inputs}
    return needed


def _in_order(masks: Any, tensors: Any = None) -> Any:
    """The masks of a dictionary of tensors as a list, in the order of the tensors.

    Args:
        masks: what a call is given as its mask.
        tensors: what the masks are of.
    """
    if not isinstance(masks, Mapping) or not isinstance(tensors, Mapping):
        return masks
    if all(mask is None for mask in masks.values()):
        return None
    return [masks.get(name) for name in tensors]


class _MaskReader:
    """Reads calls in order, and knows which mask each tensor has in Keras."""

    def __init__(self, plan: ModelPlan, facts: Sequence[tuple[TensorFacts, ...]]):
        self.plan = plan
        self.facts = facts
        self.masks: dict[Tensor, Expression] = {}
        self.made: dict[Tensor, Expression] = {}

    def read(self, number: int) -> Call:
        """The call of a number without the masks that Keras hands on."""
        call = self.plan.calls[number]
        layer = self.plan.layers[call.layer]
        if layer.keras.startswith(OPERATION):
            name = layer.keras.removeprefix(OPERATION)
            parts = [self._expression(tensor) for tensor in call.inputs]
            self.made[Tensor(number)] = (name, *parts)
            return call
        kwargs = dict(call.kwargs)
        given = _in_order(kwargs.pop("mask", None), *call.args[:1])
        first = [*tensors_in(call.args[:1])]
        handed = [self.masks.get(tensor) for tensor in first]
        if given is not None and given != HANDED_ON:
            masks = given if isinstance(given, list | tuple) else [given]
            explicit = [None if m is None else self._expression(m) for m in masks]
            if explicit != handed[: len(explicit)]:
                kwargs["mask"] = given
                handed = explicit
            elif len(first) < len(call.inputs) - len([*tensors_in(given)]):
                # Keras 3 hands no mask on to a layer that takes tensors beside.
                kwargs["mask"] = HANDED_ON
        elif given is not None:
            kwargs["mask"] = given
        of_arguments = [*tensors_in(call.args)]
        for name, place in ARGUMENTS.items():
            mask = kwargs.get(name)
            if not isinstance(mask, Tensor) or place >= len(of_arguments):
                continue
            if self._expression(mask) == self.masks.get(of_arguments[place]):
                del kwargs[name]
        mask = self._mask_of_result(layer, first, handed)
        for output, facts in enumerate(self.facts[number]):
            if facts.masked:
                self.masks[Tensor(number, output)] = mask
        return replace(call, kwargs=kwargs)

    def _expression(self, tensor: Tensor) -> Expression:
        return self.made.get(tensor, tensor)

    def _mask_of_result(
        self, layer: Any, inputs: list[Tensor], masks: list[Expression]
    ) -> Expression:
        """The mask that Keras makes for what a layer returns."""
        values = [self._expression(tensor) for tensor in inputs]
        if layer.keras == "Embedding":
            return "not_equal", values[0]
        if layer.keras == "Masking":
            return "any", ("not_equal", values[0])
        if layer.keras == "Concatenate" and not layer.config.get(OLD_MASKS):
            parts: list[Expression] = []
            for value, mask in zip(values, masks, strict=False):
                if mask is None:
                    parts.append(("ones_like", value))
                else:
                    whole = "expand_dims", mask
                    parts.append(("logical_or", whole, ("zeros_like", value)))
            return "any", ("concatenate", *parts)
        if not any(masks):
            return None
        result = masks[0]
        if layer.config.get(OLD_MASKS):
            result, *following = filter(None, masks)
            for mask in following:
                result = "logical_and", result, mask
        elif layer.keras in JOINS:
            for mask in masks[1:]:
                result = "logical_or", result, mask
        return result
