"""Layers of random networks that go over time: recurrent ones and attention."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from random_layers import KL, Kind, Options, numbers
from random_norms import EPSILONS
from random_parts import Drawn
from torch import nn

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
