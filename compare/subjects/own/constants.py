"""Constants that one side rounds to float32 and the other has as they were written.

A tensor of 0.1 in float32 is 0.1000000015 in float64; a 0.1 in the code stays 0.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch

from compare.in_keras import layers as keras_layers
from compare.in_pytorch import layers as pytorch_layers
from compare.judging.evidence import SIDES

if TYPE_CHECKING:
    from compare.twins.twins import Twins

DIGITS = 6  # float32 has 7.2: so many tell a number that somebody wrote
MOST = 4096  # numbers that somebody may have written down


def as_written(twins: Twins) -> str:
    """Give the twins in float64 the constants that were written down.

    Args:
        twins: in both precisions.

    Returns:
        Which they are and of which side, or nothing where there are none.
    """
    found = {
        "torch": _in_pytorch(twins.twins["torch", "float64"].model),
        "keras": _in_keras(twins.twins["keras", "float64"].model),
    }
    named = {side: ", ".join(names) for side, names in found.items()}
    return " and ".join(
        f"{names} of {SIDES[side]}'s" for side, names in named.items() if names
    )


def _in_pytorch(model: torch.nn.Module) -> Iterator[str]:
    for path, module in pytorch_layers.own_modules(model):
        held = {**vars(module), **dict(module.named_buffers(recurse=False))}
        for name, tensor in held.items():
            if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
                written = _written(tensor.numpy())
                if written is not None:
                    setattr(module, name, torch.from_numpy(written))
                    yield f"{path}.{name}" if path else name


def _in_keras(model):
    for path, layer in keras_layers.constants(model).items():
        for name, variable in keras_layers.variables(layer).items():
            written = _written(variable.numpy())
            if written is not None:
                variable.assign(written)
                yield f"{path}.{name}"


def _written(values: np.ndarray) -> np.ndarray | None:
    """The numbers that were written down, if these are those rounded to float32.

    That is the shortest decimal that float32 rounds to each, if it is short.
    """
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    if values.dtype.kind != "f" or values.size > MOST or (rounded != values).any():
        return None
    texts = [np.format_float_scientific(each) for each in rounded.ravel()]
    if any(len(re.sub(r"e.*|[-.]", "", text)) > DIGITS for text in texts):
        return None
    written = np.array(list(map(float, texts))).reshape(values.shape)
    return None if (written == values).all() else written
