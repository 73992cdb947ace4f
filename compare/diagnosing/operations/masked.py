"""What is taken of the steps alone that are not padding, by a mask written by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from compare.diagnosing.operations.counterparts import same

KEPT = "over axis 1, of the steps alone that are not 0 in the mask"


def masked(output: np.ndarray, inputs: Sequence[np.ndarray]) -> Iterator[str]:
    """Which mean or sum over the steps that are kept an output is, in words.

    Args:
        output: (batch, features).
        inputs: among them the steps, (batch, time, features), and what is 0, or False,
            at those of padding: (batch, time) or (batch, time, 1).
    """
    for x in inputs:
        if x.ndim != 3 or x.dtype.kind != "f":
            continue
        if output.shape != (x.shape[0], x.shape[2]):
            continue
        for array in inputs:
            if array.shape not in (x.shape[:2], (*x.shape[:2], 1)) or array is x:
                continue
            is_kept = array.reshape(*x.shape[:2], 1) != 0
            counts = is_kept.sum(1)
            if is_kept.all() or not counts.all():
                continue
            total = np.where(is_kept, x, 0).sum(1)
            if same(total / counts, output):
                yield "the mean"
            elif same(total, output):
                yield "the sum"
