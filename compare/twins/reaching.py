"""Whether a difference inside two models reaches what they return; NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from compare.judging.result import DIFFERENT, Judgement

if TYPE_CHECKING:
    from compare.twins.twins import Twins

TRIES = 4
SCALES = (1.0, 4.0)  # of the values drawn, one after the other
DRAWN = "other values than yours, drawn anew; what is 0 stays 0"


def reached(
    twins: Twins, arrays: Sequence[np.ndarray]
) -> tuple[tuple[np.ndarray, ...], Judgement] | None:
    """Try other inputs, until the models return different results.

    Args:
        twins: that differ inside and not in what they return.
        arrays: that they ran on, one for each input.

    Returns:
        The inputs and the judgement on them; None where no input shows a difference.
    """
    for seed in range(TRIES):
        inputs = _drawn_anew(arrays, seed)
        judgement = twins.compare(*inputs)
        if judgement.verdict == DIFFERENT:
            return inputs, judgement
    return None


def _drawn_anew(arrays: Sequence[np.ndarray], seed: int) -> tuple[np.ndarray, ...]:
    """Inputs of the same shapes with other floats.

    What is 0 stays: it may be padding. Whole numbers stay: what they may be is not
    known.
    """
    rng = np.random.default_rng(seed)
    scale = SCALES[seed % len(SCALES)]
    drawn = []
    for array in arrays:
        if array.dtype.kind == "f":
            values = rng.normal(0, scale, array.shape).astype(array.dtype)
            array = np.where(array == 0, array, values)
        drawn.append(array)
    return tuple(drawn)
