"""What the checks share.

PyTorch draws weights and inputs from its default generator, so that a check runs inside
`seeded`; NumPy and Keras are given seeds of their own.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import torch
from torch import nn

from compare.in_keras import twin as in_keras
from compare.in_pytorch import precision as in_pytorch_precision
from compare.in_pytorch import refusals as in_pytorch_refusals

# In this order, and before the frameworks: `in_keras` quietens TensorFlow. Every module
# of this package is loaded after this one, since `claim` needs it.

ROUNDING = 1e-12  # values here lie within 1; float64 rounds 4,000 times finer
REFUSALS = (*in_pytorch_refusals.REFUSALS, *in_keras.REFUSALS)


@contextmanager
def seeded() -> Iterator[None]:
    """PyTorch draws from seed 0 inside, and goes on as before afterwards."""
    with in_pytorch_precision.one_thread(), torch.random.fork_rng(devices=()):
        torch.default_generator.manual_seed(0)
        yield


def rand(*shape: int) -> torch.Tensor:
    """Uniform in [-1, 1], float64."""
    return 2 * torch.rand(shape, dtype=torch.float64) - 1


def make_lstm(
    features: int = 3, hidden: int = 4, layers: int = 1, **options: Any
) -> nn.LSTM:
    """PyTorch's LSTM in float64."""
    return nn.LSTM(features, hidden, layers, dtype=torch.float64, **options)


def make_linear(inputs: int, outputs: int) -> nn.Linear:
    """PyTorch's linear layer in float64."""
    return nn.Linear(inputs, outputs, dtype=torch.float64)


def make_keras_lstm(**options: Any) -> keras.layers.LSTM:
    """Keras's LSTM(4) for 3 features in float64, with seeded weights."""
    zeros = dict(kernel_initializer="zeros", recurrent_initializer="zeros")
    layer = keras.layers.LSTM(4, seed=0, dtype="float64", **zeros, **options)
    layer.build((None, None, 3))
    rng = np.random.default_rng(0)
    layer.set_weights([rng.uniform(-0.5, 0.5, w.shape) for w in layer.weights])
    return layer


def layer_of(lstm: nn.LSTM, number: int, suffix: str = "") -> nn.LSTM:
    """One layer, in one direction, of a larger LSTM as an LSTM of its own."""
    weights = {
        f"{name}_l0": getattr(lstm, f"{name}_l{number}{suffix}")
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    layer = make_lstm(weights["weight_ih_l0"].shape[1], lstm.hidden_size)
    layer.load_state_dict(weights)
    return layer


def to_numpy(tensor: Any) -> np.ndarray:
    """What Keras returned, as an array."""
    return keras.ops.convert_to_numpy(tensor)


def shape_of(tensor: Any) -> tuple[int, ...]:
    """The shape of a tensor or an array, as a plain tuple."""
    return tuple(map(int, tensor.shape))


def apart(a: Any, b: Any) -> float:
    """The largest difference of two arrays of one shape; infinite where one has NaN.

    Raises:
        ValueError: if the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError(f"expected equal shapes, got {shape_of(a)} and {shape_of(b)}")
    gap = abs(a - b).max().item()
    return math.inf if math.isnan(gap) else gap


def close(a: Any, b: Any) -> bool:
    """Equal in shape, and in value up to rounding."""
    return a.shape == b.shape and apart(a, b) <= ROUNDING


def refusal(
    call: Callable[..., Any],
    *args: Any,
    errors: type[Exception] | tuple[type[Exception], ...] = REFUSALS,
) -> str:
    """What `call` refused with, in a line, or nothing if it ran."""
    try:
        call(*args)
    except errors as error:
        return f"{type(error).__name__}: {in_keras.message(error)}"
    return ""


def movers(
    function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, axis: int
) -> list[bool]:
    """Which indices along an axis of x move the result of `function` at all."""
    x = x.clone().requires_grad_()
    (grad,) = torch.autograd.grad(function(x).sum(), x)
    return grad.movedim(axis, 0).flatten(1).abs().sum(1).ne(0).tolist()
