"""How far two arrays are apart, as a part of their largest value."""

import numpy as np

NEAR = 1e-9  # of the largest value: far above float64's rounding, below any mistake


def near(a: np.ndarray | None, b: np.ndarray | None, limit: float = NEAR) -> bool:
    """Whether there are two arrays and they are the same, up to rounding.

    Args:
        a: any shape, or None.
        b: as a.
        limit: of their distance; the default is for what was computed in float64.
    """
    return a is not None and b is not None and distance(a, b) <= limit


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, as a part of the largest value.

    Infinite where the shapes differ; NaN where there is one on either side.
    """
    if a.shape != b.shape:
        return np.inf
    scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0)) or 1.0
    with np.errstate(invalid="ignore"):  # infinity less infinity is NaN
        gap = np.abs(np.subtract(a, b, dtype="float64"))
    return float(gap.max(initial=0) / scale)
