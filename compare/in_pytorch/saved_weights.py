"""Weights of a file put into a module that the user made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch

from compare.errors import BadInput
from compare.in_pytorch import pickles
from compare.listing import bounded

# What wrappers put before all names: DataParallel, torch.compile, Lightning.
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.")
COUNT = "num_batches_tracked"  # which older files lack, and nothing is computed from


def load(module: torch.nn.Module, path: Path) -> None:
    """Put the weights of a file into a module; all of one, and all of the other.

    Args:
        module: changed in place.
        path: of `torch.save`, a state dict or a checkpoint with one; or .safetensors.

    Raises:
        BadInput: if the file cannot be read, or its names or shapes are others.
    """
    tensors = _opened(path)
    own = module.state_dict()
    tensors = _without_prefix(tensors, own)
    missing = [name for name in own if name not in tensors and COUNT not in name]
    unexpected = [name for name in tensors if name not in own and COUNT not in name]
    unlike = []
    for name, tensor in tensors.items():
        if name in own and tensor.shape != own[name].shape:
            unlike.append(f"{name} {tuple(tensor.shape)}, not {tuple(own[name].shape)}")
    problems = []
    if missing:
        problems.append(f"without {bounded(missing)}")
    if unexpected:
        problems.append(f"with {bounded(unexpected)}, unknown to the module")
    if unlike:
        problems.append(f"with {bounded(unlike)}")
    if problems:
        raise BadInput(
            f"{path}: expected the weights of {type(module).__name__}, got a file "
            f"{', '.join(problems)}; give the module that was saved"
        )
    module.load_state_dict(tensors, strict=False)


def _opened(path: Path) -> Mapping[str, torch.Tensor]:
    """The tensors of a file by name."""
    if path.suffix != ".safetensors":
        return pickles.opened(path)[1]
    try:
        tensors: Mapping[str, torch.Tensor] = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise BadInput(
            f"{path}: expected a safetensors file, got one that is damaged or no such "
            f"file ({error})"
        ) from None
    return tensors


def _without_prefix(
    tensors: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]
) -> Mapping[str, torch.Tensor]:
    """Tensors by the module's names, where a wrapper put a prefix before all."""
    for prefix in PREFIXES:
        has_prefix = all(name.startswith(prefix) for name in tensors)
        if has_prefix and not set(tensors) & set(own):
            tensors = {
                name.removeprefix(prefix): tensor for name, tensor in tensors.items()
            }
    return tensors
