"""A batch of one that `squeeze()` drops on PyTorch's side, with all axes of size 1."""

from __future__ import annotations

import numpy as np

from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.kinds.mistake import LayerInput, ResultShapes

FIX = (
    "PyTorch: name the axis that squeeze is to drop, and not the batch: squeeze(0) of "
    "a last state, (layers, batch, size), and squeeze(-1) of features"
)


def in_layer(layer: str, before: str, isolated: Isolated) -> Finding | None:
    """The finding that a layer is given one sample without its batch axis, if it is.

    Args:
        layer: its name.
        before: the name of the layer before it.
        isolated: the twins at work, the model's inputs among the layers.
    """
    if not _takes_no_batch(layer, isolated):
        return None
    sentence = (
        f"squeeze drops the batch axis of a batch of one before {layer} of PyTorch"
    )
    cure = LayerInput(isolated.keras.layer_inputs[layer])
    readings = (Reading("", (), sentence, FIX),)
    return Finding(before, readings, cure=cure, following=layer)


def in_results(last: str, isolated: Isolated) -> Finding | None:
    """The finding that a result has no batch axis, where no layer before lost it.

    Args:
        last: the layer that is computed last.
        isolated: the twins at work.
    """
    torch, keras = isolated.relayed.results, isolated.keras.results
    if len(torch) != len(keras):
        return None
    pairs = list(zip(torch, keras, strict=True))
    if not any(_is_without_batch(a, b) for a, b in pairs):
        return None
    if not all(a.size == b.size and near(a.reshape(b.shape), b) for a, b in pairs):
        return None
    sentence = (
        "squeeze drops the batch axis of a batch of one in what PyTorch's model returns"
    )
    cure = ResultShapes([array.shape[1:] for array in keras])
    return Finding(last, (Reading("", (), sentence, FIX),), cure=cure)


def is_lost(last: str, isolated: Isolated) -> bool:
    """Whether the layer that is computed last has lost the batch axis in PyTorch."""
    return _takes_no_batch(last, isolated)


def _takes_no_batch(layer: str, isolated: Isolated) -> bool:
    """Whether PyTorch gives a layer one sample without its batch axis."""
    in_torch = isolated.torch.layer_inputs.get(layer)
    in_keras = isolated.keras.layer_inputs.get(layer)
    if in_torch is None or in_keras is None or in_keras.ndim < 2:
        return False
    return _is_without_batch(in_torch, in_keras)


def _is_without_batch(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether one array has the shape of another without its batch of one."""
    if not b.ndim or len(b) != 1 or a.size != b.size or a.ndim >= b.ndim:
        return False
    is_same = a.shape == b.shape[1:]
    # (1, 1) may have lost either axis; with no axis left it has lost both.
    return a.ndim == 0 or (is_same and a.shape != (1,))
