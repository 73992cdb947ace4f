"""What a PyTorch model takes for channels, seen from what it does with an input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from compare.in_pytorch.functions import Function, FunctionMode
from compare.in_pytorch.refusals import REFUSALS
from compare.in_pytorch.twin import Twin
from compare.judging.arrays import IMAGE_AXES

# Functions, and beginnings of their names, that take (batch, channels, ...).
CHANNELS_SECOND = (
    "conv",
    "batch_norm",
    "instance_norm",
    "group_norm",
    "max_pool",
    "avg_pool",
    "adaptive_",
    "interpolate",
)
REDUCTIONS = ("mean", "sum", "amax", "amin")  # over all axes beyond the channels


class _First(FunctionMode):
    """Notes what goes into the first function that has the channels second."""

    def __init__(self) -> None:
        super().__init__()
        self.array: np.ndarray | None = None

    def call(
        self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Make a call, and note its input if it is the first of its sort."""
        if self.array is None and args and torch.is_tensor(args[0]):
            x = args[0]
            name = getattr(function, "__name__", "")
            has_channels_second = name.startswith(CHANNELS_SECOND)
            if name in REDUCTIONS:
                has_channels_second = _are_positions(_axes(args, kwargs), x.ndim)
            if has_channels_second:
                self.array = x.detach().numpy().copy()
        return function(*args, **kwargs)


def _axes(args: Sequence[Any], kwargs: Mapping[str, Any]) -> object:
    """The axes that a function of a tensor is told; None where it is told none."""
    if "dim" in kwargs:
        return kwargs["dim"]
    return args[1] if len(args) > 1 else None


def _are_positions(axes: object, count: int) -> bool:
    """Whether these are several axes, all of so many but the batch and the channels."""
    if not isinstance(axes, tuple | list) or count < IMAGE_AXES:
        return False
    return {axis % count for axis in axes} == set(range(2, count))


class Run:
    """A run of a model, in which that is noted.

    Args:
        twin: in float32.
        arrays: one for each input.

    Attributes:
        first: what the first function with the channels second was given, (batch,
            channels, ...); None where there was none.
        is_whole: whether the model took the arrays.
    """

    def __init__(self, twin: Twin, arrays: Sequence[np.ndarray]) -> None:
        noted = _First()
        self.is_whole = True
        try:
            with torch.no_grad(), noted:
                twin.results(twin.tensors(arrays))
        except REFUSALS:
            self.is_whole = False
        self.first = noted.array


def reads_at(twin: Twin, arrays: Sequence[np.ndarray], number: int, axis: int) -> bool:
    """Whether a model takes an axis of an input for channels, without moving it.

    The numbers of one channel are changed: no others are to change in what the first
    function with the channels second is given.

    Args:
        twin: in float32.
        arrays: one for each input.
        number: of the input.
        axis: of the input.
    """
    arrays = [np.ascontiguousarray(array) for array in arrays]
    changed = [array.copy() for array in arrays]
    channel = np.moveaxis(changed[number], axis, 0)[1]  # a view
    channel[...] = 3 - 2 * channel  # of bytes as well, which go round
    before, after = Run(twin, arrays).first, Run(twin, changed).first
    if before is None or after is None or before.shape != after.shape:
        return False
    if before.shape[1] != changed[number].shape[axis]:
        return False
    channels = np.unique(np.nonzero(~np.isclose(before, after))[1])
    return channels.tolist() == [1]
