"""How far rounding to float32 takes what a port returns: the limit of its example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from compare.judging.evidence import Evidence
from compare.judging.words import PRECISIONS
from compare.subjects.own.weights import AS_IS

LEAST_LIMIT = 1e-5  # an example runs in float32 on machines that round otherwise
TIMES = 10  # of the noise


def limit_of(evidence: Evidence, model: Any, given: Sequence[np.ndarray]) -> float:
    """How far results of an example may be apart, as a part of the largest value.

    It is made of what rounding does to either model by itself. How far the port is from
    the original is no part of it: a wrong port is to fail its own example.

    Args:
        evidence: of the comparison of both.
        model: of Keras, with its weights.
        given: the inputs of the example, one array for each.
    """
    noise = [_noise_on(model, given)]
    for result in evidence.results:
        if result.direction == AS_IS:
            stages = [stage for stage in result.stages if stage.is_result]
            noise += [stage.noise_torch + stage.noise_keras for stage in stages]
    largest = max(value for value in noise if np.isfinite(value))
    return max(LEAST_LIMIT, float(f"{TIMES * largest:.0e}"))


def _noise_on(model: Any, given: Sequence[np.ndarray]) -> float:
    """How far a model in float32 is from itself in float64; 0 where one does not run.

    The evidence has the noise of the step that decides, which may not be the last.
    """
    from compare.in_keras import rebuilding  # loads Keras

    try:
        narrow, wide = (rebuilding.results(model, given, d) for d in PRECISIONS)
    except Exception:  # Keras raises many kinds; the evidence has noise as well
        return 0.0
    noise = 0.0
    for rounded, exact in zip(narrow, wide, strict=True):
        exact = exact.astype("float64")
        scale = max(float(np.abs(exact).max()), 1e-30)
        gap = float(np.abs(rounded.astype("float64") - exact).max()) / scale
        noise = max(noise, gap)
    return noise
