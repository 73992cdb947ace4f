"""What layers that normalise have in common."""

from __future__ import annotations

import numpy as np

from compare.kinds.layer import Arrays
from compare.kinds.option import Option
from compare.kinds.rows import copied, in_any_layer

SCALED = (copied("weight", "gamma"), copied("bias", "beta"))
SCALED_ALONE = in_any_layer(*SCALED)  # of a kind that learns no statistics
SWITCHES = {"gamma": "scale", "beta": "center"}

EPSILON = Option("epsilon", "eps", "epsilon", 1e-5, 1e-3, sample=(1e-4, 1e-4))


def scale_and_offset(torch: str) -> tuple[Option, Option]:
    """The settings without which there is no scale, and no offset.

    Args:
        torch: PyTorch's setting, which is one for both.
    """
    return (
        Option("scale", torch, "scale", True, True, sample=(False, False)),
        Option("offset", torch, "center", True, True, sample=(False, False)),
    )


def scaled(standard: np.ndarray, arrays: Arrays) -> np.ndarray:
    """Multiply by the scale and add the offset, where there are any."""
    result: np.ndarray = arrays.get("weight", 1) * standard + arrays.get("bias", 0)
    return result


def standardised(
    x: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> np.ndarray:
    """(x - mean) / sqrt(variance + epsilon)."""
    with np.errstate(invalid="ignore"):  # a wrong variance may be below zero
        result: np.ndarray = (x - mean) / np.sqrt(variance + epsilon)
    return result
