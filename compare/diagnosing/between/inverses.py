"""What goes into a function, found from what comes out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

CLEAR = 0.9  # beyond, a tanh keeps few digits of what goes in
POSITIVE = 1e-6  # below, a softmax keeps few digits of what goes in

# Takes x and y to the part of x that can be judged, and to what the function takes to
# the same part of y.
Invert = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def _before_relu(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x[y > 0], y[y > 0]


def _before_tanh(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    clear = np.abs(y) < CLEAR
    return x[clear], np.arctanh(y[clear])


def _before_sigmoid(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A sigmoid of x is (1 + tanh(x / 2)) / 2."""
    x, half = _before_tanh(x, 2 * y - 1)
    return x, 2 * half


def _before_softmax(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row less its mean: a softmax is the same whatever is added to a row."""
    rows = (y > POSITIVE).all(axis=-1)
    x, logarithms = x[rows], np.log(y[rows])
    x = x - x.mean(axis=-1, keepdims=True)
    return x, logarithms - logarithms.mean(axis=-1, keepdims=True)


INVERSES: Mapping[str, Invert] = {
    "a relu": _before_relu,
    "a tanh": _before_tanh,
    "a sigmoid": _before_sigmoid,
    "a softmax": _before_softmax,
    "a softmax over the outputs": _before_softmax,
}
