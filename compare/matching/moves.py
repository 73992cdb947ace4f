"""What a transfer moves, by full names such as `lstm.bias`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Move:
    """Which arrays of the source became which of the target, by full names."""

    source: tuple[str, ...]
    target: tuple[str, ...]


@dataclass(frozen=True)
class Sum:
    """Two arrays of a PyTorch layer whose sum is one array of its Keras twin."""

    layer: str
    torch: tuple[str, ...]
    keras: str
