"""The constants of a PyTorch model: numbers that nobody learns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from compare.in_pytorch.kinds import own_modules


def replace_constants(
    model: torch.nn.Module, change: Callable[[np.ndarray], np.ndarray | None]
) -> Iterator[str]:
    """Put other numbers in the place of constants; yield the names of those replaced.

    Args:
        model: in either precision; changed in place.
        change: takes the numbers of a constant, of any shape, and returns the new ones,
            or None to leave them.
    """
    for path, module in own_modules(model):
        held = {**vars(module), **dict(module.named_buffers(recurse=False))}
        for name, value in held.items():
            if not isinstance(value, torch.Tensor) or not value.is_floating_point():
                continue
            numbers = change(value.numpy())
            if numbers is not None:
                setattr(module, name, torch.from_numpy(numbers))
                yield f"{path}.{name}" if path else name


def constants(model: torch.nn.Module) -> Iterator[np.ndarray]:
    """The numbers of the constants of a model's own modules, in float64."""
    for _, module in own_modules(model):
        held = {**vars(module), **dict(module.named_buffers(recurse=False))}
        for value in held.values():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                yield value.detach().double().numpy()
