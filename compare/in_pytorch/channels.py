"""The layers whose tensors have features before time."""

from __future__ import annotations

import torch

from compare.kinds import KINDS

CHANNELS_FIRST = {name for kind in KINDS if kind.features_first for name in kind.torch}


def has_channels_first(layer: torch.nn.Module, tensor: torch.Tensor) -> bool:
    """Whether a tensor of this layer is (batch, features, time), Keras's otherwise."""
    if tensor.ndim != 3:
        return False
    # A user's own class is what it is made of, whatever its name.
    classes = [c for c in type(layer).__mro__ if c.__module__.startswith("torch.nn.")]
    return any(cls.__name__ in CHANNELS_FIRST for cls in classes)
