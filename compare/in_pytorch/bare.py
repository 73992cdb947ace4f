"""The layers of a PyTorch model that hold no arrays, as they run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from compare.in_pytorch.arrays import features_last
from compare.in_pytorch.kinds import is_by_hand, kind_of
from compare.in_pytorch.models import hooked
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.kinds import BY_TORCH_NAME, call
from compare.kinds.kind import Kind
from compare.mistakes.bare import IDLE, BareLayer


@torch.no_grad()
def bare_layers(twin: Twin, arrays: tuple[np.ndarray, ...]) -> list[BareLayer]:
    """See what layers without arrays do, each time that one runs, in order.

    Args:
        twin: in float64.
        arrays: one for each input.
    """
    noted: list[BareLayer] = []
    hooks = []
    for name, module in twin.model.named_modules():
        kind = BY_TORCH_NAME.get(kind_of(module))
        is_bare = kind is not None and kind.rows is None and kind.name not in IDLE
        if kind is not None and is_bare and not is_by_hand(module):
            hooks.append(module.register_forward_hook(_noting(noted, name, kind)))
    with hooked(hooks), suppress(*REFUSALS):  # what came before a refusal is seen
        twin.results(twin.tensors(arrays))
    return noted


def _noting(noted: list[BareLayer], name: str, kind: Kind) -> Callable[..., None]:
    """A hook that notes what a layer did."""

    def hook(module: torch.nn.Module, args: tuple[Any, ...], result: Any) -> None:
        tensors = (*args, result)
        if len(args) != 1 or not all(isinstance(x, torch.Tensor) for x in tensors):
            return
        x = features_last(module, args[0]).numpy().copy()
        written = kind_of(module)
        options = kind.options_of("torch", module)
        output = features_last(module, result).numpy().copy()
        at_work = call(written, {}, x, options=options)
        noted.append(BareLayer(name, written, kind, at_work, output))

    return hook
