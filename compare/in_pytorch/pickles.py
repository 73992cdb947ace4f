"""Files of `torch.save`, opened and written; only tensors are read, nothing is run."""

from __future__ import annotations

import pickle
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from compare.errors import BadInput
from compare.foreign import check_name, check_zip
from compare.in_pytorch import pickle_bounds
from compare.in_pytorch.internals import MORE_THAN_TENSORS, TORCHSCRIPT

PLAIN = {torch.float16, torch.float32, torch.float64, torch.bool, torch.uint8}
PLAIN |= {torch.int8, torch.int16, torch.int32, torch.int64}
OPTIMIZER = "optim"  # in the keys of what an optimizer keeps


def opened(path: Path) -> tuple[object, dict[str, torch.Tensor]]:
    """What a file of `torch.save` holds, and the tensors in it by name.

    They are a state dict, or stand in a checkpoint under the one key that holds one.
    Only tensors and plain containers are read; nothing in the file is run.

    Raises:
        BadInput: if there is anything else in the file, or no state dict, or several,
            or some of it is not a plain array of numbers.
    """
    checkpoint = _loaded(path)
    if _is_state_dict(checkpoint):
        return checkpoint, _checked(path, checkpoint)
    state_dicts = {}
    if isinstance(checkpoint, dict):
        for key, value in checkpoint.items():
            if _is_state_dict(value) and OPTIMIZER not in str(key).lower():
                state_dicts[str(key)] = value
    if len(state_dicts) == 1:
        return checkpoint, _checked(path, *state_dicts.values())
    for key in state_dicts:
        check_name(path, key)
    number = len(state_dicts)
    listed = f"{number}, under {', '.join(state_dicts)}" if state_dicts else "neither"
    raise BadInput(
        f"{path}: expected a state dict, or a checkpoint with one, got {listed}; save "
        "model.state_dict() alone"
    )


def _loaded(path: Path) -> Any:
    """What a file holds, of which nothing is run.

    Raises:
        BadInput: if it is damaged, or holds more than tensors and plain containers.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as content:
            check_zip(path, content)
    try:
        pickle_bounds.check(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # of many kinds, where a file is not what it should be
        raise BadInput(
            f"{path}: expected a file of torch.save that holds a state dict alone, got "
            f"{_reason(error)}; save model.state_dict()"
        ) from None


def _reason(error: Exception) -> str:
    """Why a file cannot be opened; PyTorch says it at length and in colours."""
    text = str(error)
    if MORE_THAN_TENSORS in text or isinstance(error, pickle.UnpicklingError):
        return "one with more in it than tensors and plain containers, or a damaged one"
    if TORCHSCRIPT in text:
        return "a TorchScript archive, which is code"
    return "one that is damaged or no such file"


def _checked(path: Path, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """These tensors, if their names and they themselves are plain.

    Raises:
        BadInput: of the first that is not.
    """
    for name, tensor in tensors.items():
        check_name(path, name)
        oddities = _oddities(tensor)
        if oddities or tensor.dtype not in PLAIN:
            oddities.append(str(tensor.dtype).removeprefix("torch."))
            raise BadInput(
                f"{path}: expected plain arrays of numbers that NumPy has as well, got "
                f"{name}, {' '.join(oddities)}; save the weights dense and in float32"
            )
    return tensors


def _oddities(tensor: torch.Tensor) -> list[str]:
    """What keeps a tensor from being an array in memory, in words."""
    words = []
    if tensor.is_meta:
        words.append("meta")
    if tensor.is_quantized:
        words.append("quantized")
    if tensor.layout != torch.strided:
        words.append(str(tensor.layout).removeprefix("torch."))
    return words


def _is_state_dict(value: object) -> bool:
    """Whether this is a dictionary of tensors by name, not of numbers alone."""
    if not isinstance(value, dict) or not value:
        return False
    for name, tensor in value.items():
        if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
            return False
    return any(tensor.ndim for tensor in value.values())


def packed(checkpoint: object) -> bytes:
    """The bytes of a file of `torch.save`."""
    file = BytesIO()
    torch.save(checkpoint, file)
    return file.getvalue()
