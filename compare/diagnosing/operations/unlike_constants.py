"""How two constants differ that stand for each other, such as encoded positions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

ROUNDED = 1e-6  # of the largest value: a few roundings to float32
FEW = 12  # numbers of columns that are told


def relation(torch: np.ndarray, keras: np.ndarray) -> str:
    """Say how a constant of PyTorch differs from Keras's constant.

    Args:
        torch: (..., steps, size) where it encodes positions.
        keras: of the same shape but for leading axes of 1.

    Returns:
        "" where nothing is recognised.
    """
    torch, keras = _without_leading(torch), _without_leading(keras)
    if torch.shape != keras.shape or torch.dtype == bool or torch.size < 2:
        return ""
    torch, keras = torch.astype("float64"), keras.astype("float64")
    if not np.isfinite(torch).all() or not np.isfinite(keras).all():
        return ""
    return next(_relations(torch, keras), "")


def _relations(torch: np.ndarray, keras: np.ndarray) -> Iterator[str]:
    """Yield what is recognised, the simplest first."""
    if _near(torch, keras):
        largest = np.abs(torch - keras).max()
        yield f"they differ by at most {largest:.1g}, as by rounding to float32"
    if _near(torch, -keras):
        yield "they have the other sign"
    if torch.ndim != 2:
        return
    columns = _order_of_columns(torch, keras)
    if columns:
        listed = ", ".join(map(str, columns[:FEW]))
        more = ", ..." if len(columns) > FEW else ""
        yield (
            f"PyTorch has Keras's columns in another order: {listed}{more}, such as "
            "sines and cosines by turns on one side and side by side on the other"
        )
    if len(torch) > 2:
        if _near(torch[1:], keras[:-1]):
            yield "PyTorch's begins one step earlier"
        if _near(torch[:-1], keras[1:]):
            yield "PyTorch's begins one step later"
    base, keras_base = _base_of_sines(torch), _base_of_sines(keras)
    if base and keras_base and abs(base / keras_base - 1) > ROUNDED:
        yield (
            f"sines of positions divided by powers of {base:.6g} in PyTorch, of "
            f"{keras_base:.6g} in Keras"
        )


def _without_leading(array: np.ndarray) -> np.ndarray:
    """An array of two axes or more, without leading axes of size 1."""
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    return array


def _near(torch: np.ndarray, keras: np.ndarray) -> bool:
    """Whether arrays are the same but for a few roundings, and not all zeros."""
    scale = max(np.abs(torch).max(), np.abs(keras).max())
    return bool(scale > 0 and np.abs(torch - keras).max() <= ROUNDED * scale)


def _order_of_columns(torch: np.ndarray, keras: np.ndarray) -> list[int]:
    """Which column of `keras` each of `torch` is; none where that is not one each."""
    if len(torch) < 2:
        return []
    order = []
    for column in torch.T:
        distances = np.abs(keras - column[:, None]).max(axis=0)
        order.append(int(distances.argmin()))
        if distances.min() > ROUNDED * np.abs(keras).max():
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
