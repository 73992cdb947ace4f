"""What operations compute of one array or two, by what it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from compare.kinds import functions
from compare.mistakes.activations import ACTIVATIONS, NONE

FUNCTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **{name: function for name, function in ACTIVATIONS.items() if name != NONE},
    "a hard sigmoid": functions.hard_sigmoid_sixth,
    "a hard sigmoid of slope 0.2": functions.hard_sigmoid_fifth,
    "a hard swish": lambda x: x * functions.hard_sigmoid_sixth(x),
    "a mish": lambda x: x * np.tanh(functions.softplus(x)),
    "a softsign": lambda x: x / (1 + np.abs(x)),
    "a selu": lambda x: 1.0507009873554805 * functions.elu(1.6732632423543772)(x),
    "the logarithm of a sigmoid": lambda x: -functions.softplus(-x),
    "the absolute value": np.abs,
    "the square": np.square,
    "the exponential": np.exp,
    "the exponential less 1": np.expm1,
    "the square root": np.sqrt,
    "the logarithm": np.log,
    "the logarithm of 1 more": np.log1p,
    "the sine": np.sin,
    "the cosine": np.cos,
    "the negative": np.negative,
    "1 less it": lambda x: 1 - x,
    "1 by it": lambda x: 1 / x,
    "a sign": np.sign,
}

REDUCTIONS: dict[str, Callable[..., Any]] = {
    "the mean": np.mean,
    "the sum": np.sum,
    "the largest": np.max,
    "the smallest": np.min,
    "the standard deviation": np.std,
    "the standard deviation with n - 1": lambda x, axis: np.std(x, axis, ddof=1),
    "the variance": np.var,
    "the variance with n - 1": lambda x, axis: np.var(x, axis, ddof=1),
    "the length": lambda x, axis: np.sqrt(np.square(x).sum(axis)),
    "the sum of squares": lambda x, axis: np.square(x).sum(axis),
    "the mean of squares": lambda x, axis: np.square(x).mean(axis),
    "the mean of absolute values": lambda x, axis: np.abs(x).mean(axis),
    "the product": np.prod,
    "the median": np.median,
}


def _swapped(y: np.ndarray) -> np.ndarray:
    """The last two axes exchanged.

    Raises:
        ValueError: of fewer axes.
    """
    if y.ndim < 2:
        raise ValueError("two axes are needed")
    return y.swapaxes(-1, -2)


def _reshaped(y: np.ndarray) -> np.ndarray:
    """The sizes of the last two axes exchanged, without a transpose.

    Raises:
        ValueError: of fewer axes.
    """
    return y.reshape(_swapped(y).shape)


def _of_unit_length(x: np.ndarray) -> np.ndarray:
    """The values by their length along the last axis."""
    return x / np.sqrt(np.square(x).sum(-1, keepdims=True))


TWO: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "the sum of both": np.add,
    "the mean of both": lambda x, y: (x + y) / 2,
    "the product of both": np.multiply,
    "the first less the second": np.subtract,
    "the first by the second": np.divide,
    "the larger of both": np.maximum,
    "the smaller of both": np.minimum,
    "the matrix product of the first and the second": np.matmul,
    "the matrix product of the first and the second, transposed": (
        lambda x, y: x @ _swapped(y)
    ),
    "the matrix product of the first, transposed, and the second": (
        lambda x, y: _swapped(x) @ y
    ),
    "the matrix product of the first and the second, reshaped without a transpose": (
        lambda x, y: x @ _reshaped(y)
    ),
    "the products of both added up along the last axis": (lambda x, y: (x * y).sum(-1)),
    "the cosine of both, of unit length along the last axis": (
        lambda x, y: (_of_unit_length(x) * _of_unit_length(y)).sum(-1)
    ),
    "the first plus the product of both": lambda x, y: x + x * y,
    "the first by 1 less the second": lambda x, y: x * (1 - y),
}

# Those that are one of both where that is always the larger, or the smaller.
PICKING = ("the larger of both", "the smaller of both")
