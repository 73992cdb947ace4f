"""How constants differ that encode positions."""

from __future__ import annotations

import numpy as np
import pytest

from compare.diagnosing.operations.unlike_constants import relation

STEPS, SIZE = 6, 8


def encoded(base: float = 10000.0, first: int = 0) -> np.ndarray:
    """Sines and cosines by turns, (steps, size)."""
    positions = np.arange(first, first + STEPS)[:, None]
    angles = positions / base ** (np.arange(0, SIZE, 2) / SIZE)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(STEPS, SIZE)


RIGHT = encoded()
RELATIONS = {
    "in halves": (np.concatenate([RIGHT[:, ::2], RIGHT[:, 1::2]], 1), "another order"),
    "another base": (encoded(100.0), "powers of 100 in PyTorch, of 10000 in Keras"),
    "from 1": (encoded(first=1), "begins one step later"),
    "rounded": (RIGHT.astype("float32")[None], "rounding to float32"),
    "negative": (-RIGHT, "the other sign"),
}


@pytest.mark.parametrize("name", RELATIONS)
def test_what_one_constant_is_of_the_other_is_told(name):
    own, words = RELATIONS[name]

    assert words in relation(own, RIGHT)


def test_nothing_is_said_of_numbers_that_have_nothing_in_common():
    other = np.random.default_rng(0).normal(size=(STEPS, SIZE))

    assert relation(other, RIGHT) == ""
    assert relation(other[:3], RIGHT) == ""
