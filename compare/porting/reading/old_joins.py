"""Joins of masked tensors, which mean something else in Keras 3."""

from __future__ import annotations

from dataclasses import replace

from compare.kinds.graph import JOINS, OLD_MASKS, LayerPlan, ModelPlan
from compare.porting.reading.masks import makes_mask


def with_old_joins(plan: ModelPlan) -> ModelPlan:
    """A model of Keras 1 or 2, in which each join takes masks as it did there.

    Args:
        plan: of the model; without a layer that makes a mask it stays as it is.
    """
    if not any(map(makes_mask, plan.layers.values())):
        return plan
    return _with_old_joins(plan)


def _with_old_joins(plan: ModelPlan) -> ModelPlan:
    layers = {name: _layer(layer) for name, layer in plan.layers.items()}
    return replace(plan, layers=layers)


def _layer(plan: LayerPlan) -> LayerPlan:
    """A layer with the joins in it."""
    if plan.model is not None:
        return replace(plan, model=_with_old_joins(plan.model))
    if plan.inside:
        return replace(plan, inside=tuple(map(_layer, plan.inside)))
    if plan.keras in JOINS:
        return replace(plan, config={**plan.config, OLD_MASKS: True})
    return plan
