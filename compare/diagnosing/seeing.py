"""Which queries of attention see a key, and what may be hidden from them.

Of a query that sees no key nothing is expected: each framework, and each way to write a
mask, makes something else of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from compare.judging.distances import near
from compare.kinds import EMBEDDINGS
from compare.kinds.attention import causal
from compare.kinds.mistake import Call
from compare.mistakes.anatomy import Anatomy


def of_seeing(call: Call) -> Call:
    """Return a call that computes NaN for each query that sees no key."""
    return replace(call, options={**call.options, "blind": "NaN"})


def seeing(call: Call) -> np.ndarray | None:
    """Return which queries see a key in all heads, (batch, time); None where all do."""
    mask = call.options.get("mask")
    if mask is None:
        return None
    in_all_heads = mask.any(axis=-1).all(axis=1)  # (batch or 1, time or 1)
    return np.broadcast_to(in_all_heads, call.x.shape[:2])


def attends(
    computed: object, output: np.ndarray, counting: np.ndarray | None = None
) -> bool:
    """Return whether attention made what is computed, of the queries that see a key.

    Args:
        computed: (batch, time, features), NaN for the other queries; or what a mistake
            computes that cannot be made.
        output: of the attention.
        counting: which queries count, (batch, time); None where all do.
    """
    if not isinstance(computed, np.ndarray) or computed.shape != output.shape:
        return False
    judged = ~np.isnan(computed).any(axis=-1)
    if counting is not None:
        judged &= counting
    return bool(judged.any()) and near(computed[judged], output[judged])


def possible_masks(times: tuple[int, int], anatomy: Anatomy) -> list[np.ndarray | None]:
    """Return the masks that attention may have: causal, of padding, both, or none.

    Args:
        times: how many queries there are, and how many keys.
        anatomy: of a model, in which padding is indices of 0 or steps of zeros.
    """
    of_queries = causal(*times)
    masks: list[np.ndarray | None] = [None, of_queries]
    for counting in _counting_steps(anatomy):
        if counting.shape[1] == times[1] and not counting.all():
            keys = counting[:, None, None, :]  # (batch, heads, queries, keys)
            masks += [keys, keys & of_queries]
    return masks


def _counting_steps(anatomy: Anatomy) -> Iterator[np.ndarray]:
    """Yield which steps of what goes into a model are no padding, (batch, time)."""
    for name, x in anatomy.layer_inputs.items():
        if anatomy.kinds.get(name) in EMBEDDINGS and x.ndim == 2:
            yield np.asarray(x != 0)
    for x in [*anatomy.layer_inputs.values()][:1]:
        if x.ndim == 3:
            yield np.any(x, axis=-1)
