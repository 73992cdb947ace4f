"""Modules that the suite wrote, given their weights and run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

COUNTER = "num_batches_tracked"  # of a batch normalisation, which Keras does not count


def load(port: torch.nn.Module, state: Mapping[str, np.ndarray]) -> None:
    """Give a module all its arrays.

    Raises:
        ValueError: if it has others: a mistake of this suite.
    """
    expected = {name for name in port.state_dict() if not name.endswith(COUNTER)}
    if expected != set(state):
        raise ValueError(f"expected arrays for {sorted(expected)}, got {sorted(state)}")
    tensors = {name: torch.tensor(array) for name, array in state.items()}  # a copy
    port.load_state_dict(tensors, strict=False)
    port.eval()


def arrays_of(port: torch.nn.Module) -> dict[str, np.ndarray]:
    """All arrays of a module, by their names in its state dict, to be saved."""
    return {name: tensor.numpy() for name, tensor in port.state_dict().items()}


def results(
    port: torch.nn.Module, arrays: Sequence[np.ndarray], by_key: bool = True
) -> list[np.ndarray]:
    """What a module returns, one array for each result.

    Args:
        port: the module.
        arrays: one for each input.
        by_key: whether those of a dictionary are sorted by their keys, as Keras has
            them; else they are in the module's own order.
    """
    with torch.no_grad():
        returned = port(*map(torch.from_numpy, arrays))
    tensors = tensors_of(returned, by_key)
    return [tensor.numpy() for tensor in tensors if tensor is not None]


def tensors_of(value: Any, by_key: bool = False) -> Iterator[torch.Tensor | None]:
    """All tensors in what a module returns; None for one that a stub should make.

    Args:
        value: a tensor, or lists, tuples and dictionaries of some.
        by_key: as in `results`.
    """
    if value is None or isinstance(value, torch.Tensor):
        yield value
        return
    items = value
    if isinstance(value, Mapping):
        items = [value[key] for key in (sorted(value) if by_key else value)]
    for item in items:
        yield from tensors_of(item, by_key)
