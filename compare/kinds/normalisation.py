"""What layers that normalise have in common."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compare.kinds.changes import filled
from compare.kinds.computing import Computed
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Call, Computation, Mistake
from compare.kinds.option import REQUIRED, Option, Options, Value, as_tuple
from compare.kinds.rows import copied, in_any_layer

SCALED = (copied("weight", "gamma"), copied("bias", "beta"))
SCALED_ALONE = in_any_layer(*SCALED)  # of a kind that learns no statistics
SWITCHES = {"gamma": "scale", "beta": "center"}

EPSILON = Option("epsilon", "eps", "epsilon", 1e-5, 1e-3, sample=(1e-4, 1e-4))


def scale_and_offset(torch: str) -> tuple[Option, Option]:
    """The settings without which there is no scale, and no offset.

    Args:
        torch: PyTorch's setting, which is one for both.
    """
    return (
        Option("scale", torch, "scale", True, True, sample=(False, False)),
        Option("offset", torch, "center", True, True, sample=(False, False)),
    )


def axes_in_keras(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The last axes, over which PyTorch normalises, by the shape that it is told."""
    return tuple(range(-len(shape), 0))


# Over which axes each sample is normalised.
AXES = Option(
    "axes",
    "normalized_shape",
    "axis",
    REQUIRED,
    -1,
    read=as_tuple,
    in_keras=axes_in_keras,
    instead="PyTorch normalises over the last axes: move the axes to the end",
    sample=((5, 4), (-2, -1)),
)


def axes_in_words(torch: Options, keras: Options, x: np.ndarray) -> Options:
    """Write PyTorch's axes as Keras counts them, where they are the same.

    Args:
        torch: settings of PyTorch's layer.
        keras: settings of Keras's layer.
        x: what PyTorch's layer is given, (batch, ..., features).
    """
    axes = keras.get("axes", ())
    if {axis % x.ndim for axis in axes} == {axis % x.ndim for axis in torch["axes"]}:
        return {**torch, "axes": axes}
    return torch


def axes_of(x: np.ndarray, arrays: Arrays, options: Options) -> tuple[int, ...]:
    """The axes of x over which is normalised; where none are told, those of arrays."""
    shape = next((array.shape for array in arrays.values()), (x.shape[-1],))
    axes: tuple[int, ...] = options.get("axes", axes_in_keras(shape))
    return tuple(axis % x.ndim for axis in axes)


def along(axes: tuple[int, ...], x: np.ndarray, arrays: Arrays) -> Arrays:
    """Arrays of the sizes of these axes of x, with size 1 of all others."""
    shape = [x.shape[axis] if axis in axes else 1 for axis in range(x.ndim)]
    return {name: array.reshape(shape) for name, array in arrays.items()}


def scaled(standard: np.ndarray, arrays: Arrays) -> np.ndarray:
    """Multiply by the scale and add the offset, where there are any."""
    result: np.ndarray = arrays.get("weight", 1) * standard + arrays.get("bias", 0)
    return result


def standardised(
    x: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: float
) -> np.ndarray:
    """(x - mean) / sqrt(variance + epsilon)."""
    with np.errstate(invalid="ignore"):  # a wrong variance may be below zero
        result: np.ndarray = (x - mean) / np.sqrt(variance + epsilon)
    return result


# What a call wrongly computes, or rightly.
OfCall = Callable[[Call], Computed | None]


def with_options(**options: Value) -> OfCall:
    """Compute what a layer would with other settings."""

    def compute(call: Call) -> Computed | None:
        result: Computed | None = call.run(**options)
        return result

    return compute


def _epsilon(right: str, wrong: str, framework: str) -> Mistake[Computation]:
    return Mistake(
        f"epsilon {wrong} for {right}",
        f"the epsilon below the root is {wrong}, {framework}'s default, not {right}",
        f"eps={right}",
        f"epsilon={right}",
        Computation(
            with_options(epsilon=float(wrong)), with_options(epsilon=float(right))
        ),
    )


EPSILONS = (
    _epsilon("1e-5", "1e-3", "Keras"),
    _epsilon("1e-3", "1e-5", "PyTorch"),
)
INITIAL_SCALE = Mistake(
    "initial scale and offset",
    "the layer still has the scale 1 and the offset 0 that it was made with",
    "copy gamma and beta into weight and bias",
    "copy weight and bias into gamma and beta",
    ArraysOfLayer(filled(weight=1, bias=0)),
)
