"""Models that Keras 3 loads from a file, whose configuration was read before."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np


def loaded(path: Path) -> keras.Model:
    """Load a model whose layers are Keras's own; nothing else in the file is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return keras.saving.load_model(path, compile=False, safe_mode=True)


def results(model: Any, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What a model returns, one array for each result."""
    given = list(arrays) if len(arrays) > 1 else arrays[0]
    tensors = keras.tree.flatten(model(given, training=False))
    return [keras.ops.convert_to_numpy(tensor) for tensor in tensors]
