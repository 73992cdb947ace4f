"""Attention in a file of Keras whose twin in a file of PyTorch is written by hand."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compare.kinds.attention import PROJECTIONS
from compare.kinds.layer import Layer
from compare.kinds.names import plain

IN_TORCH = "MultiheadAttention"
IN_KERAS = ("MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention")
PROJECTED = "EinsumDense"  # which Keras's attention makes for itself


def projections_apart(
    torch: Mapping[str, Layer], keras: Mapping[str, Layer]
) -> dict[str, Layer]:
    """Return Keras's layers, each projection of attention by itself where it is to be.

    It is where PyTorch's file has no attention, only linear layers. The full names of
    arrays stay as they are.

    Args:
        torch: layers of PyTorch's file.
        keras: layers of Keras's file.
    """
    if any(plain(layer.kind) == IN_TORCH for layer in torch.values()):
        return dict(keras)
    apart: dict[str, Layer] = {}
    for name, layer in keras.items():
        by_word = _by_projection(layer)
        is_attention = plain(layer.kind) in IN_KERAS
        if not is_attention or by_word.keys() != {*PROJECTIONS, "output"}:
            apart[name] = layer
            continue
        for word, arrays in by_word.items():
            apart[f"{name}.{word}"] = Layer(PROJECTED, arrays)
    return apart


def _by_projection(layer: Layer) -> dict[str, dict[str, np.ndarray]]:
    """The arrays of each projection, `kernel` and perhaps `bias`, by its word."""
    by_word: dict[str, dict[str, np.ndarray]] = {}
    for key, array in layer.arrays.items():
        word, _, name = key.partition(".")
        by_word.setdefault(word, {})[name] = array
    return by_word
