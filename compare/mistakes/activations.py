"""What is done to a layer's output on the way to the next: functions and confusions."""

from collections.abc import Iterator
from functools import partial
from math import sqrt

import numpy as np

from compare.kinds import (
    CONVOLUTION,
    DENSE,
    EMBEDDINGS,
    NORMALISATION,
    TRANSPOSED,
    functions,
)
from compare.kinds.functions import Function, elu, leaky_relu
from compare.kinds.mistake import Activation, Mistake

NONE = "no activation"


ACTIVATIONS: dict[str, Function] = {
    NONE: functions.identity,
    "a relu": functions.relu,
    "a tanh": np.tanh,
    "a sigmoid": functions.sigmoid,
    "a leaky relu of slope 0.01": leaky_relu(0.01),
    "a leaky relu of slope 0.2": leaky_relu(0.2),
    "a leaky relu of slope 0.3": leaky_relu(0.3),
    "an elu": elu(1.0),
    "a gelu": functions.gelu,
    "a gelu by tanh": functions.gelu_by_tanh,
    "a silu": functions.silu,
    "a softplus": functions.softplus,
    "a relu6": functions.relu6,
    "a softmax": functions.softmax,
}

# The same with a constant that TensorFlow rounds to float32, in float64 as well.
ROUNDED: dict[str, Function] = {
    "a leaky relu of slope 0.01": leaky_relu(float(np.float32(0.01))),
    "a leaky relu of slope 0.2": leaky_relu(float(np.float32(0.2))),
    "a leaky relu of slope 0.3": leaky_relu(float(np.float32(0.3))),
    "a gelu": partial(functions.gelu, root=float(np.float32(sqrt(2)))),
    "a gelu by tanh": partial(
        functions.gelu_by_tanh, cubed=float(np.float32(0.044715))
    ),
}

# How each is written in either framework.
WRITTEN = {
    NONE: ("nothing after the layer", "activation=None"),
    "a relu": ("nn.ReLU()", 'activation="relu"'),
    "a tanh": ("nn.Tanh()", 'activation="tanh"'),
    "a sigmoid": ("nn.Sigmoid()", 'activation="sigmoid"'),
    "a leaky relu of slope 0.01": ("nn.LeakyReLU()", "LeakyReLU(negative_slope=0.01)"),
    "a leaky relu of slope 0.2": ("nn.LeakyReLU(0.2)", 'activation="leaky_relu"'),
    "a leaky relu of slope 0.3": ("nn.LeakyReLU(0.3)", "LeakyReLU()"),
    "an elu": ("nn.ELU()", 'activation="elu"'),
    "a gelu": ("nn.GELU()", 'activation="gelu"'),
    "a gelu by tanh": ('nn.GELU(approximate="tanh")', "gelu(x, approximate=True)"),
    "a silu": ("nn.SiLU()", 'activation="silu"'),
    "a softplus": ("nn.Softplus()", 'activation="softplus"'),
    "a relu6": ("nn.ReLU6()", 'activation="relu6"'),
    "a softmax": ("nn.Softmax(dim=-1)", 'activation="softmax"'),
}

CONFUSIONS = (
    ("a relu", NONE),
    ("a tanh", NONE),
    ("a sigmoid", NONE),
    ("an elu", NONE),
    ("a gelu", NONE),
    ("a silu", NONE),
    ("a leaky relu of slope 0.01", NONE),
    ("a leaky relu of slope 0.2", NONE),
    (NONE, "a relu"),
    (NONE, "a tanh"),
    ("a relu", "a tanh"),
    ("a tanh", "a relu"),
    ("a relu", "a leaky relu of slope 0.01"),
    ("a leaky relu of slope 0.01", "a leaky relu of slope 0.2"),
    ("a leaky relu of slope 0.01", "a leaky relu of slope 0.3"),
    ("a leaky relu of slope 0.2", "a leaky relu of slope 0.01"),
    ("a leaky relu of slope 0.3", "a leaky relu of slope 0.01"),
    ("a leaky relu of slope 0.2", "a leaky relu of slope 0.3"),
    ("a gelu", "a gelu by tanh"),
    ("a gelu by tanh", "a gelu"),
)


def activation_mistakes() -> Iterator[Mistake[Activation]]:
    """Every mistake of this kind."""
    for right, wrong in CONFUSIONS:
        sentence = f"{wrong} stands between two layers, not {right}"
        if wrong == NONE:
            sentence = f"{right} between two layers is missing"
        if right == NONE:
            sentence = f"{wrong} stands between two layers, where there is none"
        yield Mistake(
            f"{wrong} for {right} between layers",
            sentence,
            written(right, "torch", wrong),
            written(right, "keras", wrong),
            Activation(ACTIVATIONS[wrong], right),
            kinds=DENSE + CONVOLUTION + TRANSPOSED + EMBEDDINGS + NORMALISATION,
        )


def written(name: str, side: str, instead: str) -> str:
    """How to put a function between two layers, in words and as the API has it.

    Args:
        name: of ACTIVATIONS, or as `family` gives it.
        side: "torch" or "keras".
        instead: what stands there.
    """
    if name == NONE:
        return f"take out the {instead.split(' ', 1)[1]}"
    there = WRITTEN.get(name)
    api = f", {there[0 if side == 'torch' else 1]}" if there else ""
    return f"put {name} between the two{api}"


def family(x: np.ndarray, y: np.ndarray) -> tuple[str, Function] | None:
    """The leaky relu or elu, of any slope or alpha, that takes x to y, if one does.

    Args:
        x: what goes in.
        y: what comes out, of the same shape.
    """
    if x.shape != y.shape:
        return None
    at = np.unravel_index(np.argmin(x), x.shape)
    if x[at] >= 0:
        return None
    for name, make, unit in (
        ("a leaky relu of slope", leaky_relu, x[at]),
        ("an elu of alpha", elu, np.expm1(x[at])),
    ):
        size = float(f"{y[at] / unit:.7g}")  # people write round numbers
        function = make(size)
        if size and np.allclose(function(x), y, rtol=1e-9, atol=1e-12):
            return f"{name} {size:g}", function
    return None
