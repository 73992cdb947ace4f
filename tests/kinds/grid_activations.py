"""Configurations of activations, see `support/grid.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from grid import Configuration, Impossible, Unsayable

from compare.kinds.kind import Example

SHAPES: tuple[tuple[int, ...], ...] = ((3, 4), (3, 5, 4), (2, 3, 2, 4))

# PyTorch's layer and the name that Keras has for it.
NAMED = {
    "SiLU": "silu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "ReLU6": "relu6",
    "SELU": "selu",
    "Mish": "mish",
    "Hardswish": "hard_silu",
    "Hardsigmoid": "hard_sigmoid",
    "Softsign": "softsign",
    "Tanhshrink": "tanh_shrink",
    "LogSigmoid": "log_sigmoid",
    "Identity": "linear",
    "ReLU": "relu",
    "ELU": "elu",
    "GELU": "gelu",
    "CELU": "celu",
    "Softplus": "softplus",
    "Softshrink": "soft_shrink",
    "Hardshrink": "hard_shrink",
    "Hardtanh": "hard_tanh",
    "GLU": "glu",
}


def named() -> Iterator[Configuration]:
    """Keras has the layer by `Activation(name)`; every number is the default."""
    for torch, keras in NAMED.items():
        for shape in SHAPES:
            yield Configuration(
                torch,
                Example(
                    torch,
                    {},
                    "Activation",
                    {"activation": keras},
                    f"by name, {len(shape)} axes",
                    shape,
                ),
            )


def softmaxes() -> Iterator[Configuration]:
    for kind, layer, settings in (
        ("Softmax", "Softmax", {}),
        ("Softmax", "Activation", {"activation": "softmax"}),
        ("LogSoftmax", "Activation", {"activation": "log_softmax"}),
    ):
        yield Configuration(
            kind, Example(kind, {"dim": -1}, layer, settings, f"by {layer}")
        )
    for axis in (0, 1, 2):
        yield Configuration(
            "Softmax",
            Example(
                "Softmax", {"dim": axis}, "Softmax", {"axis": axis}, f"axis {axis}"
            ),
        )


def numbered() -> Iterator[Configuration]:
    """Layers of both frameworks that are told a number."""
    for slope in (0.0, 0.01, 0.2, 0.3, 0.15, 1.5):
        yield Configuration(
            "LeakyReLU",
            Example(
                "LeakyReLU",
                {"negative_slope": slope},
                "LeakyReLU",
                {"negative_slope": slope},
                f"slope {slope}",
            ),
        )
    yield Configuration(
        "LeakyReLU",
        Example(
            "LeakyReLU",
            {"negative_slope": 0.2},
            "Activation",
            {"activation": "leaky_relu"},
            "slope 0.2 by name",
        ),
    )
    for alpha in (0.1, 1.0, 2.5):
        yield Configuration(
            "ELU",
            Example("ELU", {"alpha": alpha}, "ELU", {"alpha": alpha}, f"alpha {alpha}"),
        )


def by_function(
    kind: str, torch: dict[str, Any], name: str, function: Callable[[Any, Any], Any]
) -> Configuration:
    """Keras has no layer with the number, but a function that is told it."""

    def in_keras(layer: Any, x: Any) -> Any:
        import keras

        return function(keras, x)

    example = Example(kind, torch, "Activation", {"activation": "linear"}, name)
    return Configuration(kind, example, None, in_keras)


def functions() -> Iterator[Configuration]:
    yield by_function(
        "GELU",
        {"approximate": "tanh"},
        "by tanh",
        lambda keras, x: keras.activations.gelu(x, approximate=True),
    )
    yield by_function(
        "CELU",
        {"alpha": 0.5},
        "alpha 0.5",
        lambda keras, x: keras.activations.celu(x, alpha=0.5),
    )
    yield by_function(
        "Softplus",
        {"beta": 2.0},
        "beta 2",
        lambda keras, x: keras.activations.softplus(2.0 * x) / 2.0,
    )
    yield by_function(
        "Softshrink",
        {"lambd": 0.75},
        "size 0.75",
        lambda keras, x: keras.activations.soft_shrink(x, threshold=0.75),
    )
    yield by_function(
        "Hardshrink",
        {"lambd": 0.75},
        "size 0.75",
        lambda keras, x: keras.activations.hard_shrink(x, threshold=0.75),
    )
    yield by_function(
        "Hardtanh",
        {"min_val": -0.5, "max_val": 0.75},
        "from -0.5 to 0.75",
        lambda keras, x: keras.ops.clip(x, -0.5, 0.75),
    )
    yield by_function(
        "GLU",
        {"dim": 2},
        "along the last of three axes",
        lambda keras, x: keras.activations.glu(x, axis=2),
    )
    yield by_function(
        "LogSoftmax",
        {"dim": 1},
        "over time",
        lambda keras, x: keras.activations.log_softmax(x, axis=1),
    )
    yield by_function(
        "Softmin",
        {"dim": -1},
        "as a softmax of -x",
        lambda keras, x: keras.activations.softmax(-x),
    )
    yield by_function(
        "Threshold",
        {"threshold": 0.5, "value": -1.0},
        "as Keras's function",
        lambda keras, x: keras.activations.threshold(x, 0.5, -1.0),
    )


def relus() -> Iterator[Configuration]:
    """What Keras's ReLU can be told, PyTorch writes with other functions."""

    def relu6(layer: Any, x: Any) -> Any:
        import torch

        return torch.nn.functional.relu6(x)

    def leaky(layer: Any, x: Any) -> Any:
        import torch

        return torch.nn.functional.leaky_relu(x, 0.25)

    def thresholded(layer: Any, x: Any) -> Any:
        import torch

        return torch.where(x >= 1.0, x, 0.0)

    def all_of_them(layer: Any, x: Any) -> Any:
        import torch

        return torch.where(x >= 0.5, x.clamp(max=1.5), 0.25 * (x - 0.5))

    for settings, use in (
        ({"max_value": 6.0}, relu6),
        ({"negative_slope": 0.25}, leaky),
        ({"threshold": 1.0}, thresholded),
        ({"max_value": 1.5, "negative_slope": 0.25, "threshold": 0.5}, all_of_them),
    ):
        name = ", ".join(settings)
        yield Configuration("ReLU", Example("ReLU", {}, "ReLU", settings, name), use)


def prelus() -> Iterator[Configuration]:
    for axes in (1, 2, 3):
        shape = (2, *(3, 5, 2)[:axes], 4)
        every = list(range(1, axes + 2))
        for count, shared in ((1, every), (4, every[:-1])):
            yield Configuration(
                "PReLU",
                Example(
                    "PReLU",
                    {"num_parameters": count},
                    "PReLU",
                    {"shared_axes": shared},
                    f"{count} slopes, over {axes} axes",
                    shape,
                    features_first=True,
                ),
            )


CONFIGURATIONS = [
    *named(),
    *softmaxes(),
    *numbered(),
    *functions(),
    *relus(),
    *prelus(),
]

UNSAYABLE = [
    Unsayable("GELU", "torch", {"approximate": "tanh"}, "approximate", "approximate"),
    Unsayable("CELU", "torch", {"alpha": 0.5}, "alpha", "celu"),
    Unsayable("Softplus", "torch", {"beta": 2.0}, "beta", "softplus({value} * x) /"),
    Unsayable(
        "Softplus", "torch", {"threshold": 5.0}, "threshold", "where(x > {value}, x"
    ),
    Unsayable("Softshrink", "torch", {"lambd": 1.0}, "size", "soft_shrink"),
    Unsayable("Hardshrink", "torch", {"lambd": 1.0}, "size", "hard_shrink"),
    Unsayable("Hardtanh", "torch", {"min_val": -2.0}, "low", "maximum(x, {value})"),
    Unsayable("Hardtanh", "torch", {"max_val": 2.0}, "high", "minimum(x, {value})"),
    Unsayable("GLU", "torch", {"dim": 1}, "axis", "glu"),
    Unsayable("LogSoftmax", "torch", {"dim": 1}, "axis", "log_softmax"),
    Unsayable("ReLU", "keras", {"max_value": 6.0}, "limit", "nn.Hardtanh(0.0, "),
    Unsayable("ReLU", "keras", {"negative_slope": 0.1}, "slope", "nn.LeakyReLU("),
    Unsayable("ReLU", "keras", {"threshold": 1.0}, "threshold", "nn.Threshold("),
    Unsayable("PReLU", "torch", {"num_parameters": 4}, "number of slopes", "shared"),
]

IMPOSSIBLE = [
    Impossible("torch", "GLU", {}, (3, 5), "an odd number of features"),
    Impossible("keras", "ReLU", {"negative_slope": -1.0}, (3, 4), "a negative slope"),
    Impossible("keras", "ReLU", {"max_value": -1.0}, (3, 4), "a negative limit"),
]
