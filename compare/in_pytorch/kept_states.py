"""States that a port keeps from call to call: left out, or begun anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from compare.in_pytorch import ports
from compare.in_pytorch.models import copied
from compare.judging.words import Precision


@contextmanager
def forgetting(model: torch.nn.Module) -> Iterator[None]:
    """Let each call of a port, or of a copy, begin with zeros inside the block."""
    begin_anew(model)
    keepers = list(_keepers(model))
    try:
        for module in keepers:
            module.keep = _forget
        yield
    finally:
        for module in keepers:
            del module.keep


def begin_anew(model: torch.nn.Module) -> None:
    """Let the next call begin with zeros."""
    for module in _keepers(model):
        module.reset_states()


def over_calls(
    model: torch.nn.Module, calls: Sequence[Sequence[np.ndarray]], dtype: Precision
) -> list[list[np.ndarray]]:
    """What calls in turn return, of which the first begins with zeros.

    Args:
        model: in any precision; it is not changed.
        calls: inputs of each, one array for each input.
        dtype: in which it computes.

    Returns:
        For each call, one array for each result.
    """
    copy = copied(model, dtype)
    begin_anew(copy)
    returned = []
    for arrays in calls:
        given = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
        returned.append(ports.results(copy, given))
    return returned


def _keepers(model: torch.nn.Module) -> Iterator[Any]:
    """The modules that are `ported.kept_states.KeptStates`, as a port has a copy."""
    for module in model.modules():
        if type(module).__name__ == "KeptStates":
            yield module


def _forget(states: object) -> None:
    """Keep nothing, in the place of `KeptStates.keep`."""
