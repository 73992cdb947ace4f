"""Mean of windows of which Keras says "same"."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from compare.in_pytorch.ported.pad_same import pad_same


def average_pool_same(
    x: torch.Tensor, window: tuple[int, ...], strides: tuple[int, ...]
) -> torch.Tensor:
    """Return the mean of each window of x, (batch, channels, *axes).

    There is a window for each stride, and it counts the steps that are no padding.
    """
    pool = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[len(window)]
    inside = pad_same(torch.ones_like(x[:1, :1]), window, strides)
    total = pool(pad_same(x, window, strides), window, strides)
    return total / pool(inside, window, strides)
