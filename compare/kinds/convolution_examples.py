"""Small layers that convolve, from which the tests build the kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compare.kinds.kind import Example
from compare.kinds.option import Value

SHAPES = {1: (3, 5, 4), 2: (2, 6, 5, 4), 3: (2, 5, 6, 5, 4)}  # of inputs, by axes
IN_TORCH = {"in_channels": 4, "out_channels": 6, "kernel_size": 3}
IN_KERAS = {"filters": 6, "kernel_size": 3}

# A name, and the settings of the layer in PyTorch and in Keras beside those above.
Variant = tuple[str, Mapping[str, Value], Mapping[str, Value]]


def examples(
    axes: int, torch: str, keras: str, variants: Sequence[Variant]
) -> tuple[Example, ...]:
    """Make the examples of a kind over so many axes.

    Args:
        axes: 1 to 3.
        torch: class in `torch.nn`.
        keras: class in `keras.layers`.
        variants: the plain one first.
    """
    return tuple(
        Example(
            torch,
            {**IN_TORCH, **in_torch},
            keras,
            {**IN_KERAS, **in_keras},
            name,
            SHAPES[axes],
        )
        for name, in_torch, in_keras in variants
    )
