"""Formats with fewer digits through which numbers may have gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from compare.kinds.changes import bfloat16, half

ENOUGH = 8  # numbers, without which anything may be a multiple of a step
FEW = 4096  # numbers that are looked at before all are
WHOLE = 1e-3  # how far float32 may take a whole number from itself
INTEGERS = "8 bit integers"
Numbers = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Rounding:
    """A format with fewer digits.

    Args:
        name: what it is called.
        of: takes the right numbers and returns those that the format has.
    """

    name: str
    of: Numbers


def _half(array: np.ndarray) -> np.ndarray:
    return np.asarray(half(array))


def _bfloat16(array: np.ndarray) -> np.ndarray:
    return np.asarray(bfloat16(array))


def roundings(held: np.ndarray) -> Iterator[Rounding]:
    """The formats that numbers may have: each rounds the right ones.

    Args:
        held: the numbers, of which whole steps of 8 bits are told.
    """
    yield Rounding("float16", _half)
    yield Rounding("bfloat16", _bfloat16)
    yield Rounding("float8 (e4m3)", _minifloat(3, -6, 448.0))
    yield Rounding("float8 (e5m2)", _minifloat(2, -14, 57344.0))
    if held.size >= ENOUGH:
        yield from _whole_steps(held)


def roundings_by_place(held: np.ndarray) -> Iterator[Rounding]:
    """Roundings to 8 bits with a step for each place of an axis.

    Args:
        held: the numbers, which tell the steps.
    """
    if held.ndim < 2:
        return
    for axis in range(held.ndim):
        axes = tuple(number for number in range(held.ndim) if number != axis)
        scales = np.abs(held).max(axis=axes, keepdims=True) / 127
        # A place of few numbers has steps of its own whatever they are.
        if held.size < ENOUGH * scales.size or not scales.all():
            continue
        corner = (0,) * held.ndim
        row = np.moveaxis(held, axis, 0)[0] / scales[corner]
        if _are_whole(row) and _are_whole(held / scales):
            yield Rounding(
                f"{INTEGERS}, a step for each place of axis {axis}", _to_steps(scales)
            )


def _minifloat(bits: int, least: int, largest: float) -> Numbers:
    """Round to so many bits behind the first, half to even.

    Args:
        bits: of the mantissa.
        least: the exponent below which numbers are as far apart as at it.
        largest: number that there is.

    Source: Micikevicius et al. 2022, arXiv:2209.05433, table 1.
    """

    def rounded(array: np.ndarray) -> np.ndarray:
        numbers = np.asarray(array, "float64")
        exponents = np.frexp(numbers)[1] - 1
        steps = 2.0 ** (np.maximum(exponents, least) - bits)
        return np.clip(np.rint(numbers / steps) * steps, -largest, largest)

    return rounded


def _whole_steps(held: np.ndarray) -> Iterator[Rounding]:
    """Roundings to whole multiples of a step, of which 8 bits count at most."""
    largest = float(np.abs(held).max())
    for steps in (127, 128):
        step = largest / steps
        if step and _are_whole(held / step):
            yield Rounding(f"{INTEGERS} of the step {step:.6g}", _to_steps(step))
    span = float(np.ptp(held))
    step = span / 255
    if step and _are_whole((held - held.min()) / step):
        start = float(held.min())
        yield Rounding(f"{INTEGERS} of the step {step:.6g}", _to_steps(step, start))


def _are_whole(numbers: np.ndarray) -> bool:
    """Whether numbers are whole, up to what float32 keeps of them."""
    few = numbers.reshape(-1)[:FEW]
    if np.abs(few - np.rint(few)).max() >= WHOLE:
        return False
    return bool(np.abs(numbers - np.rint(numbers)).max() < WHOLE)


def _to_steps(step: float | np.ndarray, start: float = 0.0) -> Numbers:
    """Round to the nearest of whole steps from a start."""

    def rounded(array: np.ndarray) -> np.ndarray:
        return np.rint((np.asarray(array) - start) / step) * step + start

    return rounded
