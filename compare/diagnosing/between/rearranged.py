"""The same numbers in another arrangement: a reshape in the place of a transpose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from compare.diagnosing.between.operation import Function, Operation, composed
from compare.judging.distances import near

TRANSPOSED = "x.transpose(1, 2)"


def _as_features_first(x: np.ndarray) -> np.ndarray:
    """Read (batch, time, features) as (batch, features, time), without transposing."""
    batch, time, features = x.shape
    return x.reshape(batch, features, time).swapaxes(1, 2)


def _from_features_first(x: np.ndarray) -> np.ndarray:
    """Read (batch, features, time) as (batch, time, features), without transposing."""
    batch, time, features = x.shape
    return x.swapaxes(1, 2).reshape(batch, time, features)


def _transposed(x: np.ndarray) -> np.ndarray:
    """Take time for the features and the features for time."""
    return x.swapaxes(1, 2)


def _as_time_first(x: np.ndarray) -> np.ndarray:
    """Read (batch, time, features) as (time, batch, features) without transposing."""
    batch, time, features = x.shape
    return x.reshape(time, batch, features).swapaxes(0, 1)


def _from_time_first(x: np.ndarray) -> np.ndarray:
    """Read (time, batch, features) as (batch, time, features) without transposing."""
    return x.swapaxes(0, 1).reshape(x.shape)


ARRANGEMENTS: Mapping[Operation, Function] = {
    Operation(
        "reads (batch, time, features) as (batch, features, time) without transposing",
        "x.reshape(batch, features, time)",
        plain=TRANSPOSED,
    ): _as_features_first,
    Operation(
        "reads (batch, features, time) as (batch, time, features) without transposing",
        "x.reshape(batch, time, features)",
        plain=TRANSPOSED,
    ): _from_features_first,
    Operation(
        "takes time and features for each other", "x.transpose(1, 2)"
    ): _transposed,
    Operation(
        "reads (batch, time, features) as (time, batch, features) without transposing",
        "x.reshape(time, batch, features)",
        plain="x.transpose(0, 1)",
    ): _as_time_first,
    Operation(
        "reads (time, batch, features) as (batch, time, features) without transposing",
        "x.reshape(batch, time, features)",
        plain="x.transpose(0, 1)",
    ): _from_time_first,
}


def rearranged(
    x: np.ndarray, y: np.ndarray, functions: Mapping[str, Function]
) -> Iterator[tuple[Operation, Function]]:
    """What takes x to y by another arrangement of its numbers, and a function.

    Args:
        x: what a layer hands on, (batch, time, features).
        y: what comes next, (batch, ..., features).
        functions: by name; first the one that leaves an array as it is.
    """
    if x.ndim != 3 or x.shape[0] != y.shape[0] or x.size != y.size:
        return
    for operation, arrange in ARRANGEMENTS.items():
        arranged = arrange(x)
        if arranged.shape != y.shape:
            continue
        for name, function in functions.items():
            if near(function(arranged), y):
                yield operation.before(name), composed(arrange, function)
