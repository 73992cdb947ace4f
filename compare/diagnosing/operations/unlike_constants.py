"""How two constants differ that stand for each other, such as encoded positions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

ROUNDED = 1e-6  # of the largest value: a few roundings to float32
FEW = 12  # numbers of columns that are told


def relation(own: np.ndarray, right: np.ndarray) -> str:
    """Return what PyTorch's constant is of Keras's; "" where nothing is recognised.

    Args:
        own: PyTorch's, (..., steps, size) where it encodes positions.
        right: Keras's, of the same shape but for leading axes of 1.
    """
    own, right = _without_leading(own), _without_leading(right)
    if own.shape != right.shape or own.dtype == bool or own.size < 2:
        return ""
    first, second = own.astype("float64"), right.astype("float64")
    if not np.isfinite(first).all() or not np.isfinite(second).all():
        return ""
    for words in _relations(first, second):
        return words
    return ""


def _relations(own: np.ndarray, right: np.ndarray) -> Iterator[str]:
    """Yield what is recognised, the simplest first."""
    if _near(own, right):
        most = np.abs(own - right).max()
        yield f"they differ by at most {most:.1g}, as by rounding to float32"
    if _near(own, -right):
        yield "they have the other sign"
    if own.ndim != 2:
        return
    columns = _order_of_columns(own, right)
    if columns:
        listed = ", ".join(map(str, columns[:FEW]))
        more = ", ..." if len(columns) > FEW else ""
        yield (
            f"PyTorch has Keras's columns in another order: {listed}{more}, such as "
            "sines and cosines by turns on one side and side by side on the other"
        )
    if len(own) > 2:
        if _near(own[1:], right[:-1]):
            yield "PyTorch's begins one step earlier"
        if _near(own[:-1], right[1:]):
            yield "PyTorch's begins one step later"
    base, keras_base = _base_of_sines(own), _base_of_sines(right)
    if base and keras_base and abs(base / keras_base - 1) > ROUNDED:
        yield (
            f"sines of positions divided by powers of {base:.6g} in PyTorch, of "
            f"{keras_base:.6g} in Keras"
        )


def _without_leading(array: np.ndarray) -> np.ndarray:
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    return array


def _near(first: np.ndarray, second: np.ndarray) -> bool:
    scale = max(np.abs(first).max(), np.abs(second).max())
    return bool(scale > 0 and np.abs(first - second).max() <= ROUNDED * scale)


def _order_of_columns(own: np.ndarray, right: np.ndarray) -> list[int]:
    """Which column of `right` each of `own` is; none where that is not one each."""
    if len(own) < 2:
        return []
    order = []
    for column in own.T:
        distances = np.abs(right - column[:, None]).max(axis=0)
        order.append(int(distances.argmin()))
        if distances.min() > ROUNDED * np.abs(right).max():
            return []
    return order if len(set(order)) == len(order) else []


def _base_of_sines(encoded: np.ndarray) -> float:
    """The number whose powers divide positions before their sine; 0 where it is none.

    Args:
        encoded: (steps, size), from position 0 on: sin(p / base^(2 k / size)) and
            cosines, in any order of columns.
    """
    size = encoded.shape[1]
    if len(encoded) < 2 or size % 2:
        return 0.0
    sines = encoded[1][np.abs(encoded[0]) < ROUNDED]  # the cosine of 0 is 1
    if len(sines) != size // 2 or len(sines) < 2 or np.abs(sines).max() > 1:
        return 0.0
    rates = np.arcsin(sines)
    if (rates <= 0).any() or abs(rates[0] - 1) > ROUNDED:
        return 0.0
    base = float(rates[1] ** (-size / 2))
    expected = base ** (-2 * np.arange(len(rates)) / size)
    return base if np.allclose(rates, expected, rtol=1e-4) else 0.0
