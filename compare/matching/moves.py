"""What a transfer moves, by full names such as `lstm.bias`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Move:
    """What went where: full names such as `lstm.bias`."""

    source: tuple[str, ...]
    target: tuple[str, ...]


@dataclass(frozen=True)
class Sum:
    """Two arrays of a PyTorch layer whose sum is one array of its Keras twin."""

    layer: str
    torch: tuple[str, ...]
    keras: str
