"""The layers of a PyTorch model that hold no arrays, seen while it runs."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import torch

from compare.in_pytorch.arrays import features_last
from compare.in_pytorch.kinds import kind_of
from compare.in_pytorch.layers import layers
from compare.in_pytorch.models import hooked
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.mistakes.bare import BareLayer, bare_layer, kind_named


@torch.no_grad()
def bare_layers(twin: Twin, arrays: tuple[np.ndarray, ...]) -> list[BareLayer]:
    """Look at each layer without arrays that takes one tensor and runs once, in order.

    Args:
        twin: in float64.
        arrays: one for each input.
    """
    holding = layers(twin.model)
    last = [""]  # the layer with arrays that ran last
    runs: dict[str, list[BareLayer | None]] = {}

    def watched(name: str) -> Any:
        def after(module: torch.nn.Module, args: tuple[Any, ...], result: Any) -> None:
            if name in holding:
                last[0] = name
                return
            runs.setdefault(name, []).append(
                _at_work(name, module, args, result, last[0])
            )

        return after

    hooks = [
        module.register_forward_hook(watched(name))
        for name, module in twin.model.named_modules()
        if name in holding or (name and not any(module.children()))
    ]
    with hooked(hooks), suppress(*REFUSALS):
        twin.results(twin.tensors(arrays))
    return [
        calls[0] for calls in runs.values() if len(calls) == 1 and calls[0] is not None
    ]


def _at_work(
    name: str, module: torch.nn.Module, args: tuple[Any, ...], result: Any, after: str
) -> BareLayer | None:
    """One run of a layer; None where it is of no kind, or takes no single tensor."""
    kind = kind_named("torch", kind_of(module))
    if kind is None or len(args) != 1 or not isinstance(args[0], torch.Tensor):
        return None
    if not isinstance(result, torch.Tensor):
        return None
    x = features_last(module, args[0].clone()).numpy()
    output = features_last(module, result.clone()).numpy()
    return bare_layer("torch", name, kind, module, x, output, after)
