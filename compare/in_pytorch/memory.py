"""Tensors that share memory, such as tied weights: writing one writes the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from compare.errors import BadInput
from compare.matching.precision import dtype_of


def shared(tensors: Mapping[str, torch.Tensor]) -> list[list[str]]:
    """Names of tensors that share memory, with others or within themselves."""
    filled = [name for name, tensor in tensors.items() if tensor.numel()]
    groups: list[list[str]] = []
    end, device = 0, None  # of what the last group covers
    for name in sorted(filled, key=lambda name: _place(tensors[name])):
        tensor = tensors[name]
        if tensor.device != device or tensor.data_ptr() >= end:
            groups.append([])
            end = 0
        groups[-1].append(name)
        end = max(end, tensor.data_ptr() + _length(tensor))
        device = tensor.device
    return [
        names
        for names in groups
        if len(names) > 1 or _overlaps_itself(tensors[names[0]])
    ]


def check(
    names: Sequence[str],
    tensors: Mapping[str, torch.Tensor],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write arrays into a copy of memory that is shared, and see that all are there.

    Args:
        names: of tensors that `shared` returned.
        tensors: by name.
        arrays: what would be written to each.

    Raises:
        BadInput: if one would be written over with other numbers.
    """
    start = min(tensors[name].data_ptr() for name in names)
    end = max(tensors[name].data_ptr() + _length(tensors[name]) for name in names)
    memory = bytearray(end - start)
    views = {name: _view(memory, start, tensors[name]) for name in names}
    for name, view in views.items():
        np.copyto(view, arrays[name], casting="unsafe")
    for name, view in views.items():
        if not np.array_equal(view, arrays[name].astype(view.dtype), equal_nan=True):
            who = " and ".join(names) if len(names) > 1 else f"elements of {name}"
            raise BadInput(
                f"{name}: expected numbers of its own for each array, got {who}, which "
                "share memory in the target and would get different ones; untie them "
                "in PyTorch, or tie their twins in Keras"
            )


def _place(tensor: torch.Tensor) -> tuple[str, int]:
    """Device and address, to sort by."""
    return str(tensor.device), tensor.data_ptr()


def _length(tensor: torch.Tensor) -> int:
    """Bytes from the first element to the end of the last."""
    last = 0  # its place, in elements
    for size, step in zip(tensor.shape, tensor.stride(), strict=True):
        last += (size - 1) * step
    return (last + 1) * tensor.element_size()


def _overlaps_itself(tensor: torch.Tensor) -> bool:
    """Whether two elements of a tensor, as `expand` makes them, are one in memory."""
    reach = 0  # how far the axes with smaller steps go, in elements
    for step, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size > 1:
            if step <= reach:
                return True
            reach += (size - 1) * step
    return False


def _view(memory: bytearray, start: int, tensor: torch.Tensor) -> np.ndarray:
    """An array that lies in a copy of memory as a tensor lies in the memory itself.

    Args:
        memory: the copy.
        start: the address that it begins with.
        tensor: in the memory from there on.
    """
    size = tensor.element_size()
    return np.ndarray(
        tuple(tensor.shape),
        dtype_of(tensor),
        memory,
        tensor.data_ptr() - start,
        [step * size for step in tensor.stride()],
    )
