"""Padding of which Keras says "same", where sizes are not known beforehand."""

from __future__ import annotations

import torch
import torch.nn.functional as F


def pad_same(
    x: torch.Tensor,
    reaches: tuple[int, ...],
    strides: tuple[int, ...],
    value: float = 0.0,
) -> torch.Tensor:
    """Pad each axis of x, (batch, channels, *axes), so that no stride is left out.

    Where an odd number of steps is added, the larger half comes after the axis.
    """
    numbers: list[int] = []
    for size, reach, stride in zip(x.shape[2:], reaches, strides, strict=True):
        steps = max((size - 1) // stride * stride + reach - size, 0)
        numbers = [steps // 2, steps - steps // 2, *numbers]
    return F.pad(x, numbers, value=value)
