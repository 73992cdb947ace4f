"""Functions of one number, and the softmax, in float64 NumPy."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, sqrt

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]


def identity(x: np.ndarray) -> np.ndarray:
    """Return x as it is."""
    return x


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)); only numbers below 0 meet exp, so nothing overflows."""
    small = np.exp(-np.abs(x))  # at most 1
    result: np.ndarray = np.where(x >= 0, 1, small) / (1 + small)
    return result


def hard_sigmoid_sixth(x: np.ndarray) -> np.ndarray:
    """Limit x / 6 + 1 / 2 to [0, 1]: that of Keras 3 and of PyTorch."""
    result: np.ndarray = np.clip(x / 6 + 0.5, 0, 1)
    return result


def hard_sigmoid_fifth(x: np.ndarray) -> np.ndarray:
    """Limit 0.2 x + 1 / 2 to [0, 1]: that of Keras 2."""
    result: np.ndarray = np.clip(0.2 * x + 0.5, 0, 1)
    return result


def relu(x: np.ndarray) -> np.ndarray:
    """Replace numbers below zero by zero."""
    result: np.ndarray = np.maximum(x, 0)
    return result


def relu6(x: np.ndarray) -> np.ndarray:
    """Limit x to [0, 6]."""
    result: np.ndarray = np.clip(x, 0, 6)
    return result


def leaky_relu(slope: float) -> Function:
    """Return a relu that leaves `slope` of what is below zero."""

    def function(x: np.ndarray) -> np.ndarray:
        return np.where(x > 0, x, slope * x)

    return function


def elu(alpha: float) -> Function:
    """Return an exponential linear unit: alpha (exp(x) - 1) below zero.

    Source: Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289, equation 15.
    """

    def function(x: np.ndarray) -> np.ndarray:
        return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))

    return function


def gelu(x: np.ndarray, root: float = sqrt(2)) -> np.ndarray:
    """Give x times the share of a normal distribution that is below x.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
    """
    result: np.ndarray = x * (1 + _erf(x / root)) / 2
    return result


def gelu_by_tanh(x: np.ndarray, cubed: float = 0.044715) -> np.ndarray:
    """The approximation of gelu by a tanh, of the same source."""
    result: np.ndarray = x * (1 + np.tanh(sqrt(2 / np.pi) * (x + cubed * x**3))) / 2
    return result


def silu(x: np.ndarray) -> np.ndarray:
    """Give x times its sigmoid.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
    """
    result: np.ndarray = x * sigmoid(x)
    return result


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x))."""
    result: np.ndarray = np.logaddexp(x, 0)
    return result


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Give exp(x) divided by its sum along an axis.

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.3.
    """
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    result: np.ndarray = e / e.sum(axis=axis, keepdims=True)
    return result


_erf = np.vectorize(erf, otypes=[float])

# By the names that Keras gives them, those that a recurrent layer may be asked for.
BY_NAME: dict[str, Function] = {
    "linear": identity,
    "tanh": np.tanh,
    "relu": relu,
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid_sixth,
}


def called(name: str | Function) -> Function:
    """Return the function of a name, or the function itself.

    Raises:
        ValueError: if there is none of the name.
    """
    if callable(name):
        return name
    if name not in BY_NAME:
        raise ValueError(f"activation expects {', '.join(BY_NAME)}, got {name}")
    return BY_NAME[name]
