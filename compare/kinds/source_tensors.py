"""Tensors in a forward method, moved and cast as text."""

from __future__ import annotations

from compare.kinds.source import TensorText


def moved_features(text: str, axes: int, second: bool) -> str:
    """The expression of a tensor with its features on the second or last axis."""
    if axes == 3:
        return f"{text}.transpose(1, 2)"
    order = [0, *range(2, axes), 1]
    if second:
        order = [0, axes - 1, *range(1, axes - 1)]
    return f"{text}.permute({', '.join(map(str, order))})"


def in_floats(value: TensorText, layer: str) -> str:
    """A tensor for a layer with a weight: whole numbers as floats, as in Keras."""
    if value.dtype.startswith(("int", "uint", "bool")):
        return f"{value.text}.type_as({layer}.weight)"
    return value.text
