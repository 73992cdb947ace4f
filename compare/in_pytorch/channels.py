"""The layers whose tensors have features before time."""

from __future__ import annotations

import torch

CHANNELS_FIRST = ("Conv1d", "BatchNorm1d", "InstanceNorm1d", "Pool1d")


def has_channels_first(layer: torch.nn.Module, tensor: torch.Tensor) -> bool:
    """Whether a tensor of this layer is (batch, features, time), Keras's otherwise."""
    return tensor.ndim == 3 and type(layer).__name__.endswith(CHANNELS_FIRST)
