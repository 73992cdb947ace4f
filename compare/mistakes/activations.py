"""What is done to a layer's output on the way to the next: functions and confusions."""

from collections.abc import Callable, Iterator
from math import erf, sqrt

import numpy as np

from compare.kinds import reference
from compare.kinds.mistake import (
    CONVOLUTION,
    DENSE,
    EMBEDDING,
    NORMS,
    Activation,
    Mistake,
)
from compare.mistakes.ways import softmax

NONE = "no activation"


def leaky(slope: float) -> Callable[[np.ndarray], np.ndarray]:
    """A relu that leaves `slope` of what is below zero."""
    return lambda x: np.where(x > 0, x, slope * x)


def elu(alpha: float) -> Callable[[np.ndarray], np.ndarray]:
    """An exponential linear unit, alpha (exp(x) - 1) below zero."""
    return lambda x: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def gelu(x: np.ndarray, root: float = sqrt(2)) -> np.ndarray:
    """Give x times the share of a normal distribution that is below x.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
    """
    return x * (1 + _erf(x / root)) / 2


def gelu_by_tanh(x: np.ndarray, cubed: float = 0.044715) -> np.ndarray:
    """The approximation of gelu by a tanh, of the same source."""
    return x * (1 + np.tanh(sqrt(2 / np.pi) * (x + cubed * x**3))) / 2


_erf = np.vectorize(erf, otypes=[float])


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    NONE: lambda x: x,
    "a relu": lambda x: np.maximum(x, 0),
    "a tanh": np.tanh,
    "a sigmoid": reference.sigmoid,
    "a leaky relu of slope 0.01": leaky(0.01),
    "a leaky relu of slope 0.2": leaky(0.2),
    "a leaky relu of slope 0.3": leaky(0.3),
    "an elu": elu(1.0),
    "a gelu": gelu,
    "a gelu by tanh": gelu_by_tanh,
    "a silu": lambda x: x * reference.sigmoid(x),
    "a softplus": lambda x: np.logaddexp(x, 0),
    "a relu6": lambda x: np.clip(x, 0, 6),
    "a softmax": softmax,
}

# The same with a constant that TensorFlow rounds to float32, in float64 as well.
ROUNDED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "a leaky relu of slope 0.01": leaky(float(np.float32(0.01))),
    "a leaky relu of slope 0.2": leaky(float(np.float32(0.2))),
    "a leaky relu of slope 0.3": leaky(float(np.float32(0.3))),
    "a gelu": lambda x: gelu(x, float(np.float32(sqrt(2)))),
    "a gelu by tanh": lambda x: gelu_by_tanh(x, float(np.float32(0.044715))),
}

# How each is written in either framework.
WRITTEN = {
    NONE: ("nothing behind the layer", "activation=None"),
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
            DENSE + CONVOLUTION + EMBEDDING + NORMS,
            Activation(ACTIVATIONS[wrong], right),
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


def family(x: np.ndarray, y: np.ndarray) -> tuple[str, Callable] | None:
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
        ("a leaky relu of slope", leaky, x[at]),
        ("an elu of alpha", elu, np.expm1(x[at])),
    ):
        size = float(f"{y[at] / unit:.7g}")  # people write round numbers
        found = make(size)
        if size and np.allclose(found(x), y, rtol=1e-9, atol=1e-12):
            return f"{name} {size:g}", found
    return None
