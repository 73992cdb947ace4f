"""Weights of Keras's layers, moved into a port by the rows of their kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compare import kinds
from compare.in_pytorch.layers import read
from compare.kinds.page import Moved


def state_of(port: Any, moves: Sequence[Moved]) -> dict[str, np.ndarray]:
    """The arrays of a port, by their names in its state dict.

    Args:
        port: a module, made by the source that was written.
        moves: which arrays of Keras go into which of its modules.

    Returns:
        Only those that a move gives.

    Raises:
        ValueError: if a move gives an array of another shape than the module has, or
            none to one that needs it: a mistake of this suite.
    """
    state = {}
    for move in moves:
        module = port.get_submodule(move.attribute)
        held = {name: read(tensor) for name, tensor in module.state_dict().items()}
        rows = move.rows
        if rows is None:
            rows = kinds.rows(move.kinds, held, move.arrays)
        for row in rows:
            if not set(row.keras) <= move.arrays.keys():
                continue
            arrays = row.to_torch(*(move.arrays[name] for name in row.keras))
            for name, array in zip(row.torch, arrays, strict=True):
                if held[name].shape != array.shape:
                    raise ValueError(
                        f"{move.attribute}.{name}: expected {held[name].shape}, got "
                        f"{array.shape} of {move.layer}"
                    )
                full_name = f"{move.attribute}.{name}" if move.attribute else name
                state[full_name] = np.ascontiguousarray(array, held[name].dtype)
    return state
