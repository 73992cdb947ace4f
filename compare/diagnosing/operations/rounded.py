"""Constants that both sides have, which one of them computed or holds in float32."""

from __future__ import annotations

import numpy as np

from compare.diagnosing.operations.causes import Cause
from compare.judging.verdict import EPS32

UNITS = 4.0  # roundings to float32 in what is computed in a few steps
# Of each step of a table of positions: its angles are as far off as they are large.
UNITS_OF_A_STEP = 2.0


def is_rounding(cause: Cause) -> bool:
    """Whether a cause is a constant that differs by what float32 makes of it."""
    change = cause.change
    if change.manner != "another constant":
        return False
    torch = cause.regions.torch.trace.array(change.torch.inputs[change.place])
    keras = change.array(cause.regions)
    return are_alike(torch, keras)


def are_alike(torch: np.ndarray, keras: np.ndarray) -> bool:
    """Whether constants are the same but for float32.

    The angles of a table of positions, (..., time, features), grow with the step, and
    so do their roundings; its first steps are to be as near as other constants are.

    Args:
        torch: of PyTorch, of any shape.
        keras: of Keras.
    """
    if torch.shape != keras.shape or torch.dtype.kind != "f" or not torch.size:
        return False
    gaps = np.abs(torch.astype(np.float64) - keras)
    scale = max(np.abs(torch).max(), np.abs(keras).max())
    units: float | np.ndarray = UNITS
    if torch.ndim > 1 and scale <= 1:
        steps = np.arange(torch.shape[-2])[:, None]
        units = np.maximum(UNITS, UNITS_OF_A_STEP * steps)
    return bool((gaps <= units * EPS32 * scale).all())
