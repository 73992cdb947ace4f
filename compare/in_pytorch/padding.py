"""Whether a PyTorch model leaves padded steps out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from compare.in_pytorch.arrays import tensors_in
from compare.in_pytorch.functions import Function, FunctionMode
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin

PACKS = "_pack_padded_sequence"


def leaves_out_padding(twin: Twin, arrays: Sequence[np.ndarray]) -> bool:
    """Whether a model tells padded steps from others, as by packing or by a mask.

    A mask is known by its type: booleans, as many as there are samples. One that is
    made of numbers alone, such as `tokens.clamp(max=1)`, is not seen.

    Args:
        twin: the model, in one precision.
        arrays: one for each of the twin's inputs; floats in float32.
    """
    watching = _WatchingForMasks(len(arrays[0]))
    tensors = [tensor.clone() for tensor in twin.tensors(arrays)]
    with torch.no_grad(), suppress(*REFUSALS), watching:
        twin.results(tensors)
    return watching.has_seen_one


class _WatchingForMasks(FunctionMode):
    """Looks for a mask of samples in what functions of PyTorch take and return.

    Args:
        batch: number of samples.

    Attributes:
        has_seen_one: whether there was one, or something was packed.
    """

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.has_seen_one = False
        self._batch = batch

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Make a call, and look for a mask among what it takes and returns."""
        result = function(*args, **kwargs)
        if not self.has_seen_one:
            tensors = tensors_in([result, *args, *kwargs.values()])
            packs = getattr(function, "__name__", "") == PACKS
            self.has_seen_one = packs or any(self._is_mask(x) for x in tensors)
        return result

    def _is_mask(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor is booleans of samples, (batch, ...), or (time, batch)."""
        return (
            tensor.dtype == torch.bool
            and tensor.ndim > 1
            and self._batch in tensor.shape[:2]
        )
