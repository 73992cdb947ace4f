"""Files of `torch.save`, opened and written; only tensors are read, nothing is run."""

from io import BytesIO
from pathlib import Path

import torch

from compare.errors import BadInput
from compare.in_pytorch import message
from compare.pytorch_layers import check_numbers

STATE_DICT_KEYS = ("state_dict", "model_state_dict", "model_state", "model")


def opened(path: Path) -> tuple[object, dict[str, torch.Tensor]]:
    """What a file of `torch.save` holds, and the tensors in it by name.

    They are a state dict, or stand in a checkpoint under one of the usual keys. Only
    tensors and plain containers are read; nothing in the file is run.

    Raises:
        BadInput: if there is anything else in the file, or no state dict, or some of it
            is bfloat16.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many kinds, where a file is not what it should be
        raise BadInput(
            f"{path}: expected a file of torch.save that holds a state dict alone, got "
            f"one that cannot be opened as such ({message(error)[:100]}); save "
            "model.state_dict()"
        ) from None
    places = [checkpoint]
    if isinstance(checkpoint, dict):
        places += [checkpoint[key] for key in STATE_DICT_KEYS if key in checkpoint]
    for place in places:
        if _is_state_dict(place):
            check_numbers(place.items())
            return checkpoint, place
    raise BadInput(
        f"{path}: expected a state dict, or a checkpoint with one under "
        f"{', '.join(STATE_DICT_KEYS)}, got neither; save model.state_dict()"
    )


def _is_state_dict(value):
    if not isinstance(value, dict) or not value:
        return False
    return all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor)
        for name, tensor in value.items()
    )


def packed(checkpoint: object) -> bytes:
    """A file of `torch.save`."""
    file = BytesIO()
    torch.save(checkpoint, file)
    return file.getvalue()
