"""More layers of random networks: without weights, over time, and made of others."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch
from keras import ops
from random_convolutions import CONVOLVED
from random_layers import (
    ACTIVATIONS,
    KL,
    Kind,
    Options,
    no_arrays,
    numbers,
    only,
    only_in_keras,
    with_bias,
)
from random_norms import NORMS
from random_parts import Drawn
from random_sequences import (
    TRANSFORMER,
    arrays_of_attention,
    attend,
    attention,
    attention_in_keras,
    draw_attention,
    draw_recurrent,
    heads_beside,
    recurrent,
    recurrent_arrays,
    recurrent_in_keras,
)
from torch import nn
from torch.nn import functional as F

MAX_POOLS = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE_POOLS = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
KERAS_MAX_POOLS = {1: KL.MaxPooling1D, 2: KL.MaxPooling2D, 3: KL.MaxPooling3D}
KERAS_AVERAGE_POOLS = {
    1: KL.AveragePooling1D,
    2: KL.AveragePooling2D,
    3: KL.AveragePooling3D,
}


def draw_pool(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    del rank
    kernel, strides, padding = d.one_of(
        (2, 2, "valid"), (3, 2, "valid"), (2, 1, "valid"), (3, 1, "same")
    )
    return {
        "units": channels,
        "kernel": kernel,
        "strides": strides,
        "padding": padding,
        "of": d.one_of("max", "average"),
    }


def pool(o: Options) -> dict[str, nn.Module]:
    padding = o.kernel // 2 if o.padding == "same" else 0
    if o.of == "max":
        return {"layer": MAX_POOLS[o.rank](o.kernel, o.strides, padding)}
    kind = AVERAGE_POOLS[o.rank]
    return {"layer": kind(o.kernel, o.strides, padding, count_include_pad=False)}


def pool_in_keras(o: Options) -> dict[str, Any]:
    kinds = KERAS_MAX_POOLS if o.of == "max" else KERAS_AVERAGE_POOLS
    return {"layer": kinds[o.rank](o.kernel, o.strides, o.padding)}


def other_pools(o: Options) -> dict[str, Any]:
    return {
        "of": "average" if o.of == "max" else "max",
        "strides": 3 - o.strides,
        "kernel": 5 - o.kernel,
    }


def draw_resampled(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    modes = ["nearest", "pad"]
    if rank == 2:
        modes += ["bilinear", "crop"]
    return {"units": channels, "mode": d.one_of(*modes)}


def resampled(o: Options) -> dict[str, nn.Module]:
    match o.mode:
        case "nearest":
            return {"layer": nn.Upsample(scale_factor=2)}
        case "bilinear":
            return {"layer": nn.Upsample(scale_factor=2, mode="bilinear")}
    return {}


def resample(m: Any, o: Options, x: torch.Tensor) -> torch.Tensor:
    if o.mode == "pad":  # the last axis first
        return F.pad(x, (1, 2) * o.rank)
    if o.mode == "crop":
        return x[:, :, 1:, :-1]
    return m["layer"](x)


def resampled_in_keras(o: Options) -> dict[str, Any]:
    match o.mode:
        case "pad":
            pads = {1: KL.ZeroPadding1D, 2: KL.ZeroPadding2D, 3: KL.ZeroPadding3D}
            widths: Any = (1, 2) if o.rank == 1 else ((1, 2),) * o.rank
            return {"layer": pads[o.rank](widths)}
        case "crop":
            return {"layer": KL.Cropping2D(((1, 0), (0, 1)))}
        case "bilinear":
            return {"layer": KL.UpSampling2D(2, interpolation="bilinear")}
    kind = {1: KL.UpSampling1D, 2: KL.UpSampling2D, 3: KL.UpSampling3D}[o.rank]
    return {"layer": kind(2)}


MODULES = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "tanh gelu": lambda: nn.GELU(approximate="tanh"),
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "hard sigmoid": nn.Hardsigmoid,
    "hard swish": nn.Hardswish,
    "softsign": nn.Softsign,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}
KERAS_LAYERS = {
    "relu": KL.ReLU,
    "relu6": lambda: KL.ReLU(max_value=6),
    "leaky relu": lambda: KL.LeakyReLU(negative_slope=0.2),
    "elu": KL.ELU,
    "selu": lambda: KL.Activation("selu"),
    "gelu": lambda: KL.Activation(lambda x: keras.activations.gelu(x, False)),
    "tanh gelu": lambda: KL.Activation(lambda x: keras.activations.gelu(x, True)),
    "silu": lambda: KL.Activation("silu"),
    "mish": lambda: KL.Activation("mish"),
    "softplus": lambda: KL.Activation("softplus"),
    "hard sigmoid": lambda: KL.Activation("hard_sigmoid"),
    "hard swish": lambda: KL.Activation("hard_silu"),
    "softsign": lambda: KL.Activation("softsign"),
    "sigmoid": lambda: KL.Activation("sigmoid"),
    "tanh": lambda: KL.Activation("tanh"),
}


def draw_activation(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    del rank
    return {"units": channels, "function": d.one_of(*MODULES)}


def other_activations(o: Options) -> dict[str, Any]:
    names = list(MODULES)
    return {"function": names[(names.index(o.function) + 1) % len(names)]}


def prelu_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    slopes = numbers(m["layer"].weight)
    return {"layer": [slopes.reshape((1,) * o.rank + (-1,))]}


def same_units(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    del d, rank
    return {"units": channels}


def draw_dense(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    del channels, rank
    return {
        "units": d.one_of(4, 6, 8),
        "bias": d.one_of(True, True, False),
        "activation": d.one_of(*ACTIVATIONS),
    }


def dense_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    return {"layer": with_bias(numbers(m["layer"].weight).T, m["layer"])}


DENSE = Kind(
    "last",
    draw_dense,
    lambda o: {"layer": nn.Linear(o.channels, o.units, o.bias)},
    lambda m, o, x: ACTIVATIONS[o.activation](m["layer"](x)),
    lambda o: {"layer": KL.Dense(o.units, o.activation, o.bias)},
    only_in_keras,
    dense_arrays,
    lambda o: {"activation": None if o.activation else "relu", "bias": not o.bias},
)


def squeezed(o: Options) -> dict[str, nn.Module]:
    return {"down": nn.Linear(o.channels, 3), "up": nn.Linear(3, o.channels)}


def squeeze(m: Any, o: Options, x: torch.Tensor) -> torch.Tensor:
    s = x.mean(tuple(range(2, 2 + o.rank)))
    s = torch.sigmoid(m["up"](torch.relu(m["down"](s))))
    return x * s.reshape(*s.shape, *[1] * o.rank)


def squeezed_in_keras(o: Options) -> dict[str, Any]:
    return {"down": KL.Dense(3, "relu"), "up": KL.Dense(o.channels, "sigmoid")}


def squeeze_in_keras(layers: dict[str, Any], o: Options, x: Any) -> Any:
    s = ops.mean(x, axis=tuple(range(1, 1 + o.rank)), keepdims=True)
    return x * layers["up"](layers["down"](s))


KINDS: dict[str, Kind] = {
    **CONVOLVED,
    **NORMS,
    "dense": DENSE,
    "transformer": TRANSFORMER,
    "pool": Kind(
        "second",
        draw_pool,
        pool,
        only,
        pool_in_keras,
        only_in_keras,
        no_arrays,
        other_pools,
    ),
    "resampled": Kind(
        "second",
        draw_resampled,
        resampled,
        resample,
        resampled_in_keras,
        only_in_keras,
        no_arrays,
        lambda o: {"mode": "bilinear"} if o.rank == 2 and o.mode == "nearest" else {},
    ),
    "activation": Kind(
        "any",
        draw_activation,
        lambda o: {"layer": MODULES[o.function]()},
        only,
        lambda o: {"layer": KERAS_LAYERS[o.function]()},
        only_in_keras,
        no_arrays,
        other_activations,
    ),
    "dropout": Kind(
        "any",
        same_units,
        lambda o: {"layer": nn.Dropout(0.3)},
        only,
        lambda o: {"layer": KL.Dropout(0.3)},
        only_in_keras,
        no_arrays,
    ),
    "prelu": Kind(
        "second",
        same_units,
        lambda o: {"layer": nn.PReLU(o.channels)},
        only,
        lambda o: {"layer": KL.PReLU(shared_axes=list(range(1, 1 + o.rank)) or None)},
        only_in_keras,
        prelu_arrays,
    ),
    "recurrent": Kind(
        "last",
        draw_recurrent,
        recurrent,
        lambda m, o, x: m["layer"](x)[0],
        recurrent_in_keras,
        only_in_keras,
        recurrent_arrays,
        lambda o: {} if o.both_ways else {"backwards": True},
    ),
    "attention": Kind(
        "last",
        draw_attention,
        attention,
        attend,
        attention_in_keras,
        lambda layers, o, x: layers["layer"](x, x, use_causal_mask=o.causal),
        lambda m, o: {"layer": arrays_of_attention(m["layer"], o.heads)},
        heads_beside,
    ),
    "squeeze": Kind(
        "second",
        same_units,
        squeezed,
        squeeze,
        squeezed_in_keras,
        squeeze_in_keras,
        lambda m, o: {
            name: with_bias(numbers(m[name].weight).T, m[name])
            for name in ("down", "up")
        },
    ),
}
