"""Steps that are weighed by what a layer makes of them, and added: attention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from compare.diagnosing.between.operation import Function, Operation
from compare.judging.arrays import valid_steps
from compare.judging.distances import near
from compare.kinds.functions import relu, sigmoid, softmax

HIDDEN = -1e9  # what a score is before the softmax where a step is padding
AXES: Mapping[str, int] = {
    "over time (axis 1)": 1,
    "over the batch (axis 0)": 0,
}
NEAREST = 4  # layers of which a query, keys and values are looked for
Named = Sequence[tuple[str, np.ndarray]]  # arrays by the names of their layers


@dataclass(frozen=True)
class _Weights:
    """How scores, (batch, time, 1), become weights.

    Args:
        does: what it does to the steps, in words.
        function: makes weights of scores.
    """

    does: str
    function: Function


def weighed(
    layer: str,
    scores: np.ndarray,
    y: np.ndarray,
    partners: Named,
    lengths: np.ndarray | None,
) -> Iterator[tuple[Operation, Function]]:
    """What takes scores to y, the sum of another layer's steps weighed by them.

    Args:
        layer: the name of one.
        scores: what it hands on, (batch, time, 1).
        y: what comes next, (batch, features).
        partners: what else there is, by name.
        lengths: (batch,), of the sequences; None where every step counts.
    """
    if scores.ndim != 3 or scores.shape[-1] != 1 or y.ndim != 2:
        return
    shape = (*scores.shape[:2], y.shape[-1])
    for name, values in partners:
        if values.shape != shape or len(y) != len(values):
            continue
        for weights in _all_weights(layer, lengths):
            for is_mean in (False, True):
                function = _weighing(weights.function, values, is_mean)
                if not near(function(scores), y):
                    continue
                taken = "the mean" if is_mean else "the sum"
                does = f"takes {taken} of {name}'s steps {weights.does}"
                yield Operation(does, does.removeprefix("takes ")), function


def _all_weights(layer: str, lengths: np.ndarray | None) -> Iterator[_Weights]:
    """Every way to make weights of a layer's scores, the likeliest first."""
    unweighed = (
        f"without weights (those of a softmax of {layer} over the last axis are all 1)"
    )
    yield _Weights(unweighed, np.ones_like)
    inside: dict[str, Function] = {
        layer: np.asarray,
        f"the tanh of {layer}": np.tanh,
        f"the relu of {layer}": relu,
    }
    for (words, function), (axis_words, axis) in product(inside.items(), AXES.items()):
        does = f"weighed by a softmax of {words} {axis_words}"
        if lengths is not None:
            yield _Weights(f"{does} without padding", _softmax(function, axis, lengths))
        yield _Weights(does, _softmax(function, axis, None))
    yield _Weights(f"weighed by the sigmoid of {layer}", sigmoid)
    for words, function in inside.items():
        yield _Weights(f"weighed by {words} without a softmax", function)


def _softmax(function: Function, axis: int, lengths: np.ndarray | None) -> Function:
    """The softmax of a function of scores along an axis, without padded steps."""

    def weights(scores: np.ndarray) -> np.ndarray:
        array = function(scores)
        if lengths is not None:
            array = np.where(valid_steps(array, lengths), array, HIDDEN)
        return softmax(array, axis)

    return weights


def _weighing(weights: Function, values: np.ndarray, is_mean: bool) -> Function:
    """The function that takes scores to the values weighed by them."""

    def apply(scores: np.ndarray) -> np.ndarray:
        steps = weights(scores) * values  # (batch, time, features)
        if is_mean:
            return np.asarray(steps.mean(axis=1))
        return np.asarray(steps.sum(axis=1))

    return apply
