"""Which arrays of a layer hold the same numbers in both frameworks, row by row.

A row is made by one of the functions here, whose docstring is its reason. Rows work on
NumPy arrays; they are chosen by the names of arrays alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from compare.kinds.layer import Arrays

Rewrite = Callable[..., tuple[np.ndarray, ...]]  # arrays of one side to the other's


@dataclass(frozen=True)
class AddedBiases:
    """Two biases of PyTorch whose sum is an array of Keras, or a part of one.

    Args:
        torch: their names.
        keras: its name.
    """

    torch: tuple[str, str]
    keras: str


@dataclass(frozen=True)
class Row:
    """Arrays of a layer that hold the same numbers in both frameworks.

    Args:
        torch: names in PyTorch.
        keras: names in Keras.
        to_keras: takes the arrays named in `torch`, in that order, and returns those
            named in `keras`.
        to_torch: the other way.
        gradients: takes gradients with respect to Keras's arrays and returns those with
            respect to PyTorch's arrays, by the chain rule through `to_keras`; None
            where that only moves numbers, as `to_torch` does.
        added: the biases that PyTorch adds, and Keras has as one.
    """

    torch: tuple[str, ...]
    keras: tuple[str, ...]
    to_keras: Rewrite
    to_torch: Rewrite
    gradients: Rewrite | None = None
    added: tuple[AddedBiases, ...] = ()


# The rows of two layers, whose arrays are looked at by name and shape alone.
RowsOfLayers = Callable[[Arrays, Arrays], tuple[Row, ...]]


def copied(torch: str, keras: str) -> Row:
    """Both frameworks keep the array in one order."""

    def copy(array: np.ndarray) -> tuple[np.ndarray, ...]:
        return (array,)

    return Row((torch,), (keras,), copy, copy)


def transposed(torch: str, keras: str) -> Row:
    """PyTorch computes x W^T, Keras x W; all three axes of a convolution are reversed.

    A Conv1d's weight is (out, in, steps), a Conv1D's kernel (steps, in, out). Where
    there are groups, both count only the inputs of one.
    """

    def transpose(array: np.ndarray) -> tuple[np.ndarray, ...]:
        return (array.T,)

    return Row((torch,), (keras,), transpose, transpose)


def summed(bias_ih: str, bias_hh: str, keras: str) -> Row:
    """PyTorch adds two biases where Keras has one.

    Their sum is taken in float64, so that rounding it to float32 does not pass for a
    difference; on the way back the second bias is zero. Each of the two has the
    gradient of the sum, so an optimiser moves the sum twice as fast.
    """

    def to_keras(b_ih: np.ndarray, b_hh: np.ndarray) -> tuple[np.ndarray, ...]:
        return (b_ih.astype("float64") + b_hh,)

    def to_torch(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return bias, np.zeros_like(bias)

    def gradients(gradient: np.ndarray) -> tuple[np.ndarray, ...]:
        return gradient, gradient

    added = (AddedBiases((bias_ih, bias_hh), keras),)
    return Row((bias_ih, bias_hh), (keras,), to_keras, to_torch, gradients, added)


def in_any_layer(*rows: Row) -> RowsOfLayers:
    """Say that the rows are the same for all layers of a kind."""

    def of_layers(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
        return rows

    return of_layers


def alike(torch: Arrays, keras: Arrays) -> list[tuple[str, str]]:
    """Pair the arrays of two layers that are the user's own classes.

    Args:
        torch: arrays of PyTorch's layer.
        keras: arrays of Keras's layer.

    Returns:
        Names in PyTorch and in Keras: equal names where names and shapes are the same,
        else those of equal shape, if each shape is there once. None where neither tells
        all of them.
    """
    torch_shapes, keras_shapes = _shapes(torch), _shapes(keras)
    if torch_shapes == keras_shapes:
        return [(name, name) for name in torch]
    torch_names = {shape: name for name, shape in torch_shapes.items()}
    keras_names = {shape: name for name, shape in keras_shapes.items()}
    if torch_names.keys() != keras_names.keys():
        return []
    if len(torch_names) < len(torch) or len(keras_names) < len(keras):
        return []
    return [(name, keras_names[shape]) for shape, name in torch_names.items()]


def _shapes(arrays: Arrays) -> Mapping[str, tuple[int, ...]]:
    return {name: tuple(array.shape) for name, array in arrays.items()}
