"""Constants that one side rounds to float32 and the other has as they were written.

A tensor of 0.1 in float32 is 0.1000000015 in float64; a 0.1 in the code stays 0.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from compare.in_keras import constants as keras_constants
from compare.in_pytorch import constants as pytorch_constants
from compare.judging.evidence import SIDES

if TYPE_CHECKING:
    from compare.twins.twins import Twins

DIGITS = 6  # float32 has 7.2: so many tell a number that somebody wrote
MOST = 4096  # numbers that somebody may have written down


def as_written(twins: Twins) -> str:
    """Give the twins in float64 the constants that were written down.

    Args:
        twins: in both precisions.

    Returns:
        Which they are and of which side, or nothing where there are none.
    """
    sentences = []
    for side, adapter in (("torch", pytorch_constants), ("keras", keras_constants)):
        model = twins.model(side, "float64")
        names = ", ".join(adapter.replace_constants(model, _written))
        if names:
            sentences.append(f"{names} of {SIDES[side]}'s")
    return " and ".join(sentences)


def _written(values: np.ndarray) -> np.ndarray | None:
    """The numbers that were written down, if these are those rounded to float32.

    That is the shortest decimal that float32 rounds to each, if it is short.
    """
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    if values.dtype.kind != "f" or values.size > MOST or (rounded != values).any():
        return None
    texts = [np.format_float_scientific(each) for each in rounded.ravel()]
    if any(len(re.sub(r"e.*|[-.]", "", text)) > DIGITS for text in texts):
        return None
    written = np.array(list(map(float, texts))).reshape(values.shape)
    return None if (written == values).all() else written
