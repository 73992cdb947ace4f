"""Statistics of batches, kept in PyTorch as Keras keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from compare.in_pytorch.models import hooked, options_set
from compare.judging.model_causes import Alignment


@contextmanager
def statistics_kept(model: torch.nn.Module, alignment: Alignment) -> Iterator[None]:
    """Let batch norms keep their statistics in another way inside the block.

    Args:
        model: that learns in the block.
        alignment: in what way.
    """
    hooks: list[Any] = []
    with ExitStack() as stack:
        for name, momentum in alignment.momenta.items():
            layer = model.get_submodule(name)
            stack.enter_context(options_set(layer, momentum=1 - momentum))
        for name in alignment.variance:
            hooks += _of_all_values(model.get_submodule(name))
        stack.enter_context(hooked(hooks))
        yield


def _of_all_values(layer: Any) -> list[Any]:
    """Hooks on a batch norm, whose new variances divide by all values then."""
    before: list[torch.Tensor] = []

    def keep(module: torch.nn.Module, args: object) -> None:
        before.append(layer.running_var.clone())

    def correct(module: torch.nn.Module, args: Any, result: object) -> None:
        old = before.pop()
        if not layer.training:
            return
        momentum = layer.momentum
        if momentum is None:  # the mean of all batches
            momentum = 1 / float(layer.num_batches_tracked)
        number = args[0].numel() / args[0].shape[1]  # of the values of a feature
        share = old * (1 - momentum)
        # By `.data`, which autograd does not see: the layer keeps the tensor for its
        # gradients, which read nothing of it.
        new = layer.running_var.data - share
        layer.running_var.data.copy_(share + new * (number - 1) / number)

    return [
        layer.register_forward_pre_hook(keep),
        layer.register_forward_hook(correct),
    ]
