"""Layers that apply a function to each number, or a softmax."""

from __future__ import annotations

import numpy as np

from compare.kinds import functions
from compare.kinds.computing import Compute
from compare.kinds.functions import Function
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import Option, Options, Value

ELSEWHERE = "write the function in PyTorch: its layer has no such number"


def computes(function: Function) -> Compute:
    """Say that a layer applies a function without settings."""

    def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
        return function(np.asarray(x, "float64"))

    return compute


def leaky_relu(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Leave a share of what is below zero: the option slope, usually 0.01."""
    return functions.leaky_relu(options.get("slope", 0.01))(np.asarray(x, "float64"))


def elu(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Bend what is below zero towards -alpha: the option alpha, usually 1."""
    return functions.elu(options.get("alpha", 1.0))(np.asarray(x, "float64"))


def gelu(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Compute gelu, or its approximation by a tanh with the option approximate."""
    x = np.asarray(x, "float64")
    if options.get("approximate"):
        return functions.gelu_by_tanh(x)
    return functions.gelu(x)


def softmax(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
    """Compute the softmax along the option axis, usually the last."""
    return functions.softmax(np.asarray(x, "float64"), options.get("axis", -1))


def is_by_tanh(approximate: Value) -> bool:
    """Read PyTorch's word for how gelu is computed."""
    return bool(approximate == "tanh")


def _applied(torch: str, keras: str, compute: Compute) -> Kind:
    """A kind that has no layer of its own in Keras but `Activation(name)`."""
    return Kind(
        name=torch,
        torch=(torch,),
        keras=(f"Activation({keras})",),
        family="activation",
        compute=compute,
        examples=(Example(torch, {}, "Activation", {"activation": keras}),),
    )


SIGMOID = _applied("Sigmoid", "sigmoid", computes(functions.sigmoid))
TANH = _applied("Tanh", "tanh", computes(np.tanh))
SILU = _applied("SiLU", "silu", computes(functions.silu))
SOFTPLUS = _applied("Softplus", "softplus", computes(functions.softplus))
RELU6 = _applied("ReLU6", "relu6", computes(functions.relu6))

RELU = Kind(
    name="ReLU",
    torch=("ReLU",),
    keras=("ReLU",),
    family="activation",
    compute=computes(functions.relu),
    options=(
        Option(
            "limit", "", "max_value", None, None, instead=ELSEWHERE, sample=(None, 6.0)
        ),
        Option(
            "slope",
            "",
            "negative_slope",
            0.0,
            0.0,
            instead="nn.LeakyReLU in PyTorch",
            sample=(None, 0.25),
        ),
        Option(
            "threshold",
            "",
            "threshold",
            0.0,
            0.0,
            instead=ELSEWHERE,
            sample=(None, 1.0),
        ),
    ),
    examples=(Example("ReLU", {}, "ReLU", {}),),
)

LEAKY_RELU = Kind(
    name="LeakyReLU",
    torch=("LeakyReLU",),
    keras=("LeakyReLU",),
    family="activation",
    compute=leaky_relu,
    options=(
        Option(
            "slope", "negative_slope", "negative_slope", 0.01, 0.3, sample=(0.25, 0.25)
        ),
    ),
    examples=(
        Example(
            "LeakyReLU", {"negative_slope": 0.25}, "LeakyReLU", {"negative_slope": 0.25}
        ),
    ),
)

ELU = Kind(
    name="ELU",
    torch=("ELU",),
    keras=("ELU",),
    family="activation",
    compute=elu,
    options=(Option("alpha", "alpha", "alpha", 1.0, 1.0, sample=(0.5, 0.5)),),
    examples=(Example("ELU", {"alpha": 0.5}, "ELU", {"alpha": 0.5}),),
)

GELU = Kind(
    name="GELU",
    torch=("GELU",),
    keras=("Activation(gelu)",),
    family="activation",
    compute=gelu,
    options=(
        Option(
            "approximate",
            "approximate",
            "",
            "none",
            "none",
            in_keras=is_by_tanh,
            instead="keras.activations.gelu(x, approximate=True)",
            sample=("tanh", None),
        ),
    ),
    examples=(Example("GELU", {}, "Activation", {"activation": "gelu"}),),
)

SOFTMAX = Kind(
    name="Softmax",
    torch=("Softmax",),
    keras=("Softmax",),
    family="activation",
    compute=softmax,
    options=(Option("axis", "dim", "axis", None, -1, sample=(1, 1)),),
    examples=(Example("Softmax", {"dim": -1}, "Softmax", {}),),
)

ACTIVATION_KINDS = (
    RELU,
    LEAKY_RELU,
    ELU,
    GELU,
    SILU,
    SIGMOID,
    TANH,
    SOFTMAX,
    SOFTPLUS,
    RELU6,
)
