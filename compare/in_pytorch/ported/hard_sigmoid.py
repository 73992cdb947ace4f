"""The hard sigmoid of Keras before version 3."""

from __future__ import annotations

import torch


def hard_sigmoid(x: torch.Tensor) -> torch.Tensor:
    """0.2 x + 0.5, limited to [0, 1], as Keras had it before version 3.

    Keras 3 and PyTorch's hardsigmoid have x / 6 + 0.5.
    """
    return (0.2 * x + 0.5).clamp(0, 1)
