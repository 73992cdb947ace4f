"""What layers that normalise have in common where they are written in PyTorch."""

from __future__ import annotations

import numpy as np

from compare.kinds.graph import LayerPlan
from compare.kinds.layer import Arrays
from compare.kinds.rows import Row, copied


def axes_of(plan: LayerPlan, axes: int) -> tuple[int, ...]:
    """Keras's axes that a layer is told, counted from the first, in order.

    Args:
        plan: of the layer.
        axes: how many there are.
    """
    axis = plan.config.get("axis", -1)
    numbers = [axis] if isinstance(axis, int) else axis
    return tuple(sorted(number % axes for number in numbers))


def scale_rows(arrays: Arrays, shape: tuple[int, ...]) -> tuple[Row, ...]:
    """The rows of scale and offset, of which Keras may have one alone.

    Args:
        arrays: of Keras's layer.
        shape: of either.
    """
    rows = []
    for torch, keras, neutral in (("weight", "gamma", 1.0), ("bias", "beta", 0.0)):
        if keras in arrays:
            rows.append(copied(torch, keras))
        else:
            rows.append(constant(torch, np.full(shape, neutral)))
    return tuple(rows)


def constant(torch: str, array: np.ndarray) -> Row:
    """PyTorch has an array that Keras's layer has not: its numbers change nothing."""

    def to_keras(_: np.ndarray) -> tuple[np.ndarray, ...]:
        return ()

    def to_torch() -> tuple[np.ndarray, ...]:
        return (array,)

    return Row((torch,), (), to_keras, to_torch)
