"""Targets that a loss compares results with, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compare.judging.losses import CROSS_ENTROPY, NEGATIVE_SHARPE_RATIO


def targets(
    loss: str, shapes: Sequence[tuple[int, ...]], seed: int
) -> list[np.ndarray]:
    """What a loss compares results with, drawn at random.

    Args:
        loss: name of a function of `pytorch_models/losses.py` and its twin.
        shapes: of the results of a model.
        seed: of the numbers.

    Returns:
        A target for each result that the loss can take: values in [0, 1) for the mean
        squared error, labels for the cross-entropy, daily returns of about one per cent
        for the Sharpe ratio.
    """
    rng = np.random.default_rng([seed, len(shapes)])
    if loss == CROSS_ENTROPY:
        *labels, classes = shapes[0]
        return [rng.integers(0, classes, labels)]
    if loss == NEGATIVE_SHARPE_RATIO:
        return [rng.normal(0.0005, 0.01, shapes[0]).astype(np.float32)]
    return [rng.uniform(0, 1, shape).astype(np.float32) for shape in shapes]
