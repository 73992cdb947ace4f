"""The arrays of convolutions: which is which, and how they are misread.

A weight of PyTorch is (outputs, inputs of a group, *window), or (inputs, outputs of a
group, *window) of a transposed convolution. A kernel of Keras is (*window, b, a) where
the weight is (a, b, *window), for either.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from compare.judging.words import Side
from compare.kinds.changes import ArrayChange, change_each
from compare.kinds.kind import Axes
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Mistake
from compare.kinds.rows import Row, copied

# What the axes of a window are called, by how many there are.
AXES = {1: ("time",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def files(axes: int) -> tuple[Axes, ...]:
    """The arrays of a convolution over so many axes in a saved file."""
    return (
        Axes({"weight": axes + 2, "bias": 1}, {"kernel": axes + 2, "bias": 1}),
        Axes({"weight": axes + 2}, {"kernel": axes + 2}),
    )


# -------------------------------------------------------------------------------- rows


def as_kernel(weight: np.ndarray) -> np.ndarray:
    """Write a weight (a, b, *window) as a kernel (*window, b, a)."""
    return np.moveaxis(weight, (0, 1), (-1, -2))


def as_weight(kernel: np.ndarray) -> np.ndarray:
    """Write a kernel (*window, b, a) as a weight (a, b, *window)."""
    return np.moveaxis(kernel, (-1, -2), (0, 1))


def turned(torch: str, keras: str) -> Row:
    """Keras has the axes of the window first, and inputs and outputs exchanged.

    Neither framework flips a window against the other, in a transposed convolution
    either. Where there are groups, both count only the inputs of one.
    """

    def to_keras(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        return (as_kernel(weight),)

    def to_torch(kernel: np.ndarray) -> tuple[np.ndarray, ...]:
        return (as_weight(kernel),)

    return Row((torch,), (keras,), to_keras, to_torch)


def depthwise(torch: str, keras: str, inputs: int) -> Row:
    """Each input has a few outputs of its own, which stand beside each other.

    PyTorch's weight is (inputs * multiplier, 1, *window), that of a convolution with as
    many groups as inputs; a kernel of Keras is (*window, inputs, multiplier).

    Args:
        torch: its name in PyTorch.
        keras: its name in Keras.
        inputs: how many there are.
    """

    def to_keras(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        outputs, _, *window = weight.shape
        if outputs % inputs:  # of two layers that are no twins
            return (as_kernel(weight),)
        apart = weight.reshape(inputs, outputs // inputs, *window)
        return (np.moveaxis(apart, (0, 1), (-2, -1)),)

    def to_torch(kernel: np.ndarray) -> tuple[np.ndarray, ...]:
        *window, features, multiplier = kernel.shape
        apart = np.moveaxis(kernel, (-2, -1), (0, 1))
        return (apart.reshape(features * multiplier, 1, *window),)

    return Row((torch,), (keras,), to_keras, to_torch)


def rows(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """The rows of a convolution, or of one that Keras writes as a depthwise one."""
    kernel, weight = keras.get("kernel"), torch.get("weight")
    row = turned("weight", "kernel")
    if kernel is not None and weight is not None and _is_depthwise(weight, kernel):
        row = depthwise("weight", "kernel", kernel.shape[-2])
    return row, copied("bias", "bias")


def _is_depthwise(weight: np.ndarray, kernel: np.ndarray) -> bool:
    """Whether a kernel is (*window, inputs, multiplier), not (*window, 1, outputs)."""
    if weight.ndim < 3 or weight.ndim != kernel.ndim or weight.shape[1] != 1:
        return False
    return bool(kernel.shape[-2] > 1)


# ---------------------------------------------------------------------------- mistakes


def mistakes(
    axes: int, name: str = "convolution"
) -> tuple[Mistake[ArraysOfLayer], ...]:
    """Return the mistakes in the kernel of a convolution over so many axes.

    Args:
        axes: 1 to 3.
        name: of the convolution, which is part of the mistakes' names.
    """
    if axes > 1:
        name = f"{axes}-d {name}"
    to_torch, to_keras = _permutations(axes)
    mistake_list = [
        Mistake(
            f"{name} kernel read without transposing",
            f"the {_plain(name)} kernel's numbers were copied in the other framework's "
            "memory order",
            f"weight = kernel.transpose{to_torch}, not a reshape",
            f"kernel = weight.transpose{to_keras}, not a reshape",
            ArraysOfLayer(_changed(_kernel_read), in_keras=_changed(_weight_read)),
        )
    ]
    for count in range(1, axes + 1):
        for places in combinations(range(axes), count):
            mistake_list.append(_flipped(name, axes, places))
    for places in combinations(range(axes), 2):
        mistake_list.append(_exchanged(name, axes, places))
    mistake_list.append(
        Mistake(
            f"{name} kernel with inputs and outputs exchanged",
            f"the {_plain(name)} kernel, which has as many inputs as outputs, has them "
            "exchanged",
            f"weight = kernel.transpose{to_torch}",
            f"kernel = weight.transpose{to_keras}",
            ArraysOfLayer(_changed(_inputs_exchanged)),
        )
    )
    return tuple(mistake_list)


def _permutations(axes: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How a kernel is transposed into a weight, and a weight into a kernel."""
    to_torch = (axes + 1, axes, *range(axes))
    return to_torch, (*range(2, axes + 2), 1, 0)


def _plain(name: str) -> str:
    """A convolution's name in a sentence, without the number of its axes."""
    return name.split("-d ")[-1]


def _flipped(name: str, axes: int, places: tuple[int, ...]) -> Mistake[ArraysOfLayer]:
    """The mistake of reversing a kernel along some axes of its window."""
    words = " and ".join(AXES[axes][place] for place in places)
    in_torch = tuple(place + 2 for place in places)
    sentence = f"the window of the {_plain(name)} kernel is reversed in {words}"
    if axes == 1:
        sentence = f"the steps of the {name} kernel come in reverse order"

    def flip(weight: np.ndarray) -> np.ndarray:
        return np.flip(weight, in_torch)

    return Mistake(
        f"{name} kernel reversed in {words}",
        sentence,
        f"do not flip weight along {_axes(in_torch)}",
        f"do not flip kernel along {_axes(places)}",
        ArraysOfLayer(_changed(flip)),
    )


def _axes(numbers: tuple[int, ...]) -> str:
    """Axes in words: axis 2, or axes 2 and 3."""
    listed = " and ".join(map(str, numbers))
    return f"axis {listed}" if len(numbers) == 1 else f"axes {listed}"


def _exchanged(name: str, axes: int, places: tuple[int, ...]) -> Mistake[ArraysOfLayer]:
    """The mistake of exchanging two axes of a window that has them alike."""
    axis, twin = (AXES[axes][place] for place in places)
    to_torch, to_keras = _permutations(axes)

    def exchange(weight: np.ndarray) -> np.ndarray:
        return weight.swapaxes(places[0] + 2, places[1] + 2)

    return Mistake(
        f"{name} kernel with {axis} and {twin} exchanged",
        f"the window of the {_plain(name)} kernel has {axis} and {twin} exchanged",
        f"weight = kernel.transpose{to_torch}",
        f"kernel = weight.transpose{to_keras}",
        ArraysOfLayer(_changed(exchange)),
    )


def _changed(change: ArrayChange) -> Callable[[Arrays], Arrays | None]:
    """A change of a weight; None where it leaves numbers or shape as they are not."""

    def changed(weight: np.ndarray) -> np.ndarray | None:
        if weight.ndim < 3:
            return None
        result = change(weight)
        if result is None or result.shape != weight.shape:
            return None
        # Most differ in the first part already, which takes less time than all.
        is_alike = np.array_equal(result[:1], weight[:1])
        return None if is_alike and np.array_equal(result, weight) else result

    return change_each(changed, "weight")


def _kernel_read(weight: np.ndarray) -> np.ndarray:
    """Read the numbers of Keras's kernel into the shape of PyTorch's weight."""
    return np.ascontiguousarray(as_kernel(weight)).reshape(weight.shape)


def _weight_read(weight: np.ndarray) -> np.ndarray:
    """Read the numbers of PyTorch's weight into the shape of Keras's kernel."""
    shape = as_kernel(weight).shape
    return as_weight(np.ascontiguousarray(weight).reshape(shape))


def _inputs_exchanged(weight: np.ndarray) -> np.ndarray:
    return weight.swapaxes(0, 1)


# --------------------------------------------------------------------------- depthwise


def _multipliers(weight: np.ndarray) -> list[int]:
    """How many outputs each input may have, where the arrays do not say it."""
    outputs, inputs = weight.shape[:2]
    if inputs != 1:
        return []
    return [number for number in range(2, outputs) if outputs % number == 0]


def _outputs_turned(array: np.ndarray, multiplier: int) -> np.ndarray:
    """Put the first output of each input before all second ones."""
    apart = array.reshape(-1, multiplier, *array.shape[1:])
    return apart.swapaxes(0, 1).reshape(array.shape)


def _in_another_order(arrays: Arrays) -> Arrays | None:
    """Order the outputs of the smallest multiplier that is possible by it first."""
    weight = arrays.get("weight")
    if weight is None or weight.ndim < 3 or not _multipliers(weight):
        return None
    wrong = _outputs_turned(weight, _multipliers(weight)[0])
    return None if np.array_equal(wrong, weight) else {**arrays, "weight": wrong}


def _are_in_another_order(right: Arrays, wrong: Arrays, side: Side) -> bool:
    """Whether the outputs are ordered by any multiplier first."""
    weight = right["weight"]
    if weight.ndim < 3 or np.array_equal(weight, wrong["weight"]):
        return False
    if any(
        not np.array_equal(array, wrong[name])
        for name, array in right.items()
        if name != "weight"
    ):
        return False
    return any(
        np.array_equal(_outputs_turned(weight, multiplier), wrong["weight"])
        for multiplier in _multipliers(weight)
    )


MULTIPLIER_FIRST = Mistake(
    "depthwise outputs in another order",
    "the outputs of the depthwise kernel are ordered by the multiplier first, not by "
    "the input",
    "weight = kernel with its last two axes first, in this order, then reshaped to "
    "(inputs * multiplier, 1, ...)",
    "kernel = weight reshaped to (inputs, multiplier, ...), with its first two axes "
    "last",
    ArraysOfLayer(_in_another_order, fits=_are_in_another_order),
)
