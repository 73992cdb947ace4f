"""Large arrays that become the memory of TensorFlow's variables.

TensorFlow would copy an array into a pool of its own, which never shrinks, while what
it takes over from NumPy is given back as soon as a variable has other numbers.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow

from compare.matching.copying import LARGE, LINE, copy


def value_of(array: np.ndarray, dtype: str) -> Any:
    """Return what a variable can be given: a tensor of its own, or a small array.

    Args:
        array: in any order in memory; it is not kept.
        dtype: of the variable.
    """
    if array.size < LARGE or keras.backend.backend() != "tensorflow":
        return array
    memory = _empty(array.shape, dtype)
    copy(memory, array)
    return tensorflow.experimental.dlpack.from_dlpack(memory.__dlpack__())


def _empty(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """An array that begins where TensorFlow's own memory would."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    memory = np.empty(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size].view(dtype).reshape(shape)
