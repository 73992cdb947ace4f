"""Transformer layers of PyTorch whose `norm_first` is not what Keras's model does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.norm_places import OF_SUBLAYERS
from compare.in_pytorch.attention import norms_first
from compare.kinds.mistake import OrderOfNorms

if TYPE_CHECKING:
    from compare.twins.twins import Twins


def norms_of_transformers(twins: Twins) -> Finding | None:
    """Suppose that Keras has the norms of PyTorch's transformer in the other place.

    Only the cure shows whether that is so.

    Args:
        twins: both.

    Returns:
        None where PyTorch's model has no transformer layer of PyTorch.
    """
    places = norms_first(twins.model("torch", "float64"))
    if not places:
        return None
    layer, is_first = next(iter(places.items()))
    torch, keras = OF_SUBLAYERS["after"], OF_SUBLAYERS["before"]
    if is_first:
        torch, keras = keras, torch
    sentence = f"the norms of {layer} stand {torch} in PyTorch, {keras} in Keras"
    fix = (
        f"either PyTorch: norm_first={not is_first} or Keras: call the norms {torch}, "
        f"as norm_first={is_first} does"
    )
    readings = (Reading("", (), sentence, fix),)
    return Finding(layer, readings, cure=OrderOfNorms())
