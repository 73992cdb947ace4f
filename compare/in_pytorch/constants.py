"""The constants of a PyTorch model: numbers that nobody learns."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from compare.in_pytorch.layers import own_modules


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
        for name, tensor in held.items():
            if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
                numbers = change(tensor.numpy())
                if numbers is not None:
                    setattr(module, name, torch.from_numpy(numbers))
                    yield f"{path}.{name}" if path else name
