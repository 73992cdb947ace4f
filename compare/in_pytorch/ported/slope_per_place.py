"""Relu with a learnt slope, of which PyTorch has one for each channel at most."""

from __future__ import annotations

import torch
from torch import nn


class SlopePerPlace(nn.Module):
    """Multiply what is below zero by a slope that is learnt for each place.

    Args:
        shape: of the slopes: that of x without the batch, or 1 along axes that share.
    """

    def __init__(self, *shape: int):
        super().__init__()
        self.weight = nn.Parameter(torch.full(shape, 0.25))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, and slope * x where x is below zero; both (batch, *shape)."""
        return torch.where(x > 0, x, self.weight * x)
