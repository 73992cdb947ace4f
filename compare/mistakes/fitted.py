"""Functions with a number of one's own, read from what goes in and comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from compare.kinds import functions
from compare.kinds.functions import Function

DIGITS = 7  # people write round numbers


def family(x: np.ndarray, y: np.ndarray) -> tuple[str, Function] | None:
    """The function of any slope, alpha, beta or bounds that takes x to y, if one does.

    Args:
        x: what goes in.
        y: what comes out, of the same shape.

    Returns:
        Such as "a leaky relu of slope 0.15", and the function.
    """
    if x.shape != y.shape or not y.any():  # zeros tell no function
        return None
    for name, function in _candidates(x, y):
        if np.allclose(function(x), y, rtol=1e-9, atol=1e-12):
            return name, function
    return None


def _candidates(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[str, Function]]:
    """Each function that one or two numbers of x and y suggest, the likeliest first."""
    at = np.unravel_index(np.argmin(x), x.shape)
    low_x, low_y = float(x[at]), float(y[at])
    if low_x < 0:
        for slope in _rounded(low_y / low_x):
            yield f"a leaky relu of slope {slope:g}", functions.leaky_relu(slope)
        for alpha in _rounded(low_y / float(np.expm1(low_x))):
            yield f"an elu of alpha {alpha:g}", functions.elu(alpha)
    is_constant = y.min() == y.max()  # which no clamp makes on purpose
    if not is_constant and (y.min() > x.min() or y.max() < x.max()):
        low = float(y.min()) if y.min() > x.min() else -np.inf
        high = float(y.max()) if y.max() < x.max() else np.inf
        yield f"a clamp to [{low:g}, {high:g}]", functions.limited(low, high)
    for size in _rounded(float(np.abs(x).max() - np.abs(y).max())):
        yield f"a soft shrink by {size:g}", functions.soft_shrink(size)
    zeroed = np.abs(x[y == 0])
    if zeroed.size and zeroed.max() > 0:
        size = float(zeroed.max())
        yield f"a hard shrink of all up to {size:.3g}", functions.hard_shrink(size)
    if low_x < 0 and low_y < 0:
        alpha = _solved(functions.celu, low_x, low_y)
        yield f"a celu of alpha {alpha:g}", functions.celu(alpha)
    if low_x < 0 < low_y:
        beta = _solved(functions.softplus_of, low_x, low_y)
        yield f"a softplus of beta {beta:g}", functions.softplus_of(beta)


def _rounded(number: float) -> tuple[float, ...]:
    """A number as people write it, and as TensorFlow rounds it; none of zero."""
    written = float(f"{number:.{DIGITS}g}")
    if not written or not np.isfinite(written):
        return ()
    return written, float(np.float32(written))


def _solved(make: Callable[[float], Function], x: float, y: float) -> float:
    """The constant with which a function takes one number to another.

    Args:
        make: takes the constant, with which what the function returns falls.
        x: what goes in.
        y: what comes out.
    """
    low, high = np.log(1e-3), np.log(1e3)
    for _ in range(60):
        middle = (low + high) / 2
        if float(make(float(np.exp(middle)))(np.array(x))) > y:
            low = middle
        else:
            high = middle
    return float(f"{np.exp(low):.{DIGITS}g}")
