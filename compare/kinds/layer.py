"""A layer as data: its kind, and its arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Arrays = Mapping[str, "np.ndarray"]  # by name, such as `weight_ih_l0`


@dataclass(frozen=True)
class Layer:
    """The arrays of one layer by name, and the name of the layer's class."""

    kind: str
    arrays: Arrays
