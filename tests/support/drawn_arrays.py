"""Arrays for tests of what was done to an array, and the mend that is read off them."""

import numpy as np


def drawn(*shape, seed=0):
    """Numbers that float32 has, no two alike."""
    numbers = np.random.default_rng(seed).normal(size=shape)
    return numbers.astype(np.float32).astype(np.float64)


def in_float32(array):
    return np.asarray(array, np.float32).astype(np.float64)


def mended(wrong, held):
    """What the line of code makes of the array that is held."""
    expression = wrong.mend.replace("{}", "held")
    return eval(expression, {"np": np, "held": held})
