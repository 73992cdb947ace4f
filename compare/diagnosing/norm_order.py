"""Transformers whose norms stand in another place in each framework."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.diagnosing.finding import Finding, Reading
from compare.in_pytorch.attention import norms_first
from compare.kinds.mistake import OrderOfNorms

if TYPE_CHECKING:
    from compare.twins.twins import Twins

BEFORE = "before attention and feed-forward, within the residual"
AFTER = "after each residual is added"


def norms_elsewhere(twins: Twins) -> Finding | None:
    """What it would be if Keras had the norms of PyTorch's transformer elsewhere.

    It is for the cure to show whether that is so.

    Args:
        twins: both.

    Returns:
        None where PyTorch's model has no transformer layer of PyTorch.
    """
    places = norms_first(twins.model("torch", "float64"))
    if not places:
        return None
    layer, is_first = next(iter(places.items()))
    torch, keras = (BEFORE, AFTER) if is_first else (AFTER, BEFORE)
    sentence = f"the norms of {layer} stand {torch} in PyTorch, {keras} in Keras"
    fix = (
        f"either PyTorch: norm_first={not is_first} or Keras: call the norms {torch}, "
        f"as norm_first={is_first} does"
    )
    readings = (Reading("", (), sentence, fix),)
    return Finding(layer, readings, cure=OrderOfNorms())
