"""Joins of masked tensors, which mean something else in Keras 3."""

from __future__ import annotations

from dataclasses import replace

from compare.kinds.graph import JOINS, OLD_MASKS, LayerPlan, ModelPlan, Tensor
from compare.porting.reading.findings import Findings
from compare.porting.reading.masks import makes_mask

HEEDING = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "GlobalAveragePooling1D")
HANDING_ON = ("Dropout", "Dense", "Activation", "LayerNormalization", "TimeDistributed")


def check_attention(plan: ModelPlan, found: Findings) -> None:
    """Note a problem with attention whose mask later layers heed in Keras 2 alone.

    Keras 2 hands the mask of the queries on, Keras 3 none.

    Args:
        plan: of a model of Keras 2.
        found: takes the problem.
    """
    if not any(map(makes_mask, plan.layers.values())):
        return
    for number, call in enumerate(plan.calls):
        if plan.layers[call.layer].keras != "MultiHeadAttention":
            continue
        waiting = [number]
        while waiting:
            for reader in plan.readers_of(Tensor(waiting.pop())):
                layer = plan.layers[plan.calls[reader].layer]
                if layer.keras in HEEDING:
                    found.problem(
                        f"{layer.name}: it heeds the mask that Keras 2 hands on from "
                        f"the MultiHeadAttention {call.layer}, and Keras 3 does not"
                    )
                elif layer.keras in HANDING_ON:
                    waiting.append(reader)


def check_masks_of_steps(plan: ModelPlan, found: Findings) -> None:
    """Note a problem with masks that are made at each step, as of letters in words.

    Keras 2 hands them on to the layers that are called at each step too, Keras 3 none.

    Args:
        plan: of a model of Keras 1 or 2.
        found: takes the problem.
    """
    for layer in plan.layers.values():
        if layer.model is not None:
            check_masks_of_steps(layer.model, found)
    for number, call in enumerate(plan.calls):
        layer = plan.layers[call.layer]
        is_masking = layer.keras == "TimeDistributed" and makes_mask(layer)
        if not is_masking or layer.inside[0].model is not None:
            continue
        if plan.readers_of(Tensor(number)):
            found.problem(
                f"{layer.name}: a TimeDistributed of {layer.inside[0].keras} with a "
                "mask for each step, which Keras 2 hands on and Keras 3 does not"
            )


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
