"""Whether two live Keras models compute the same, in float64."""

from __future__ import annotations

import keras
import numpy as np

from compare.in_keras.models import copied
from compare.in_keras.precision import settled

LIMIT = 1e-13


def inputs_of(model: keras.Model, batch: int = 2, time: int = 6) -> list[np.ndarray]:
    """Random inputs: words from 0 on, and numbers of which some steps are -1."""
    rng = np.random.default_rng(5)
    arrays = []
    for tensor in model.inputs:
        shape = [batch, *(time if size is None else size for size in tensor.shape[1:])]
        if "int" in tensor.dtype:
            arrays.append(rng.integers(0, 9, shape))
            continue
        array = rng.uniform(-2, 2, shape)
        array[:, 1:2] = -1
        arrays.append(array)
    return arrays


def outputs(model: keras.Model, arrays: list[np.ndarray]) -> list[np.ndarray]:
    """All results in float64."""
    inputs = [keras.ops.convert_to_tensor(array) for array in arrays]
    packed = keras.tree.pack_sequence_as(model.input, inputs)
    with settled("float64"):
        results = copied(model, "float64")(packed)
    return [np.asarray(result) for result in keras.tree.flatten(results)]


def assert_same(first: keras.Model, second: keras.Model) -> None:
    arrays = inputs_of(first)
    ours, theirs = outputs(first, arrays), outputs(second, arrays)
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        assert one.dtype == other.dtype == np.float64
        assert np.abs(one).max() > 0.001
        assert np.abs(one - other).max() < LIMIT
