"""Tensors that PyTorch's model takes and returns, in its layout.

Arrays of the suite have the channels last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compare.judging.arrays import by_field
from compare.judging.layout import Layout


def channels_placed(layout: Layout, tensors: list[Any]) -> list[Any]:
    """Tensors, channels last, as PyTorch's model of a layout takes them.

    They stand in memory as a user's do: a model may `view` what it makes of them.
    """
    moved = []
    for number, tensor in enumerate(tensors):
        axis = layout.axis_of_input(number)
        if axis:
            tensor = tensor.movedim(-1, axis)
            # With one channel, contiguous() alone would keep the strides of channels
            # last, and a convolution would hand them on.
            tensor = tensor.flatten().view(tensor.shape)
        moved.append(tensor)
    return moved


def channels_last(layout: Layout, results: Any) -> Any:
    """What PyTorch's model of a layout returned, channels last.

    Results count as `compare.judging.arrays.flat` names them.
    """
    if not any(layout.results):
        return results
    return _channels_last(layout, results, iter(range(len(layout.results))))


def _channels_last(layout: Layout, results: Any, numbers: Iterator[int]) -> Any:
    """Results of any nesting, channels last; `numbers` counts their tensors."""
    results = by_field(results)
    if isinstance(results, dict):
        return {
            name: _channels_last(layout, results[name], numbers)
            for name in sorted(results)
        }
    if isinstance(results, list | tuple):
        return tuple(_channels_last(layout, result, numbers) for result in results)
    if results is None:
        return None
    axis = layout.axis_of_result(next(numbers, len(layout.results)))
    return results.movedim(axis, -1) if axis else results
