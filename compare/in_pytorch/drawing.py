"""What the layers of a PyTorch model take and return in one run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch

from compare.in_pytorch.kinds import is_by_hand, kind_of
from compare.in_pytorch.models import hooked
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.judging.arrays import flat
from compare.mistakes.drawing import Arrays, LayerRun

# What to change where the code draws, and no layer of PyTorch.
IN_CODE = (
    "give F.dropout and the like training=self.training: their training is True "
    "unless it is told"
)


@torch.no_grad()
def layer_runs(twin: Twin, arrays: Arrays) -> list[LayerRun]:
    """Run a twin once; return what each layer did, those inside a layer before it.

    Args:
        twin: in any precision.
        arrays: one for each input.
    """
    runs: list[LayerRun] = []
    hooks = []
    for name, module in twin.model.named_modules():
        if name:
            noting = _noting(runs, name)
            hooks.append(module.register_forward_hook(noting, with_kwargs=True))
    with hooked(hooks), suppress(*REFUSALS):
        twin.results(twin.tensors(arrays))
    return runs


def _noting(runs: list[LayerRun], name: str) -> Callable[..., None]:
    """A hook that notes what a layer did."""

    def hook(
        module: torch.nn.Module, args: tuple[Any, ...], kwargs: Any, result: Any
    ) -> None:
        paths = [path for path, _ in module.named_modules() if path]
        inside = tuple(f"{name}.{path}" for path in paths)
        fix = IN_CODE
        if not is_by_hand(module):
            fix = f"model.eval(), and no {name}.train() in forward"
        inputs, outputs = _arrays((args, kwargs)), _arrays(result)
        runs.append(LayerRun(name, kind_of(module), inputs, outputs, inside, fix))

    return hook


def _arrays(value: object) -> Arrays:
    """Copies of the tensors in a value, in order."""
    tensors = [tensor for _, tensor in flat(value) if isinstance(tensor, torch.Tensor)]
    return tuple(tensor.numpy(force=True).copy() for tensor in tensors)
