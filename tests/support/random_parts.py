"""Parts of random pairs: layers with arrays of their own, written in by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

KL = keras.layers
VOCABULARY = 7


class Drawn:
    """Random arrays in float32, and choices, from a seed."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def array(self, *shape: int) -> np.ndarray:
        return self.rng.uniform(-0.8, 0.8, shape).astype(np.float32)

    def one_of(self, *choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]


@dataclass
class Side:
    """What a part is in one framework: a function of tensors, and its layers.

    PyTorch's function is given the model first, whose layers it calls: a copy of the
    model calls its own.
    """

    run: Callable[..., Any]
    layers: dict[str, Any] = field(default_factory=dict)


@dataclass
class Part:
    """One part of a pair; a mistake is made in PyTorch's side alone."""

    name: str
    torch: Side
    keras: Side
    mistakes: dict[str, Callable[[], None]] = field(default_factory=dict)
    takes_mask: bool = False


def put(tensor: torch.Tensor, array: np.ndarray) -> None:
    with torch.no_grad():
        tensor.copy_(torch.tensor(np.ascontiguousarray(array)))


# ------------------------------------------------------------------------------- parts


def dense(d: Drawn, name: str, size: int, units: int, activation: str = "") -> Part:
    kernel, bias = d.array(size, units), d.array(units)
    linear = nn.Linear(size, units)
    put(linear.weight, kernel.T)
    put(linear.bias, bias)
    functions = {"": lambda x: x, "relu": torch.relu, "tanh": torch.tanh}
    functions["relu6"] = nn.functional.relu6
    state = {"activation": functions[activation]}
    layer = KL.Dense(units, activation=activation or None)

    def in_keras(x):
        y = layer(x)
        layer.set_weights([kernel, bias])
        return y

    def other_activation():
        state["activation"] = torch.sigmoid

    def no_activation():
        state["activation"] = functions[""]

    mistakes = {
        "bias left out": lambda: put(linear.bias, 0 * bias),
        "kernel reshaped": lambda: put(linear.weight, kernel.reshape(units, size)),
        "units reversed": lambda: put(linear.weight, kernel.T[::-1]),
        "other activation": other_activation,
    }
    if activation:
        mistakes["activation left out"] = no_activation
    if min(size, units) == 1 or units == size == 1:
        del mistakes["kernel reshaped"]
    return Part(
        name,
        Side(lambda m, x: state["activation"](getattr(m, name)(x)), {name: linear}),
        Side(in_keras, {name: layer}),
        mistakes,
    )


def recurrent(d: Drawn, name: str, size: int, units: int, both_ways: bool) -> Part:
    """Any recurrent layer, over all steps; PyTorch packs if it is given lengths."""
    kind = d.one_of("LSTM", "GRU", "SimpleRNN")
    gates = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}[kind]
    cls = {"LSTM": nn.LSTM, "GRU": nn.GRU, "SimpleRNN": nn.RNN}[kind]
    module = cls(size, units, batch_first=True, bidirectional=both_ways)
    weights = []
    suffixes = ["_l0", "_l0_reverse"][: 1 + both_ways]
    for suffix in suffixes:
        kernel, recurrent_kernel = (
            d.array(size, gates * units),
            d.array(units, gates * units),
        )
        biases = d.array(2, gates * units)

        def turned(a, axis):
            if kind != "GRU":  # z, r, h become r, z, n
                return a
            z, r, h = np.split(a, 3, axis)
            return np.concatenate([r, z, h], axis)

        put(getattr(module, f"weight_ih{suffix}"), turned(kernel, 1).T)
        put(getattr(module, f"weight_hh{suffix}"), turned(recurrent_kernel, 1).T)
        if kind == "GRU":
            put(getattr(module, f"bias_ih{suffix}"), turned(biases[0], 0))
            put(getattr(module, f"bias_hh{suffix}"), turned(biases[1], 0))
            weights += [kernel, recurrent_kernel, biases]
        else:
            put(getattr(module, f"bias_ih{suffix}"), biases[0])
            put(getattr(module, f"bias_hh{suffix}"), 0 * biases[0])
            weights += [kernel, recurrent_kernel, biases[0]]
    layer = getattr(KL, kind)(units, return_sequences=True)
    if both_ways:
        layer = KL.Bidirectional(layer)

    def in_torch(model, x, lengths=None):
        rnn = getattr(model, name)
        if lengths is None:
            return rnn(x)[0]
        packed = pack_padded_sequence(x, lengths.cpu(), True, enforce_sorted=False)
        return pad_packed_sequence(rnn(packed)[0], True, total_length=x.shape[1])[0]

    def in_keras(x):
        y = layer(x)
        layer.set_weights(weights)
        return y

    first = weights[0]
    mistakes = {
        "bias left out": lambda: put(module.bias_ih_l0, np.zeros(gates * units)),
        "kernel reshaped": lambda: put(module.weight_ih_l0, first.reshape(-1, size)),
        "units reversed": lambda: put(
            module.weight_hh_l0, module.weight_hh_l0.detach().numpy()[:, ::-1]
        ),
    }
    if gates > 1:
        mistakes["gates in another order"] = lambda: put(
            module.weight_ih_l0, np.roll(module.weight_ih_l0.detach().numpy(), units, 0)
        )
    sides = Side(in_torch, {name: module}), Side(in_keras, {name: layer})
    return Part(name, *sides, mistakes, takes_mask=True)


def convolution(d: Drawn, name: str, size: int, units: int) -> Part:
    """Keeps the number of steps, by padding on both sides or before."""
    causal = d.one_of(True, False)
    kernel, bias = d.array(3, size, units), d.array(units)
    module = nn.Conv1d(size, units, 3)
    put(module.weight, kernel.transpose(2, 1, 0))
    put(module.bias, bias)
    state = {"padding": (2, 0) if causal else (1, 1)}
    layer = KL.Conv1D(units, 3, padding="causal" if causal else "same")

    def in_torch(model, x):
        return getattr(model, name)(nn.functional.pad(x.mT, state["padding"])).mT

    def in_keras(x):
        y = layer(x)
        layer.set_weights([kernel, bias])
        return y

    def otherwise():
        state["padding"] = (1, 1) if causal else (2, 0)

    return Part(
        name,
        Side(in_torch, {name: module}),
        Side(in_keras, {name: layer}),
        {"causal for same": otherwise},
    )


def norm(d: Drawn, name: str, size: int) -> Part:
    scale, shift = d.array(size) + 1, d.array(size)
    module = nn.LayerNorm(size, eps=1e-3)
    put(module.weight, scale)
    put(module.bias, shift)
    layer = KL.LayerNormalization(epsilon=1e-3)

    def in_keras(x):
        y = layer(x)
        layer.set_weights([scale, shift])
        return y

    def other_epsilon():
        module.eps = 1e-1

    return Part(
        name,
        Side(lambda m, x: getattr(m, name)(x), {name: module}),
        Side(in_keras, {name: layer}),
        {"other epsilon": other_epsilon},
    )


def attention(d: Drawn, name: str, size: int) -> Part:
    """A layer without a rule."""
    module = nn.MultiheadAttention(size, 1, batch_first=True)
    layer = KL.MultiHeadAttention(1, size)
    kernels, biases = d.array(3, size, size), d.array(3, size)
    out, bias = d.array(size, size), d.array(size)
    put(module.in_proj_weight, np.concatenate([k.T for k in kernels]))
    put(module.in_proj_bias, np.concatenate(biases))
    put(module.out_proj.weight, out.T)
    put(module.out_proj.bias, bias)

    def in_keras(x):
        y = layer(x, x)
        arrays = []
        for k, b in zip(kernels, biases, strict=True):
            arrays += [k[:, None], b[None]]
        layer.set_weights([*arrays, out[None], bias])
        return y

    mistakes = {"bias left out": lambda: put(module.out_proj.bias, 0 * bias)}

    def in_torch(model, x):
        return getattr(model, name)(x, x, x, need_weights=False)[0]

    run = Side(in_torch, {name: module})
    return Part(name, run, Side(in_keras, {name: layer}), mistakes)


def embedding(d: Drawn, name: str, size: int, masks: bool) -> Part:
    table = d.array(VOCABULARY, size)
    module = nn.Embedding(VOCABULARY, size)
    put(module.weight, table)
    layer = KL.Embedding(VOCABULARY, size, mask_zero=masks)

    def in_keras(x):
        y = layer(x)
        layer.set_weights([table])
        return y

    mistakes = {"units reversed": lambda: put(module.weight, table[:, ::-1])}
    run = Side(lambda m, x: getattr(m, name)(x), {name: module})
    return Part(name, run, Side(in_keras, {name: layer}), mistakes)
