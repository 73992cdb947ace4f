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
    "a selu": functions.selu,
    "a mish": functions.mish,
    "a hard silu": functions.hard_silu,
    "a hard sigmoid": functions.hard_sigmoid_sixth,
    "a hard sigmoid of slope 0.2": functions.hard_sigmoid_fifth,
    "a hard tanh": functions.hard_tanh,
    "a gelu by sigmoid": functions.gelu_by_sigmoid,
    "a softsign": functions.softsign,
    "a tanh shrink": functions.tanh_shrink,
    "a soft shrink": functions.soft_shrink(0.5),
    "a hard shrink": functions.hard_shrink(0.5),
    "a log sigmoid": functions.log_sigmoid,
    "a log softmax": functions.log_softmax,
    "a sparsemax": functions.sparsemax,
    "a squareplus": functions.squareplus,
    "a sparse plus": functions.sparse_plus,
    "a sparse sigmoid": functions.sparse_sigmoid,
    "an exponential": np.exp,
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
    "a softplus": functions.softplus_of(1.0, 20.0),  # PyTorch's, off by 2e-9 there
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
    "a softmax": ("nn.Softmax(dim=-1), of images dim=1", 'activation="softmax"'),
    "a selu": ("nn.SELU()", 'activation="selu"'),
    "a mish": ("nn.Mish()", 'activation="mish"'),
    "a hard silu": ("nn.Hardswish()", 'activation="hard_silu"'),
    "a hard sigmoid": ("nn.Hardsigmoid()", 'activation="hard_sigmoid"'),
    "a hard sigmoid of slope 0.2": (
        "torch.clamp(0.2 * x + 0.5, 0, 1)",
        "keras.ops.clip(0.2 * x + 0.5, 0, 1)",
    ),
    "a hard tanh": ("nn.Hardtanh()", 'activation="hard_tanh"'),
    "a gelu by sigmoid": (
        "x * torch.sigmoid(1.702 * x)",
        "x * keras.ops.sigmoid(1.702 * x)",
    ),
    "a softsign": ("nn.Softsign()", 'activation="softsign"'),
    "a tanh shrink": ("nn.Tanhshrink()", 'activation="tanh_shrink"'),
    "a soft shrink": ("nn.Softshrink()", 'activation="soft_shrink"'),
    "a hard shrink": ("nn.Hardshrink()", 'activation="hard_shrink"'),
    "a log sigmoid": ("nn.LogSigmoid()", 'activation="log_sigmoid"'),
    "a log softmax": (
        "nn.LogSoftmax(dim=-1), of images dim=1",
        'activation="log_softmax"',
    ),
    "a sparsemax": ("which PyTorch lacks", 'activation="sparsemax"'),
    "a squareplus": ("(x + torch.sqrt(x * x + 4)) / 2", 'activation="squareplus"'),
    "a sparse plus": (
        "torch.clamp(x + 1, 0, 2) ** 2 / 4 + torch.relu(x - 1)",
        'activation="sparse_plus"',
    ),
    "a sparse sigmoid": (
        "torch.clamp((x + 1) / 2, 0, 1)",
        'activation="sparse_sigmoid"',
    ),
    "an exponential": ("torch.exp(x)", 'activation="exponential"'),
}

SETTING = "activation="  # of a layer of Keras

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
    ("a relu6", "a relu"),
    ("a silu", "a hard silu"),
    ("a hard silu", "a silu"),
    ("an elu", "a selu"),
    ("a selu", "an elu"),
    ("a hard sigmoid", "a hard sigmoid of slope 0.2"),
    ("a hard sigmoid of slope 0.2", "a hard sigmoid"),
    ("a hard sigmoid", "a sigmoid"),
    ("a hard tanh", "a tanh"),
    ("a mish", "a silu"),
    ("a softplus", "a relu"),
    ("a softsign", "a tanh"),
    ("a soft shrink", "a hard shrink"),
    ("a hard shrink", "a soft shrink"),
    ("a log softmax", "a softmax"),
    ("a softmax", "a sparsemax"),
    ("a gelu by sigmoid", "a gelu"),
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
        name: of ACTIVATIONS, or as `fitted.family` gives it.
        side: "torch" or "keras".
        instead: what stands there.
    """
    if name == NONE:
        return f"take out the {instead.split(' ', 1)[1]}"
    if name not in WRITTEN:
        return f"put {name} between the two"
    in_torch, in_keras = WRITTEN[name]
    api = in_torch if side == "torch" else in_keras
    if api.startswith(SETTING):  # which a norm of Keras has not
        api += f", or after it the layer Activation({api.removeprefix(SETTING)})"
    return f"put {name} between the two, {api}"
