"""The settings of a PyTorch model's layers, as its layers say them."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from compare.kinds import options_of
from compare.kinds.option import Options


def options_by_layer(
    model: torch.nn.Module, kinds: Mapping[str, str]
) -> dict[str, Options]:
    """Read the settings of some layers, by name; none of a layer of an unknown kind.

    Args:
        model: whose layers they are.
        kinds: by the name of the layer, as PyTorch names kinds.
    """
    return {
        name: options_of("torch", kind, model.get_submodule(name))
        for name, kind in kinds.items()
    }
