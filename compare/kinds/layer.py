"""A layer as data: its kind, and its arrays by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

Arrays = Mapping[str, "np.ndarray"]  # by name, such as `weight_ih_l0`

BY_HAND = " by hand"  # the end of the kind of a layer whose code is the user's own


@dataclass(frozen=True)
class Layer:
    """A layer as it is matched and moved.

    Args:
        kind: the name of the layer's class, as `kind_of` of an adapter gives it.
        arrays: by name.
        by_hand: whether the user wrote what it computes: a class of their own, or one
            derived from a layer that computes otherwise.
    """

    kind: str
    arrays: Arrays
    by_hand: bool = False

    @property
    def kind_at_work(self) -> str:
        """The kind that tells what the layer computes: of one by hand, that is open."""
        return f"{self.kind}{BY_HAND}" if self.by_hand else self.kind
