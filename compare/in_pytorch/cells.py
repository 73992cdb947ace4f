"""Cells that users made of PyTorch's layers, which may count as one layer each."""

from __future__ import annotations

from weakref import WeakSet

import numpy as np
import torch

from compare.in_pytorch.kinds import kind_of, own_modules
from compare.kinds import usual_arrays
from compare.kinds.layer import Layer

# What users make the gates of their cells of.
PARTS = (torch.nn.Linear, torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d)

# Cells that count as one layer each, see `hold_cells`.
_CELLS: WeakSet[torch.nn.Module] = WeakSet()


def hold_cells(model: torch.nn.Module) -> bool:
    """Count cells that users made of layers as one layer each.

    Their twins in Keras are recurrent layers, which hold the arrays of all gates.

    Returns:
        Whether there are some that did not count so.
    """
    cells = [module for _, module in own_modules(model) if _is_made_of_layers(module)]
    new = [module for module in cells if module not in _CELLS]
    _CELLS.update(new)
    return bool(new)


def is_held_together(layer: torch.nn.Module) -> bool:
    """Whether this is a cell that counts as one layer."""
    return layer in _CELLS


def _is_made_of_layers(module: torch.nn.Module) -> bool:
    """Whether a module of the user's own has the layers of a cell, no others."""
    children = list(module.children())
    if not children or list(module.parameters(recurse=False)):
        return False
    if not all(isinstance(child, PARTS) for child in children):
        return False
    # Their shapes and names tell; the numbers may lie on another device.
    arrays = {
        name: np.empty(tensor.shape) for name, tensor in module.named_parameters()
    }
    return any(usual_arrays(Layer(kind_of(module), arrays)))
