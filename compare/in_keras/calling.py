"""Models of Keras called on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from compare.in_keras.arrays import to_numpy
from compare.judging.words import Precision


def called(
    model: keras.Model, arrays: Sequence[np.ndarray], dtype: Precision
) -> list[np.ndarray]:
    """What a call of a functional model returns, one array for each result.

    Args:
        model: in the precision in which it computes.
        arrays: one for each input, in order.
        dtype: that precision, which Keras makes layers in just now.
    """
    tensors = []
    for array in arrays:
        float_dtype = dtype if array.dtype.kind == "f" else None
        tensors.append(keras.ops.convert_to_tensor(array, float_dtype))
    given: Any = tensors[0]  # of a Sequential, which does not know its input
    if not isinstance(model, keras.Sequential):
        structure = model.input
        if isinstance(structure, Mapping):  # Keras would sort its names
            given = dict(zip(structure, tensors, strict=True))
        else:
            given = keras.tree.pack_sequence_as(structure, tensors)
    returned = model(given, training=False)
    return [to_numpy(tensor) for tensor in keras.tree.flatten(returned)]
