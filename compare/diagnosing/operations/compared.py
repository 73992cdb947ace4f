"""What unlike values of both sides have to do with each other, where no cause fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.recognised import recognised
from compare.judging.distances import near
from compare.judging.explanation import listed

if TYPE_CHECKING:
    from compare.twins.twins import Twins

MOST_SAMPLES = 8  # that are run alone
FEW = 5  # places along an axis that are told one by one


def compared(torch: np.ndarray, keras: np.ndarray) -> str:
    """How the arrays of the two sides are related, in words; "" where that is unknown.

    Args:
        torch: of any shape.
        keras: laid out as PyTorch has it.
    """
    if torch.dtype.kind != "f" or keras.dtype.kind != "f":
        return ""
    for label in recognised(torch, [keras]):
        return f"PyTorch's values are those of Keras, {label}"
    if torch.shape != keras.shape:
        return f"PyTorch's shape is {torch.shape} there, Keras's {keras.shape}"
    return _in_some_places(torch, keras)


def _in_some_places(torch: np.ndarray, keras: np.ndarray) -> str:
    """Where along an axis two arrays differ, if that is not everywhere."""
    for axis, size in enumerate(torch.shape):
        unlike = []
        for place in range(size):
            if not same(torch.take(place, axis), keras.take(place, axis)):
                unlike.append(place)
        if 0 < len(unlike) < size:
            places = f"{len(unlike)} of {size} entries"
            if len(unlike) <= FEW:
                word = "entries" if len(unlike) > 1 else "entry"
                places = f"{word} {listed([str(place) for place in unlike])} of {size}"
            return f"they differ in {places} along axis {axis} alone"
    return ""


def samples_are_mixed(twins: Twins, arrays: Sequence[np.ndarray]) -> bool:
    """Whether models that differ return the same of each sample alone.

    Args:
        twins: with both in float64, different on these arrays.
        arrays: one for each input, the samples first.
    """
    count = min(len(array) for array in arrays)
    if count < 2 or twins.time_axis == 0 or not twins.outputs:
        return False
    return all(
        _are_same_alone(twins, [array[place : place + 1] for array in arrays])
        for place in range(min(count, MOST_SAMPLES))
    )


def _are_same_alone(twins: Twins, sample: Sequence[np.ndarray]) -> bool:
    """Whether both models return the same of one sample."""
    results = []
    for twin in (twins.twin("torch", "float64"), twins.twin("keras", "float64")):
        try:
            stages = twin(*sample)
        except Exception:
            return False
        results.append([stages[name] for name in twins.outputs])
    return all(map(near, *results))
