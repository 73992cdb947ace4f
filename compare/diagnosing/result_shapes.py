"""Results that are the same numbers on both sides, and have other shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import numpy as np

from compare.diagnosing.finding import Finding, Reading
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.kinds.mistake import ResultShapes
from compare.mistakes.anatomy import Anatomy

Shape = tuple[int, ...]
MOST_AXES = 5  # of a result whose axes are tried in every order


def in_another_shape(last: str, isolated: Isolated) -> Finding | None:
    """The finding that PyTorch returns its results in other shapes, if it does.

    Args:
        last: the layer that is computed last.
        isolated: the twins at work.

    Returns:
        None where the shapes are the same, or no reshape takes one to the other: the
        numbers are not the same, and more than axes of size 1 differs.
    """
    torch, keras = isolated.relayed.results, isolated.keras.results
    if len(torch) != len(keras):
        return None
    if not all(_is_reshaped(a, b) for a, b in zip(torch, keras, strict=True)):
        return None
    pairs = [
        (a.shape[1:], b.shape[1:])
        for a, b in zip(torch, keras, strict=True)
        if a.shape != b.shape
    ]
    if not pairs:
        return None
    sentences = [
        f"PyTorch returns a result in the shape {_in_words(in_torch)}, Keras in the "
        f"shape {_in_words(in_keras)}"
        for in_torch, in_keras in pairs
    ]
    in_torch, in_keras = pairs[0]
    fix = (
        f"either PyTorch: return {_torch_code(in_torch, in_keras)}, with y what it "
        f"returns now; or Keras: {_keras_code(in_keras, in_torch)}"
    )
    reading = Reading("", (), "; and ".join(dict.fromkeys(sentences)), fix)
    cure = ResultShapes([array.shape[1:] for array in keras])
    return Finding(last, (reading,), cure=cure)


def with_batch_elsewhere(last: str, isolated: Isolated) -> Finding | None:
    """The finding that PyTorch returns results whose batch is not their first axis.

    Args:
        last: the layer that is computed last.
        isolated: the twins at work.

    Returns:
        None where they are not Keras's results but for the order of their axes.
    """
    torch, keras = isolated.relayed.results, isolated.keras.results
    if len(torch) != len(keras):
        return None
    orders = []
    for result, twin in zip(torch, keras, strict=True):
        order = _order_of_axes(result, twin)
        if order is None:
            return None
        orders.append(order)
    moved = [place for place, order in enumerate(orders) if order and order[0]]
    if not moved:
        return None
    result, twin, order = torch[moved[0]], keras[moved[0]], orders[moved[0]]
    axes = "its axes in another order"
    if order[:2] == (1, 0):
        axes = "its first two axes, batch and steps, in each other's place"
    sentence = (
        f"PyTorch returns a result with {axes}, in the shape {result.shape}, where "
        f"Keras returns it in the shape {twin.shape}"
    )
    back = tuple(int(axis) for axis in np.argsort(order))
    fix = (
        f"either PyTorch: return y.permute{order}, with y what it returns now; or "
        f"Keras: return keras.ops.transpose(y, {back})"
    )
    cure = ResultShapes([array.shape[1:] for array in keras], orders=orders)
    return Finding(last, (Reading("", (), sentence, fix),), cure=cure)


def _order_of_axes(a: np.ndarray, b: np.ndarray) -> tuple[int, ...] | None:
    """The order of axes that makes one result the other; None for none.

    That in which they are comes first.
    """
    if a.ndim != b.ndim or a.ndim > MOST_AXES or sorted(a.shape) != sorted(b.shape):
        return None
    for order in permutations(range(a.ndim)):
        if near(a.transpose(order), b):
            return order
    return None


def in_keras_shapes(isolated: Isolated) -> Isolated:
    """The twins at work, with PyTorch's results in the shapes of Keras's results.

    Args:
        isolated: the twins at work, for which `in_another_shape` is true.
    """
    shapes = [array.shape for array in isolated.keras.results]
    return replace(
        isolated,
        torch=_reshaped(isolated.torch, shapes),
        relayed=_reshaped(isolated.relayed, shapes),
    )


def _reshaped(anatomy: Anatomy, shapes: Sequence[Shape]) -> Anatomy:
    """What a twin does, with its results in these shapes."""
    pairs = zip(anatomy.results, shapes, strict=True)
    results = tuple(array.reshape(shape) for array, shape in pairs)
    return replace(anatomy, results=results, result=results[0])


def _is_reshaped(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two results are the same but for a reshape of the axes after batch."""
    if not a.ndim or not b.ndim or len(a) != len(b) or a.size != b.size:
        return False
    if _without_ones(a.shape[1:]) == _without_ones(b.shape[1:]):
        return True
    return near(a.reshape(b.shape), b)


def _without_ones(shape: Shape) -> Shape:
    """A shape without its axes of size 1."""
    return tuple(size for size in shape if size != 1)


def _in_words(shape: Shape) -> str:
    """A shape without its batch, with one."""
    if not shape:
        return "(batch,)"
    return f"({', '.join(['batch', *map(str, shape)])})"


def _axis_of_one(shorter: Shape, longer: Shape) -> int | None:
    """The axis of size 1 that one shape has and the other lacks; from the end."""
    if len(longer) != len(shorter) + 1:
        return None
    for axis in range(-1, -len(longer) - 1, -1):
        before, after = longer[: len(longer) + axis], longer[len(longer) + axis + 1 :]
        if longer[axis] == 1 and before + after == shorter:
            return axis
    return None


def _torch_code(shape: Shape, target: Shape) -> str:
    """How PyTorch takes y, of a shape without its batch, to another."""
    added, dropped = _axis_of_one(shape, target), _axis_of_one(target, shape)
    if added is not None:
        return f"y.unsqueeze({added})"
    if dropped is not None:
        return f"y.squeeze({dropped})"
    return f"y.reshape({', '.join(['len(y)', *map(str, target)])})"


def _keras_code(shape: Shape, target: Shape) -> str:
    """How Keras takes y, of a shape without its batch, to another."""
    added, dropped = _axis_of_one(shape, target), _axis_of_one(target, shape)
    if added is not None:
        return f"return keras.ops.expand_dims(y, {added})"
    if dropped is not None:
        return f"return keras.ops.squeeze(y, {dropped})"
    return f"end with Reshape({target})"
