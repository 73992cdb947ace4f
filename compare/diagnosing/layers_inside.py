"""What is seen of the layers inside a model that have twins; each is a place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from compare.mistakes.anatomy import Anatomy
from compare.mistakes.runs import layer_of

T = TypeVar("T")


def of_layers_inside(torch: Anatomy, layers: Collection[str]) -> Anatomy:
    """What is seen at work, of the layers that have a twin; others are between them."""
    kinds = {n: kind for n, kind in torch.kinds.items() if layer_of(n) in layers}
    arrays = {n: held for n, held in torch.arrays.items() if layer_of(n) in layers}
    torch = replace(torch, kinds=kinds, arrays=arrays)
    return _without_the_model_itself(torch) if len(layers) > 1 else torch


def _without_the_model_itself(torch: Anatomy) -> Anatomy:
    """What is seen at work, without a model that holds parameters beside its layers.

    All layers run inside it: alone, it is no place in the model.
    """
    return replace(
        torch,
        kinds=_inside(torch.kinds),
        arrays=_inside(torch.arrays),
        layer_inputs=_inside(torch.layer_inputs),
        layer_outputs=_inside(torch.layer_outputs),
    )


def _inside(by_run: Mapping[str, T]) -> dict[str, T]:
    """What is known of runs of layers inside a model, which alone have names."""
    return {run: value for run, value in by_run.items() if layer_of(run)}
