"""Inputs that show little, since they hold the same thing over and over."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from compare.judging.arrays import sequence
from compare.subjects.own.pair import OwnPair, input_name


def sentences(pair: OwnPair) -> tuple[str, ...]:
    """What the inputs of a pair cannot show whatever the models do, a sentence each."""
    return tuple(_sentences(pair))


def _sentences(pair: OwnPair) -> Iterator[str]:
    arrays = {input_name(pair.names, n): array for n, array in enumerate(pair.arrays)}
    x = sequence(pair.arrays)
    if x is not None and x.shape[1] == 1:
        yield "there is one time step: what depends on time was not exercised"
    if len(pair.arrays[0]) == 1:
        yield "there is one sample: what mixes samples was not exercised"
    for name, array in arrays.items():
        if not array.any():
            yield f"{name} is zero throughout"
        elif len(array) > 1 and (array == array[:1]).all():
            yield f"all samples of {name} are alike"
    for (name, array), (other_name, other_array) in combinations(arrays.items(), 2):
        if array.any() and np.array_equal(array, other_array):
            yield f"{name} and {other_name} are equal: which is which was not exercised"
