"""Values that are weighed by how a query fits their keys, between layers.

Such as Keras's Attention and AdditiveAttention without weights of their own, and what
users write in their place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from compare.diagnosing.between.operation import Function, Operation
from compare.diagnosing.seeing import possible_masks
from compare.judging.distances import near
from compare.kinds.functions import softmax
from compare.mistakes.anatomy import Anatomy

NEAREST = 4  # layers of which a query, keys and values are looked for
MOST_SUMS = 5_000_000  # numbers that additive scores are summed from
AXES = {
    "over the keys (the last axis)": -1,
    "over the queries (axis 1)": 1,
    "over the batch (axis 0)": 0,
}
HIDDEN = -1e9  # what a score is where a mask hides its key
Named = tuple[str, np.ndarray]  # an array by the name of its layer


@dataclass(frozen=True)
class _Scores:
    """How queries fit keys.

    Args:
        words: for a sentence, of the names of both.
        function: takes queries (batch, time, features) and keys (batch, source,
            features), and makes scores (batch, time, source).
        is_large: whether it makes numbers for each feature on the way.
    """

    words: str
    function: Callable[[np.ndarray, np.ndarray], np.ndarray]
    is_large: bool = False


@dataclass(frozen=True)
class _Weighing:
    """How scores become weights.

    Args:
        words: for a sentence.
        axis: of the softmax.
        mask: True where a query sees a key, (batch or 1, time, source); None for all.
    """

    words: str
    axis: int
    mask: np.ndarray | None = None

    def weights(self, scores: np.ndarray) -> np.ndarray:
        """Return the weights of scores, of the same shape."""
        if self.mask is not None:
            mask = self.mask[: len(scores)]  # of the first samples
            scores = np.where(mask, scores, HIDDEN)
        return softmax(scores, self.axis)


def attended(
    nearest: Named, y: np.ndarray, partners: Sequence[Named], anatomy: Anatomy
) -> Iterator[tuple[Operation, Function]]:
    """Yield what takes three layers to y: values weighed by a softmax of scores.

    Args:
        nearest: the layer before, which is one of the three.
        y: what comes next, (batch, time, features) or its sum or mean over time.
        partners: what else there is, by name, the nearest first.
        anatomy: of the model, which tells what may be padding.
    """
    fitting = [nearest]
    for name, array in partners:
        if array.ndim == 3 and len(array) == len(nearest[1]):
            fitting.append((name, array))
    if nearest[1].ndim != 3 or len(fitting) < 2:
        return
    for chosen in product(fitting[:NEAREST], repeat=3):
        (query, queries), (key, keys), (value, values) = chosen
        names = [name for name, _ in chosen]
        fits = queries.shape[2] == keys.shape[2] and keys.shape[1] == values.shape[1]
        if nearest[0] not in names or not fits:
            continue
        weighings = _weighings((queries.shape[1], keys.shape[1]), anatomy)
        sums = queries.size * keys.shape[1]
        for scores, weighing in product(SCORES, weighings):
            if scores.is_large and sums > MOST_SUMS:
                continue
            made = partial(_made, scores, weighing)
            if not any(made(*_part(weighing, queries, keys, values, y))):
                continue
            for taken, array in made(queries, keys, values, y):
                words = scores.words.format(query=query, key=key)
                does = (
                    f"{taken}{value} weighed by a softmax of {words} {weighing.words}"
                )
                yield Operation(f"takes {does}", does), _fixed(array)


def _made(
    scores: _Scores,
    weighing: _Weighing,
    queries: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    y: np.ndarray,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what weighed values are where they are y: all of them, or their mean.

    Returns:
        What is taken of them, for a sentence, and that array.
    """
    result = weighing.weights(scores.function(queries, keys)) @ values
    for taken, array in (("", result), ("the mean of ", result.mean(1))):
        if array.shape == y.shape and near(array, y):
            yield taken, array


def _part(
    weighing: _Weighing,
    queries: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    y: np.ndarray,
) -> tuple[np.ndarray, ...]:
    """What is looked at first, since it tells most ways apart in a part of the time.

    One sample, or one query where samples are weighed against each other.
    """
    if weighing.axis != AXES["over the batch (axis 0)"]:
        return queries[:1], keys[:1], values[:1], y[:1]
    if y.ndim < 3:
        return queries, keys, values, y
    return queries[:, :1], keys, values, y[:, :1]


def _products(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    result: np.ndarray = queries @ keys.swapaxes(1, 2)
    return result


def _scaled(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    return _products(queries, keys) / np.sqrt(queries.shape[-1])


def _additive(queries: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Make scores as Bahdanau et al. 2015 do, arXiv:1409.0473, without a scale."""
    sums = queries[:, :, None] + keys[:, None]  # (batch, time, source, features)
    result: np.ndarray = np.tanh(sums).sum(-1)
    return result


# Every way in which queries and keys make scores, the likeliest first.
SCORES = (
    _Scores("{query} {key}^T", _products),
    _Scores("{query} {key}^T / sqrt(size)", _scaled),
    _Scores("the sum of tanh({query} + {key})", _additive, is_large=True),
)


def _weighings(times: tuple[int, int], anatomy: Anatomy) -> list[_Weighing]:
    """Every way to make weights of scores; what is hidden only where keys are weighed.

    Args:
        times: how many queries there are, and how many keys.
        anatomy: of the model.
    """
    weighings = [_Weighing(words, axis) for words, axis in AXES.items()]
    over_keys = weighings[0].words
    for mask in possible_masks(times, anatomy):
        if mask is None:
            continue
        hidden = []
        if not mask[..., 0, -1].any():
            hidden.append("later steps")
        if not mask[..., -1, :].all():
            hidden.append("padding")
        words = f"{over_keys}, without {' and '.join(hidden)}"
        weighings.append(_Weighing(words, -1, mask[:, 0]))
    return weighings


def _fixed(array: np.ndarray) -> Function:
    """Return the function that returns this array, which other layers make as well."""

    def apply(x: np.ndarray) -> np.ndarray:
        return array

    return apply
