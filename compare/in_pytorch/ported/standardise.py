"""Standardising by a mean and a variance that were learnt from data beforehand."""

from __future__ import annotations

import torch
from torch import nn


class Standardise(nn.Module):
    """Bring what is fed in to mean 0 and variance 1, as Keras's Normalization does.

    Args:
        shape: of mean and variance, with size 1 along axes that share them.
        invert: whether it does the opposite.
    """

    mean: torch.Tensor
    variance: torch.Tensor

    def __init__(self, *shape: int, invert: bool = False):
        super().__init__()
        self.invert = invert
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("variance", torch.ones(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (x - mean) / deviation, of the shape of x."""
        deviation = self.variance.sqrt().clamp(min=1e-7)
        if self.invert:
            return x * deviation + self.mean
        return (x - self.mean) / deviation
