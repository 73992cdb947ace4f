"""Numbers that a target cannot hold, refused before any is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from compare.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

FLOATS = {"float16": 2, "float32": 4, "float64": 8}  # bytes


def dtype_of(array: Any) -> str:
    """Name of the precision of an array, a tensor, a variable or a data set."""
    dtype = array.dtype
    return getattr(dtype, "name", str(dtype)).removeprefix("torch.")


def check_floats(name: str, array: Any):
    """Raise BadInput for numbers that are no weights in floating point.

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
    """Whether a target has fewer bytes for a number than its source."""
    return FLOATS[dtype_of(target)] < FLOATS[dtype_of(source)]


def check_range(name: str, array: np.ndarray, target: Any):
    """Raise BadInput for finite numbers that are infinite in a target's precision.

    Args:
        name: of the array in the target.
        array: what would be written.
        target: what it would be written to.
    """
    import numpy as np  # not needed before there are models

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
