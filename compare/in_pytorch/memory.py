"""Tensors that share memory, such as tied weights: writing one writes the other."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compare.errors import BadInput
from compare.matching.precision import dtype_of

Tensor = Any  # of PyTorch, which need not be loaded for this


def shared(tensors: Mapping[str, Tensor]) -> list[list[str]]:
    """Names of tensors that share memory, with others or within themselves."""
    found, end, device = [], 0, None
    filled = [name for name, tensor in tensors.items() if tensor.numel()]
    for name in sorted(filled, key=lambda n: _place(tensors[n])):
        tensor = tensors[name]
        if tensor.device != device or tensor.data_ptr() >= end:
            found.append([])
            end = 0
        found[-1].append(name)
        end, device = max(end, tensor.data_ptr() + _length(tensor)), tensor.device
    return [n for n in found if len(n) > 1 or _overlaps_itself(tensors[n[0]])]


def check(
    names: list[str],
    tensors: Mapping[str, Tensor],
    arrays: Mapping[str, np.ndarray],
):
    """Write arrays into a copy of memory that is shared, and see that all are there.

    Args:
        names: of tensors that `shared` returned.
        tensors: by name.
        arrays: what would be written to each.

    Raises:
        BadInput: if one would be written over with other numbers.
    """
    start = min(tensors[name].data_ptr() for name in names)
    size = max(tensors[n].data_ptr() + _length(tensors[n]) for n in names) - start
    memory = bytearray(size)
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


def _place(tensor):
    return str(tensor.device), tensor.data_ptr()


def _length(tensor):
    """Bytes from the first element to behind the last."""
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    return (sum((n - 1) * step for n, step in steps) + 1) * tensor.element_size()


def _overlaps_itself(tensor):
    steps = sorted(
        (step, n) for n, step in zip(tensor.shape, tensor.stride(), strict=True)
    )
    reach = 0
    for step, n in steps:
        if n > 1:
            if step <= reach:
                return True
            reach += (n - 1) * step
    return False


def _view(memory, start, tensor):
    size = tensor.element_size()
    return np.ndarray(
        tuple(tensor.shape),
        dtype_of(tensor),
        memory,
        tensor.data_ptr() - start,
        [step * size for step in tensor.stride()],
    )
