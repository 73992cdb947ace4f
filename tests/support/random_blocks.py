"""More layers of random networks: without weights, over time, and made of others."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch
from keras import ops
from random_layers import (
    ACTIVATIONS,
    CONVOLVED,
    EPSILONS,
    KL,
    NORMS,
    Kind,
    Options,
    no_arrays,
    numbers,
    only,
    only_in_keras,
    with_bias,
)
from random_parts import Drawn
from torch import nn
from torch.nn import functional as F

# ------------------------------------------------------------------- without weights

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


# ----------------------------------------------------------------------------- dense


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

# ------------------------------------------------------------------------ over time

RECURRENT = {"LSTM": nn.LSTM, "GRU": nn.GRU, "RNN": nn.RNN}
KERAS_RECURRENT = {"LSTM": KL.LSTM, "GRU": KL.GRU, "RNN": KL.SimpleRNN}


def draw_recurrent(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    del channels, rank
    hidden, both_ways = d.one_of(3, 4, 5), d.one_of(True, False)
    return {
        "cell": d.one_of(*RECURRENT),
        "hidden": hidden,
        "both_ways": both_ways,
        "backwards": False,
        "units": hidden * (1 + both_ways),
    }


def recurrent(o: Options) -> dict[str, nn.Module]:
    kind = RECURRENT[o.cell]
    layer = kind(o.channels, o.hidden, batch_first=True, bidirectional=o.both_ways)
    return {"layer": layer}


def recurrent_in_keras(o: Options) -> dict[str, Any]:
    layer = KERAS_RECURRENT[o.cell](
        o.hidden, return_sequences=True, go_backwards=o.backwards
    )
    return {"layer": KL.Bidirectional(layer) if o.both_ways else layer}


def recurrent_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    arrays = []
    for suffix in ("_l0", "_l0_reverse")[: 1 + o.both_ways]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        tensors = [numbers(getattr(m["layer"], f"{n}{suffix}")) for n in names]
        if o.cell == "GRU":  # r, z, n become z, r, h
            for place, tensor in enumerate(tensors):
                r, z, n = np.split(tensor, 3)
                tensors[place] = np.concatenate([z, r, n])
        kernel, recurrent_kernel, first, second = tensors
        biases = np.stack([first, second]) if o.cell == "GRU" else first + second
        arrays += [kernel.T, recurrent_kernel.T, biases]
    return {"layer": arrays}


def draw_attention(d: Drawn, channels: int, rank: int) -> dict[str, Any]:
    del rank
    heads = d.one_of(*[n for n in (1, 2, 4) if channels % n == 0])
    return {
        "units": channels,
        "heads": heads,
        "causal": d.one_of(True, False),
        "hidden": d.one_of(5, 8),
        "activation": d.one_of("relu", "gelu"),
        "norm_first": d.one_of(True, False),
        "epsilon": d.one_of(*EPSILONS),
    }


def attention(o: Options) -> dict[str, nn.Module]:
    return {"layer": nn.MultiheadAttention(o.channels, o.heads, batch_first=True)}


def causal_mask(o: Options, x: torch.Tensor) -> torch.Tensor | None:
    if not o.causal:
        return None
    steps = x.shape[1]
    return torch.ones(steps, steps, dtype=torch.bool, device=x.device).triu(1)


def attend(m: Any, o: Options, x: torch.Tensor) -> torch.Tensor:
    mask = causal_mask(o, x)
    return m["layer"](x, x, x, attn_mask=mask, need_weights=False)[0]


def attention_in_keras(o: Options) -> dict[str, Any]:
    return {"layer": KL.MultiHeadAttention(o.heads, o.channels // o.heads)}


def arrays_of_attention(module: Any, heads: int) -> list[np.ndarray]:
    size = module.embed_dim
    arrays = []
    kernels = np.split(numbers(module.in_proj_weight), 3)
    biases = np.split(numbers(module.in_proj_bias), 3)
    for kernel, bias in zip(kernels, biases, strict=True):
        arrays.append(kernel.T.reshape(size, heads, -1))
        arrays.append(bias.reshape(heads, -1))
    arrays.append(numbers(module.out_proj.weight).T.reshape(heads, -1, size))
    return [*arrays, numbers(module.out_proj.bias)]


def transformer(o: Options) -> dict[str, nn.Module]:
    layer = nn.TransformerEncoderLayer(
        o.channels,
        o.heads,
        o.hidden,
        activation=o.activation,
        layer_norm_eps=o.epsilon,
        batch_first=True,
        norm_first=o.norm_first,
    )
    return {"layer": layer}


def transformer_in_keras(o: Options) -> dict[str, Any]:
    return {
        "norm1": KL.LayerNormalization(epsilon=o.epsilon),
        "attention": KL.MultiHeadAttention(o.heads, o.channels // o.heads),
        "norm2": KL.LayerNormalization(epsilon=o.epsilon),
        "linear1": KL.Dense(o.hidden, o.activation),
        "linear2": KL.Dense(o.channels),
    }


def transform(layers: dict[str, Any], o: Options, x: Any) -> Any:
    def attended(y: Any) -> Any:
        return layers["attention"](y, y, use_causal_mask=o.causal)

    def fed(y: Any) -> Any:
        return layers["linear2"](layers["linear1"](y))

    if o.norm_first:
        x = x + attended(layers["norm1"](x))
        return x + fed(layers["norm2"](x))
    x = layers["norm1"](x + attended(x))
    return layers["norm2"](x + fed(x))


def transformer_arrays(m: Any, o: Options) -> dict[str, list[np.ndarray]]:
    layer = m["layer"]
    arrays = {"attention": arrays_of_attention(layer.self_attn, o.heads)}
    for name in ("norm1", "norm2"):
        norm = getattr(layer, name)
        arrays[name] = [numbers(norm.weight), numbers(norm.bias)]
    for name in ("linear1", "linear2"):
        linear = getattr(layer, name)
        arrays[name] = [numbers(linear.weight).T, numbers(linear.bias)]
    return arrays


def heads_beside(o: Options) -> dict[str, Any]:
    others: dict[str, Any] = {"causal": not o.causal}
    if o.channels % 2 == 0:
        others["heads"] = 2 if o.heads == 1 else 1
    return others


TRANSFORMER = Kind(
    "last",
    draw_attention,
    transformer,
    lambda m, o, x: m["layer"](x, causal_mask(o, x)),
    transformer_in_keras,
    transform,
    transformer_arrays,
    lambda o: (
        heads_beside(o)
        | {
            "norm_first": not o.norm_first,
            "epsilon": 1e-1,
            "activation": "gelu" if o.activation == "relu" else "relu",
        }
    ),
)

# ------------------------------------------------------------------------------ all


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
