"""Normalisation by the variance alone, without taking the mean away."""

from __future__ import annotations

import torch
from torch import nn


class VarianceNorm(nn.Module):
    """Divide by the root of the variance of the last axes, and scale.

    It is Keras's LayerNormalization(rms_scaling=True), which is no RMSNorm.

    Args:
        shape: of the last axes.
        eps: what keeps the divisor from zero.
    """

    def __init__(self, *shape: int, eps: float):
        super().__init__()
        self.axes = tuple(range(-len(shape), 0))
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x, (batch, ..., *shape), normalised."""
        variance = x.var(self.axes, correction=0, keepdim=True)
        return x * torch.rsqrt(variance + self.eps) * self.weight
