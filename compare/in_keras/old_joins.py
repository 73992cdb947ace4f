"""Joins of masked tensors, as Keras computed them before version 3.

Keras 3 lets a step count that counts in any of the tensors, has no mask where one of
them has none, and leaves numbers of steps that do not count out of a product, a maximum
and a minimum.

Source: `_Merge` and `Concatenate` in `layers/merging` of tf-keras 2.21.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import keras
from keras import ops


class _MaskOfAll:
    """The mask: a step counts that counts in all tensors that have a mask."""

    def compute_mask(self, inputs: Sequence[Any], mask: Any = None) -> Any:
        """The steps that count, bool (batch, time); None where no tensor has a mask."""
        masks = [part for part in mask or () if part is not None]
        return reduce(ops.logical_and, masks) if masks else None


class Concatenate(_MaskOfAll, keras.layers.Concatenate):
    """Tensors one after the other; along time, so are their masks."""

    def compute_mask(self, inputs: Sequence[Any], mask: Any = None) -> Any:
        """The steps that count, bool (batch, time); None where no tensor has a mask."""
        if self.axis % len(inputs[0].shape) == len(inputs[0].shape) - 1:
            return super().compute_mask(inputs, mask)
        return keras.layers.Concatenate.compute_mask(self, inputs, mask)


def _of_numbers(
    cls: type[keras.Layer], function: Callable[[Any, Any], Any]
) -> type[keras.Layer]:
    """A class that takes all numbers, of masked steps too."""

    def merge(layer: keras.Layer, inputs: Sequence[Any]) -> Any:
        return reduce(function, inputs)

    return type(cls.__name__, (_MaskOfAll, cls), {"_merge_function": merge})


CLASSES: dict[str, type[keras.Layer]] = {
    "Add": type("Add", (_MaskOfAll, keras.layers.Add), {}),
    "Subtract": type("Subtract", (_MaskOfAll, keras.layers.Subtract), {}),
    "Average": type("Average", (_MaskOfAll, keras.layers.Average), {}),
    "Multiply": _of_numbers(keras.layers.Multiply, ops.multiply),
    "Maximum": _of_numbers(keras.layers.Maximum, ops.maximum),
    "Minimum": _of_numbers(keras.layers.Minimum, ops.minimum),
    "Concatenate": Concatenate,
}
