"""Linear layer, which Keras calls dense."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.judging.words import Side
from compare.kinds.activation_source import with_activation
from compare.kinds.any_arrays import ANOTHER_LAYER, INITIAL, ROUNDED
from compare.kinds.changes import (
    MISCOUNTED,
    change_each,
    columns_reversed,
    reshaped,
    reshaped_in_keras,
)
from compare.kinds.einsum import axes_of
from compare.kinds.einsum_source import EINSUM_DENSE
from compare.kinds.kind import Axes, Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.mistake import ArraysOfLayer, Mistake
from compare.kinds.option import (
    REQUIRED,
    Option,
    Options,
    Value,
    is_there,
    plain_value,
)
from compare.kinds.rows import Row, copied, transposed
from compare.kinds.source import Site, Source, call_text, changed
from compare.kinds.source_tensors import in_floats


@dataclass(frozen=True)
class OfDense(Option):
    """A setting that an EinsumDense does not say, but the sizes of its arrays do.

    Args:
        of_arrays: takes an EinsumDense that is built, and returns the value.
    """

    of_arrays: Callable[[Any], Value] = plain_value

    def of_layer(self, side: Side, layer: Any) -> Value:
        """Read the setting; see `Option`."""
        if side == "keras" and hasattr(layer, "equation"):
            return self.of_arrays(layer) if layer.built else self.keras_default
        return super().of_layer(side, layer)


def _units(layer: Any) -> int:
    """How many features an EinsumDense makes, in however many axes."""
    axes = axes_of(layer.equation)
    if axes is None:
        return 0
    return math.prod(layer.kernel.shape[-axes[1] :])


def _has_bias(layer: Any) -> bool:
    return is_there(layer.bias)


IN_TORCH, IN_KERAS = {"in_features": 4, "out_features": 2}, {"units": 2}

# In PyTorch an activation is a layer of its own, after this one.
ACTIVATION = Option(
    "activation",
    "",
    "activation",
    "linear",
    None,
    in_pytorch=("linear",),
    instead="put the activation after PyTorch's layer",
    sample=(None, "tanh"),
)
BIAS = OfDense(
    "bias",
    "bias",
    "use_bias",
    True,
    True,
    read=is_there,
    sample=(False, False),
    of_arrays=_has_bias,
)
SIZE = OfDense(
    "size",
    "out_features",
    "units",
    REQUIRED,
    REQUIRED,
    sample=(3, 3),
    of_arrays=_units,
)


def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """W x + b, along the last axis of x, (batch, ..., features).

    Args:
        arrays: W `weight` (outputs, features), b `bias` (outputs,) or none.
        x: (batch, ..., features).
        options: none is looked at; the activation is not computed.
    """
    result: np.ndarray = np.asarray(x, "float64") @ arrays["weight"].T
    return result + arrays.get("bias", 0)


def rows(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """The rows of a layer, or of one that is several side by side in Keras.

    The arrays of those are named `0.kernel, 0.bias, 1.kernel ...`.
    """
    numbers = list(dict.fromkeys(name.split(".")[0] for name in keras if "." in name))
    if not numbers:
        kernel = keras.get("kernel")
        if kernel is not None and len(kernel.shape) > 2:
            return _of_several_axes(torch, keras)
        return transposed("weight", "kernel"), copied("bias", "bias")
    units = [math.prod(keras[f"{n}.kernel"].shape[1:]) for n in numbers]
    kernels = [f"{number}.kernel" for number in numbers]
    biases = [f"{number}.bias" for number in numbers]
    return (
        _side_by_side("weight", kernels, units, keras),
        _side_by_side("bias", biases, units, keras),
    )


def _of_several_axes(torch: Arrays, keras: Arrays) -> tuple[Row, ...]:
    """The rows of an EinsumDense, whose features may stand in several axes, as heads.

    Its kernel has the axes of the input before those of the output: the numbers of
    PyTorch's transposed weight, in the same order.
    """
    kernel_shape = keras["kernel"].shape
    outputs, inputs = torch["weight"].shape if "weight" in torch else (0, 0)

    def to_kernel(weight: np.ndarray) -> tuple[np.ndarray, ...]:
        return (_shaped(weight.T, kernel_shape),)

    def to_weight(kernel: np.ndarray) -> tuple[np.ndarray, ...]:
        if kernel.size != inputs * outputs:
            return (kernel,)
        return (kernel.reshape(inputs, outputs).T,)

    def to_keras_bias(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return (_shaped(bias, keras["bias"].shape),)

    def to_torch_bias(bias: np.ndarray) -> tuple[np.ndarray, ...]:
        return (bias.reshape(-1),)

    return (
        Row(("weight",), ("kernel",), to_kernel, to_weight),
        Row(("bias",), ("bias",), to_keras_bias, to_torch_bias),
    )


def _shaped(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """An array in a shape that fits; as it is where that has another size."""
    return array.reshape(shape) if array.size == math.prod(shape) else array


def _side_by_side(
    torch: str, keras: list[str], units: list[int], arrays: Arrays
) -> Row:
    """PyTorch has in one array what Keras has in several, one after the other.

    Args:
        torch: its name in PyTorch, (outputs, ...).
        keras: their names in Keras, (..., units) each, or (..., heads, size).
        units: of each, in however many axes.
        arrays: Keras's, for their shapes.
    """
    ends = np.cumsum(units)[:-1]

    def to_keras(array: np.ndarray) -> tuple[np.ndarray, ...]:
        pieces = []
        for name, piece in zip(keras, np.split(array, ends), strict=True):
            pieces.append(_shaped(piece.T, arrays[name].shape))
        return tuple(pieces)

    def to_torch(*parts: np.ndarray) -> tuple[np.ndarray, ...]:
        if torch == "bias":
            return (np.concatenate([bias.reshape(-1) for bias in parts]),)
        pairs = zip(parts, units, strict=True)
        return (np.concatenate([kernel.reshape(-1, n).T for kernel, n in pairs]),)

    return Row((torch,), tuple(keras), to_keras, to_torch)


BIASES = tuple(
    Mistake(
        f"dense bias {name}",
        f"the bias of the dense layer is {counted}",
        "copy Keras's bias",
        "copy PyTorch's bias",
        ArraysOfLayer(change_each(change, "bias")),
    )
    for name, counted, change in MISCOUNTED
)
KERNELS = (
    Mistake(
        "dense kernel read without transposing",
        "the dense kernel was not transposed: its numbers were copied in the other "
        "framework's memory order",
        "weight = kernel.T, not a reshape",
        "kernel = weight.T, not a reshape",
        ArraysOfLayer(
            change_each(reshaped, "weight"),
            in_keras=change_each(reshaped_in_keras, "weight"),
        ),
    ),
    Mistake(
        "dense inputs reversed",
        "the inputs of the dense layer come in reverse order",
        "reverse the columns of weight",
        "reverse the rows of kernel",
        ArraysOfLayer(change_each(columns_reversed, "weight")),
    ),
)


def write(site: Site) -> str:
    """A dense layer in PyTorch, which takes the last axis of any tensor as well."""
    inputs, units = site.arrays["kernel"].shape
    bias = changed({"bias": "bias" in site.arrays}, {"bias": True})
    made = call_text("nn.Linear", inputs, units, **bias)
    layer = site.module(made, ("Linear", "Dense"))
    return with_activation(site, f"{layer}({in_floats(site.x, layer)})")


LINEAR = Kind(
    name="Linear",
    torch=("Linear",),
    keras=("Dense", "EinsumDense"),
    family="dense",
    compute=compute,
    rows=rows,
    options=(
        SIZE,
        BIAS,
        ACTIVATION,
    ),
    mistakes=(*BIASES, ANOTHER_LAYER, *KERNELS, *ROUNDED, INITIAL),
    sources={
        "Dense": Source(write, layout="features last"),
        "EinsumDense": EINSUM_DENSE,
    },
    files=(
        Axes({"weight": 2, "bias": 1}, {"kernel": 2, "bias": 1}),
        Axes({"weight": 2}, {"kernel": 2}),
        Axes({"weight": 2, "bias": 1}, {"kernel": 3, "bias": 2}),
        Axes({"weight": 2, "bias": 1}, {"kernel": 3, "bias": 1}),
        Axes({"weight": 2}, {"kernel": 3}),
    ),
    examples=(
        Example("Linear", IN_TORCH, "Dense", IN_KERAS),
        Example(
            "Linear",
            {**IN_TORCH, "bias": False},
            "Dense",
            {**IN_KERAS, "use_bias": False},
            "without bias",
        ),
        Example(
            "Linear",
            IN_TORCH,
            "Dense",
            IN_KERAS,
            "each step",
            wrapper="TimeDistributed",
        ),
        Example(
            "Linear",
            {"in_features": 4, "out_features": 6},
            "EinsumDense",
            {"equation": "btd,de->bte", "output_shape": (None, 6), "bias_axes": "e"},
            "by an equation",
        ),
        Example(
            "Linear",
            {"in_features": 4, "out_features": 6},
            "EinsumDense",
            {
                "equation": "btd,dnh->btnh",
                "output_shape": (None, 2, 3),
                "bias_axes": "nh",
            },
            "to heads",
        ),
    ),
)
