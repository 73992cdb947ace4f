"""Constants that one side rounds to float32 and the other has as they were written.

A tensor of 0.1 in float32 is 0.1000000015 in float64; a 0.1 in the code stays 0.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from compare.in_keras import constants as keras_constants
from compare.in_pytorch import constants as pytorch_constants
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.listing import bounded

if TYPE_CHECKING:
    from compare.twins.twins import Twins

CONSTANTS: dict[Side, ModuleType] = {
    "torch": pytorch_constants,
    "keras": keras_constants,
}
ROUNDING = float(np.finfo(np.float32).eps)  # of a number and of its root
DIGITS = 6  # float32 has 7.2: so many tell a number that somebody wrote
MOST_NUMBERS = 4096  # of an array that somebody may have written down


def as_written(twins: Twins) -> str:
    """Give the twins in float64 the constants that were written down.

    Args:
        twins: in both precisions.

    Returns:
        Which they are and of which side, or nothing where there are none.
    """
    sentences = []
    for side, adapter in CONSTANTS.items():
        model = twins.model(side, "float64")
        names = bounded(adapter.replace_constants(model, _written))
        if names:
            sentences.append(f"{names} of {SIDES[side]}")
    fitted = bounded(_fit_figures(twins))
    if fitted:
        twins.twin("keras", "float64").retrace()
        sentences.append(f"means and variances of {fitted} of {SIDES['keras']}")
    return " and ".join(sentences)


def _fit_figures(twins: Twins) -> Iterator[str]:
    """Give what standardises in Keras PyTorch's figures, where these are rounded.

    A variance in float32 is not the square of its root in float32.
    """
    model = twins.model("torch", "float64")
    constants = list(pytorch_constants.constants(model))

    def fitted(mean: np.ndarray) -> np.ndarray:
        near = (c for c in constants if _is_near(c, mean))
        return next((c.reshape(mean.shape) for c in near), mean)

    def fitted_variance(variance: np.ndarray) -> np.ndarray:
        roots = (c for c in constants if _is_near(c, np.sqrt(variance)))
        squares = (c.reshape(variance.shape) ** 2 for c in roots)
        return next(squares, fitted(variance))

    keras = twins.model("keras", "float64")
    yield from keras_constants.replace_figures(keras, fitted, fitted_variance)


def _is_near(constant: np.ndarray, figures: np.ndarray) -> bool:
    """Whether numbers are others as float32 rounds them, of the same count."""
    if constant.size != figures.size:
        return False
    gaps = np.abs(constant.ravel() - figures.ravel())
    return bool((gaps <= ROUNDING * np.abs(figures.ravel())).all())


def _written(values: np.ndarray) -> np.ndarray | None:
    """The numbers that were written down, if these are those rounded to float32.

    Each is the shortest decimal that float32 rounds to its number, if it is short.

    Args:
        values: of a constant, of any shape.

    Returns:
        The numbers in float64, of the same shape; None where there is nothing to
        change.
    """
    if values.dtype.kind != "f" or values.size > MOST_NUMBERS:
        return None
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    if (rounded != values).any():
        return None
    texts = [np.format_float_scientific(number) for number in rounded.ravel()]
    for text in texts:
        digits = re.sub(r"e.*|[-.]", "", text)
        if len(digits) > DIGITS:
            return None
    written = np.array([float(text) for text in texts]).reshape(values.shape)
    if (written == values).all():
        return None
    return written
