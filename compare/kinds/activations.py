"""Layers that apply a function to each number, or one along an axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from compare.kinds import functions
from compare.kinds.computing import Compute
from compare.kinds.functions import Function
from compare.kinds.kind import Example, Kind
from compare.kinds.layer import Arrays
from compare.kinds.option import REQUIRED, Option, Options, Value


def computes(function: Function) -> Compute:
    """Say that a layer applies a function without settings."""

    def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
        return function(np.asarray(x, "float64"))

    return compute


def computes_with(make: Callable[..., Function], **defaults: Value) -> Compute:
    """Say that a layer applies a function that has settings.

    Args:
        make: takes the settings in this order and returns the function.
        defaults: by the names of the options, what they are where nothing is told.
    """

    def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
        settings = [options.get(name, value) for name, value in defaults.items()]
        return make(*settings)(np.asarray(x, "float64"))

    return compute


def computes_along(function: Callable[[np.ndarray, int], np.ndarray]) -> Compute:
    """Say that a layer applies a function along the option axis, usually the last."""

    def compute(arrays: Arrays, x: np.ndarray, options: Options) -> np.ndarray:
        axis = options.get("axis")
        if axis is None:
            axis = -1
        return function(np.asarray(x, "float64"), axis)

    return compute


def _softmin(x: np.ndarray, axis: int) -> np.ndarray:
    return functions.softmax(-x, axis)


def _gelu(approximate: str) -> Function:
    return functions.gelu_by_tanh if approximate == "tanh" else functions.gelu


def _relu(threshold: float, slope: float, limit: float | None) -> Function:
    return functions.relu_from(threshold, slope, limit)


def _mean_slope(lower: float, upper: float) -> Function:
    return functions.leaky_relu((lower + upper) / 2)


def _of_pytorch(
    name: str, torch: str, default: Value, sample: Value, instead: str
) -> Option:
    """A setting that Keras's layer has not."""
    keras_default = None if default == REQUIRED else default
    return Option(
        name, torch, "", default, keras_default, instead=instead, sample=(sample, None)
    )


def _of_keras(
    name: str, keras: str, default: Value, sample: Value, instead: str
) -> Option:
    """A setting that PyTorch's layer has not."""
    return Option(
        name, "", keras, default, default, instead=instead, sample=(None, sample)
    )


def _axis(default_in_torch: Value, instead: str = "") -> Option:
    """The axis that a function goes along; only Keras's Softmax can be told another."""
    keras = "" if instead else "axis"
    sample = (1, None) if instead else (1, 1)
    return Option(
        "axis", "dim", keras, default_in_torch, -1, instead=instead, sample=sample
    )


def _applied(
    torch: str, keras: str, compute: Compute, *options: Option, **settings: Value
) -> Kind:
    """A kind that has no layer of its own in Keras but `Activation(name)`."""
    return Kind(
        name=torch,
        torch=(torch,),
        keras=(f"Activation({keras})",),
        family="activation",
        compute=compute,
        options=options,
        examples=(Example(torch, settings, "Activation", {"activation": keras}),),
    )


def _of_pytorch_alone(
    torch: str, compute: Compute, *options: Option, **settings: Value
) -> Kind:
    """A kind that Keras has neither a layer nor a name for."""
    return Kind(
        name=torch,
        torch=(torch,),
        keras=(),
        family="activation",
        compute=compute,
        options=options,
        examples=(Example(torch, settings),),
    )


# Both frameworks have these without any number to choose.
SAME = (
    _applied("SiLU", "silu", computes(functions.silu)),
    _applied("Sigmoid", "sigmoid", computes(functions.sigmoid)),
    _applied("Tanh", "tanh", computes(np.tanh)),
    _applied("ReLU6", "relu6", computes(functions.relu6)),
    _applied("SELU", "selu", computes(functions.selu)),
    _applied("Mish", "mish", computes(functions.mish)),
    _applied("Hardswish", "hard_silu", computes(functions.hard_silu)),
    _applied("Hardsigmoid", "hard_sigmoid", computes(functions.hard_sigmoid_sixth)),
    _applied("Softsign", "softsign", computes(functions.softsign)),
    _applied("Tanhshrink", "tanh_shrink", computes(functions.tanh_shrink)),
    _applied("LogSigmoid", "log_sigmoid", computes(functions.log_sigmoid)),
    _applied("Identity", "linear", computes(functions.identity)),
)

RELU = Kind(
    name="ReLU",
    torch=("ReLU",),
    keras=("ReLU", "Activation(relu)"),
    family="activation",
    compute=computes_with(_relu, threshold=0.0, slope=0.0, limit=None),
    options=(
        _of_keras("limit", "max_value", None, 6.0, "nn.Hardtanh(0.0, {value})"),
        _of_keras("slope", "negative_slope", 0.0, 0.25, "nn.LeakyReLU({value})"),
        _of_keras("threshold", "threshold", 0.0, 1.0, "nn.Threshold({value}, 0.0)"),
    ),
    examples=(Example("ReLU", {}, "ReLU", {}),),
)

LEAKY_RELU = Kind(
    name="LeakyReLU",
    torch=("LeakyReLU",),
    keras=("LeakyReLU", "Activation(leaky_relu)"),
    family="activation",
    compute=computes_with(functions.leaky_relu, slope=0.01),
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
    keras=("ELU", "Activation(elu)"),
    family="activation",
    compute=computes_with(functions.elu, alpha=1.0),
    options=(Option("alpha", "alpha", "alpha", 1.0, 1.0, sample=(0.5, 0.5)),),
    examples=(Example("ELU", {"alpha": 0.5}, "ELU", {"alpha": 0.5}),),
)

SOFTMAX = Kind(
    name="Softmax",
    torch=("Softmax",),
    keras=("Softmax", "Activation(softmax)"),
    family="activation",
    compute=computes_along(functions.softmax),
    options=(_axis(None),),
    examples=(
        Example("Softmax", {"dim": -1}, "Softmax", {}),
        Example("Softmax", {"dim": 1}, "Softmax", {"axis": 1}, "over time"),
    ),
)

GELU = _applied(
    "GELU",
    "gelu",
    computes_with(_gelu, approximate="none"),
    _of_pytorch(
        "approximate",
        "approximate",
        "none",
        "tanh",
        "keras.activations.gelu(x, approximate=True)",
    ),
)

CELU = _applied(
    "CELU",
    "celu",
    computes_with(functions.celu, alpha=1.0),
    _of_pytorch("alpha", "alpha", 1.0, 0.5, "keras.activations.celu(x, alpha={value})"),
)

SOFTPLUS = _applied(
    "Softplus",
    "softplus",
    computes_with(functions.softplus_of, beta=1.0, threshold=np.inf),
    _of_pytorch("beta", "beta", 1.0, 2.0, "keras.ops.softplus({value} * x) / {value}"),
    Option(
        "threshold",
        "threshold",
        "",
        20.0,
        np.inf,
        instead="keras.ops.where(x > {value}, x, keras.ops.softplus(x))",
        sample=(2.0, None),
    ),
)

SHRINKS = tuple(
    _applied(
        torch,
        keras,
        computes_with(function, size=0.5),
        _of_pytorch(
            "size",
            "lambd",
            0.5,
            1.0,
            f"keras.activations.{keras}" + "(x, threshold={value})",
        ),
    )
    for torch, keras, function in (
        ("Softshrink", "soft_shrink", functions.soft_shrink),
        ("Hardshrink", "hard_shrink", functions.hard_shrink),
    )
)

HARD_TANH = _applied(
    "Hardtanh",
    "hard_tanh",
    computes_with(functions.limited, low=-1.0, high=1.0),
    _of_pytorch("low", "min_val", -1.0, -0.5, "keras.ops.maximum(x, {value})"),
    _of_pytorch("high", "max_val", 1.0, 0.5, "keras.ops.minimum(x, {value})"),
)

GLU = _applied(
    "GLU",
    "glu",
    computes_along(functions.glu),
    _axis(-1, "keras.activations.glu(x, axis={value})"),
)

LOG_SOFTMAX = _applied(
    "LogSoftmax",
    "log_softmax",
    computes_along(functions.log_softmax),
    _axis(None, "keras.activations.log_softmax(x, axis={value})"),
    dim=-1,
)

PYTORCH_ALONE = (
    _of_pytorch_alone("Softmin", computes_along(_softmin), _axis(None, "-x"), dim=-1),
    _of_pytorch_alone(
        "Threshold",
        computes_with(functions.replaced_below, threshold=0.0, value=0.0),
        _of_pytorch("threshold", "threshold", REQUIRED, 1.0, ""),
        _of_pytorch("value", "value", REQUIRED, 2.0, ""),
        threshold=0.5,
        value=-1.0,
    ),
    # Without training its slope is the mean of the two.
    _of_pytorch_alone(
        "RReLU",
        computes_with(_mean_slope, lower=1 / 8, upper=1 / 3),
        _of_pytorch("lower", "lower", 1 / 8, 0.2, ""),
        _of_pytorch("upper", "upper", 1 / 3, 0.5, ""),
    ),
)

ACTIVATION_KINDS = (
    RELU,
    LEAKY_RELU,
    ELU,
    GELU,
    *SAME,
    SOFTMAX,
    SOFTPLUS,
    CELU,
    *SHRINKS,
    HARD_TANH,
    GLU,
    LOG_SOFTMAX,
    *PYTORCH_ALONE,
)
