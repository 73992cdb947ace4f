"""Functions of one number, and some of a whole axis, in float64 NumPy.

Each takes and returns an array of any shape; those of an axis take the last one, if
they are told no other.
"""

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


def limited(low: float, high: float) -> Function:
    """Return what limits x to [low, high]."""

    def function(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.clip(x, low, high))

    return function


relu6 = limited(0, 6)
hard_tanh = limited(-1, 1)


def relu_from(
    threshold: float, slope: float = 0, limit: float | None = None
) -> Function:
    """Return Keras's relu, which begins at a threshold and may end at a limit.

    Below the threshold it is slope (x - threshold), from there on x.
    """

    def function(x: np.ndarray) -> np.ndarray:
        result = np.where(x >= threshold, x, slope * (x - threshold))
        return result if limit is None else np.minimum(result, limit)

    return function


def replaced_below(threshold: float, value: float) -> Function:
    """Return what replaces all that is not above a threshold by a value."""

    def function(x: np.ndarray) -> np.ndarray:
        return np.where(x > threshold, x, value)

    return function


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


def celu(alpha: float) -> Function:
    """Return alpha (exp(x / alpha) - 1) below zero: its slope at zero is always 1.

    Source: Barron 2017, arXiv:1704.07483, equation 2.
    """

    def function(x: np.ndarray) -> np.ndarray:
        return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))

    return function


# Klambauer et al. 2017, arXiv:1706.02515, equation 14.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def selu(x: np.ndarray) -> np.ndarray:
    """Give an elu of this alpha, times this scale."""
    result: np.ndarray = SELU_SCALE * elu(SELU_ALPHA)(x)
    return result


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


def gelu_by_sigmoid(x: np.ndarray) -> np.ndarray:
    """The approximation of gelu by a sigmoid, of the same source."""
    result: np.ndarray = x * sigmoid(1.702 * x)
    return result


def hard_silu(x: np.ndarray) -> np.ndarray:
    """Give x times its hard sigmoid: PyTorch's hardswish.

    Source: Howard et al. 2019, arXiv:1905.02244, section 5.2.
    """
    result: np.ndarray = x * hard_sigmoid_sixth(x)
    return result


def mish(x: np.ndarray) -> np.ndarray:
    """Give x times the tanh of its softplus.

    Source: Misra 2019, arXiv:1908.08681, equation 1.
    """
    result: np.ndarray = x * np.tanh(softplus(x))
    return result


def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + exp(x)); `logaddexp` would warn where x is no number."""
    result: np.ndarray = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return result


def softplus_of(beta: float, threshold: float = np.inf) -> Function:
    """Return log(1 + exp(beta x)) / beta, and x where beta x is above a threshold."""

    def function(x: np.ndarray) -> np.ndarray:
        return np.where(beta * x > threshold, x, softplus(beta * x) / beta)

    return function


def squareplus(x: np.ndarray, b: float = 4) -> np.ndarray:
    """(x + sqrt(x^2 + b)) / 2. Source: Barron 2021, arXiv:2112.11687, equation 1."""
    result: np.ndarray = (x + np.sqrt(x**2 + b)) / 2
    return result


def sparse_plus(x: np.ndarray) -> np.ndarray:
    """0 up to -1, x from 1 on, and (x + 1)^2 / 4 between them."""
    result: np.ndarray = np.clip(x + 1, 0, 2) ** 2 / 4 + np.maximum(x - 1, 0)
    return result


def sparse_sigmoid(x: np.ndarray) -> np.ndarray:
    """Limit (x + 1) / 2 to [0, 1]."""
    result: np.ndarray = np.clip((x + 1) / 2, 0, 1)
    return result


def softsign(x: np.ndarray) -> np.ndarray:
    """Give x / (1 + |x|)."""
    result: np.ndarray = x / (1 + np.abs(x))
    return result


def tanh_shrink(x: np.ndarray) -> np.ndarray:
    """Give x less its tanh."""
    result: np.ndarray = x - np.tanh(x)
    return result


def soft_shrink(size: float) -> Function:
    """Return what brings x nearer to zero by a size, or to zero."""

    def function(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.sign(x) * np.maximum(np.abs(x) - size, 0))

    return function


def hard_shrink(size: float) -> Function:
    """Return what replaces numbers from -size to size by zero."""

    def function(x: np.ndarray) -> np.ndarray:
        return np.where(np.abs(x) > size, x, 0)

    return function


def log_sigmoid(x: np.ndarray) -> np.ndarray:
    """The logarithm of the sigmoid: -softplus(-x)."""
    result: np.ndarray = -softplus(-x)
    return result


def glu(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Give the first half of an axis times the sigmoid of the second half.

    Source: Dauphin et al. 2017, arXiv:1612.08083, section 2.
    """
    values, gates = np.split(x, 2, axis)
    result: np.ndarray = values * sigmoid(gates)
    return result


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Give exp(x) divided by its sum along an axis.

    Source: Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2.2.3.
    """
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    result: np.ndarray = e / e.sum(axis=axis, keepdims=True)
    return result


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """The logarithm of the softmax."""
    shifted = x - x.max(axis=axis, keepdims=True)
    total = np.exp(shifted).sum(axis=axis, keepdims=True)
    result: np.ndarray = shifted - np.log(total)
    return result


def sparsemax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Give the nearest point whose numbers are not below zero and add up to 1.

    Source: Martins & Astudillo 2016, arXiv:1602.02068, algorithm 1.
    """
    x = np.moveaxis(x, axis, -1)
    falling = -np.sort(-x, axis=-1)
    counts = np.arange(1, x.shape[-1] + 1)
    excess = np.cumsum(falling, axis=-1) - 1
    support = (counts * falling > excess).sum(axis=-1, keepdims=True)
    threshold = np.take_along_axis(excess, support - 1, axis=-1) / support
    return np.moveaxis(np.maximum(x - threshold, 0), -1, axis)


_erf = np.vectorize(erf, otypes=[float])


def _gelu_in_keras(x: np.ndarray) -> np.ndarray:
    """Keras multiplies by the root of a half, which it keeps in float32."""
    return gelu(x, root=1 / float(np.float32(sqrt(0.5))))


# By the names that Keras gives them, those that a recurrent layer may be asked for.
# Numbers are as Keras keeps them, in float32.
BY_NAME: dict[str, Function] = {
    "linear": identity,
    "tanh": np.tanh,
    "relu": relu,
    "sigmoid": sigmoid,
    "hard_sigmoid": hard_sigmoid_sixth,
    "elu": elu(1.0),
    "selu": selu,
    "celu": celu(1.0),
    "gelu": _gelu_in_keras,
    "silu": silu,
    "hard_silu": hard_silu,
    "leaky_relu": leaky_relu(float(np.float32(0.2))),
    "relu6": limited(0.0, 6.0),
    "mish": mish,
    "softplus": softplus,
    "softsign": softsign,
    "squareplus": squareplus,
    "log_sigmoid": log_sigmoid,
    "tanh_shrink": tanh_shrink,
    "exponential": np.exp,
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
