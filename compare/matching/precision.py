"""Numbers that a target cannot hold, refused before any is written."""

from __future__ import annotations

from typing import Any

import numpy as np

from compare.errors import BadInput

FLOATS = {"float16": 2, "float32": 4, "float64": 8}  # bytes


def dtype_of(array: Any) -> str:
    """Return the precision of an array, a tensor, a variable or a data set by name."""
    dtype = array.dtype
    name: str = getattr(dtype, "name", str(dtype)).removeprefix("torch.")
    return name


def check_floats(name: str, array: Any) -> None:
    """Raise BadInput for numbers that are not weights in floating point.

    Args:
        name: of the array.
        array: or what it can be read from.
    """
    if dtype_of(array) not in FLOATS:
        raise BadInput(
            f"{name}: expected {', '.join(FLOATS)} on both sides, got "
            f"{dtype_of(array)}, in which weights would be other numbers; convert the "
            "model to float32 first"
        )


def narrower(source: Any, target: Any) -> bool:
    """Return whether a target has fewer bytes for a number than its source."""
    return FLOATS[dtype_of(target)] < FLOATS[dtype_of(source)]


def check_range(name: str, array: np.ndarray, target: Any) -> None:
    """Raise BadInput for finite numbers that are infinite in a target's precision.

    Args:
        name: of the array in the target.
        array: what would be written.
        target: what it would be written to.
    """
    if not narrower(array, target):
        return
    dtype = dtype_of(target)
    with np.errstate(over="ignore"):
        lost = np.isfinite(array) & ~np.isfinite(array.astype(dtype))
    if lost.any():
        raise BadInput(
            f"{name}: expected numbers up to {np.finfo(dtype).max:g}, all that the "
            f"target's {dtype} can hold, got {array[lost][0]:g} from the source; give "
            "the target another precision"
        )
