"""A layer with weights that is given the right numbers in another order, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from compare.diagnosing.operations.counterparts import MOST_AXES, same
from compare.kinds import BY_TORCH_NAME
from compare.kinds.prelu import PRELU, slopes_are_of_second_axis
from compare.mistakes.traces import Step, Trace

# Axes of arrays as Keras has them, by their number.
AXES: dict[int, tuple[str, ...]] = {
    3: ("batch", "time", "features"),
    4: ("batch", "height", "width", "channels"),
    5: ("batch", "depth", "height", "width", "channels"),
}


@dataclass(frozen=True)
class Layouts:
    """How an input is laid out on either side.

    Args:
        torch: what PyTorch's layer is given, in words.
        keras: the same of Keras's layer.
    """

    torch: str
    keras: str


def order_for(step: Step, axes: int) -> tuple[int, ...]:
    """Return the order of Keras's axes in which PyTorch's layer takes its input."""
    kind = BY_TORCH_NAME.get(step.name)
    is_first = kind is not None and kind.features_first and axes > 2
    if kind is PRELU:
        count = step.arguments.get("num_parameters", 1)
        is_first = slopes_are_of_second_axis(count, axes)
    if is_first:
        return (0, axes - 1, *range(1, axes - 1))
    return tuple(range(axes))


def first_input(step: Step, trace: Trace) -> int | None:
    """Return the place of the first input that is no weight of the model."""
    for place, value in enumerate(step.inputs):
        if not trace.values[value].source.startswith(("the weight", "a const")):
            return place
    return None


def layouts(x: np.ndarray, keras: Trace, value: int, order: Sequence[int]) -> Layouts:
    """Say how an input of PyTorch's layer holds the numbers of Keras's.

    Args:
        x: what PyTorch's layer is given.
        keras: Keras's trace.
        value: what Keras's layer is given, of that trace.
        order: of its axes in which PyTorch's layer should have it.
    """
    keras_x = keras.array(value)
    maker = keras.maker(value)
    sources = [(keras_x, tuple(order))]
    if maker is not None and maker.inputs:
        before = keras.array(maker.inputs[0])
        sources.append((before, tuple(range(before.ndim))))
    for array, right_order in sources:
        names = _axes_of(keras, array.ndim)
        if not names or array.size != x.size or array.ndim > MOST_AXES:
            continue
        is_flat = array.ndim != x.ndim
        for own_order in permutations(range(array.ndim)):
            turned = array.transpose(own_order)
            if not is_flat and turned.shape != x.shape:
                continue
            if own_order != right_order and same(turned.reshape(x.shape), x):
                return Layouts(
                    _axes(names, own_order, is_flat), _axes(names, right_order, is_flat)
                )
    names = _axes_of(keras, keras_x.ndim)
    if names and keras_x.size == x.size and same(keras_x.ravel(), x.ravel()):
        plain = tuple(range(keras_x.ndim))
        right = _axes(names, tuple(order), False)
        return Layouts(
            f"{_axes(names, plain, False)}, reshaped to {x.shape} and not permuted",
            right,
        )
    return Layouts("the same numbers in an order unknown", "its own")


def _axes_of(keras: Trace, count: int) -> tuple[str, ...]:
    """What axes are called; by number where no layer says that they are an image's."""
    names = [step.name for step in keras.steps.values() if "Attention" in step.name]
    is_by_hand = any(step.name == "softmax" for step in keras.steps.values())
    if count == 3 or count not in AXES or not (names or is_by_hand):
        return AXES.get(count, ())
    return ("batch", *[f"axis {axis}" for axis in range(1, count)])


def _axes(names: Sequence[str], order: Sequence[int], is_flat: bool) -> str:
    words = f"({', '.join(names[axis] for axis in order)})"
    return f"{words}, flattened" if is_flat else words
