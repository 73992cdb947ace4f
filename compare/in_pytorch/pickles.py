"""Files of `torch.save`, opened and written; only tensors are read, nothing is run."""

import pickle
import zipfile
from io import BytesIO
from pathlib import Path

import torch

from compare import files
from compare.errors import BadInput

PLAIN = {torch.float16, torch.float32, torch.float64, torch.bool, torch.uint8}
PLAIN |= {torch.int8, torch.int16, torch.int32, torch.int64}
OPTIMIZER = "optim"  # in the keys of what an optimizer keeps


def opened(path: Path) -> tuple[object, dict[str, torch.Tensor]]:
    """What a file of `torch.save` holds, and the tensors in it by name.

    They are a state dict, or stand in a checkpoint under the one key that holds one.
    Only tensors and plain containers are read; nothing in the file is run.

    Raises:
        BadInput: if there is anything else in the file, or no state dict, or several,
            or some of it is no plain array of numbers.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as content:
            files.check_zip(path, content)
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many kinds, where a file is not what it should be
        raise BadInput(
            f"{path}: expected a file of torch.save that holds a state dict alone, got "
            f"{_reason(error)}; save model.state_dict()"
        ) from None
    if _is_state_dict(checkpoint):
        return checkpoint, _checked(path, checkpoint)
    inside = checkpoint.items() if isinstance(checkpoint, dict) else ()
    places = {
        str(key): value
        for key, value in inside
        if _is_state_dict(value) and OPTIMIZER not in str(key).lower()
    }
    if len(places) == 1:
        return checkpoint, _checked(path, *places.values())
    for key in places:
        files.check_name(path, key)
    came = f"{len(places)}, under {', '.join(places)}" if places else "neither"
    raise BadInput(
        f"{path}: expected a state dict, or a checkpoint with one, got {came}; save "
        "model.state_dict() alone"
    )


def _reason(error):
    """Why there is no opening it; PyTorch says it at length and in colours."""
    said = str(error)
    if "Weights only load failed" in said or isinstance(error, pickle.UnpicklingError):
        return "one with more in it than tensors and plain containers, or a damaged one"
    if "TorchScript" in said:
        return "a TorchScript archive, which is code"
    return "one that is damaged or no such file"


def _checked(path, tensors):
    for name, tensor in tensors.items():
        files.check_name(path, name)
        kinds = {
            "meta": tensor.is_meta,
            "quantized": tensor.is_quantized,
            str(tensor.layout).removeprefix("torch."): tensor.layout != torch.strided,
        }
        what = [kind for kind, it_is in kinds.items() if it_is]
        if what or tensor.dtype not in PLAIN:
            what.append(str(tensor.dtype).removeprefix("torch."))
            raise BadInput(
                f"{path}: expected plain arrays of numbers that NumPy has as well, got "
                f"{name}, {' '.join(what)}; save the weights dense and in float32"
            )
    return tensors


def _is_state_dict(value):
    if not isinstance(value, dict) or not value:
        return False
    return all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor)
        for name, tensor in value.items()
    ) and any(tensor.ndim for tensor in value.values())


def packed(checkpoint: object) -> bytes:
    """A file of `torch.save`."""
    file = BytesIO()
    torch.save(checkpoint, file)
    return file.getvalue()
