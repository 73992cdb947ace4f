"""Pairs of random structure: right ones, wrong ones, and ones whose inputs hide it.

A pair is a list of parts. Each draws its arrays, and builds its layers in both
frameworks with these arrays, written into both by hand: no rule of the suite is used.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import torch
from keras import ops
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

KL = keras.layers
FEATURES, VOCABULARY, BATCH, STEPS = 3, 7, 4, 6
MISTAKES = (
    "bias left out",
    "kernel reshaped",
    "units reversed",
    "gates in another order",
    "other activation",
    "activation left out",
    "other epsilon",
    "step for step before",
    "first step for last",
    "last step for last valid",
    "mean for masked mean",
    "max for mean",
    "join in another order",
    "product for sum",
    "branch left out",
    "input scaled",
    "batch turned round",
    "residual left out",
    "causal for same",
    "softmax over another axis",
)
HIDDEN_MISTAKES = ("mask", "relu6", "clamp", "slice")


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


# ------------------------------------------------------------------------------- pairs


class Scale(keras.layers.Layer):
    """Something that is no layer with weights: between two of Keras's layers."""

    def call(self, x):
        return x * 0.5


@dataclass
class Plan:
    """What a pair is made of, and what can go wrong in its code.

    Args:
        parts: of the sequence, with whether what goes in is added to what comes out.
        heads: after the pooling.
        masked: whether Keras masks steps.
        packed: whether PyTorch packs them.
        pool: how steps become one vector.
        branch: whether the mean of the input is put beside that.
        softmax: whether the result ends with one.
        tokens: whether the input is whole numbers.
        wrong: the mistake that is made, if any.
    """

    parts: list[tuple[Part, bool]]
    heads: list[Part]
    masked: bool
    packed: bool
    pool: str
    branch: bool
    softmax: bool
    tokens: bool
    unused: bool
    wrong: str = ""

    def mistakes(self) -> dict[str, Callable[[], None]]:
        """Every mistake that can be made in this pair, and what makes it."""

        def of_code(name: str) -> Callable[[], None]:
            def make() -> None:
                self.wrong = name

            return make

        found: dict[str, Callable[[], None]] = {}
        for part in [*self.heads, *(part for part, _ in self.parts)]:
            for name, make in part.mistakes.items():
                found.setdefault(name, make)
        names = ["batch turned round"]
        if self.pool == "last":
            names += ["step for step before", "first step for last"]
        if self.pool == "mean":
            names.append("max for mean")
        if self.pool == "last valid":
            names.append("last step for last valid")
        if self.pool == "masked mean" and not self.packed:
            names.append("mean for masked mean")
        if self.branch:
            names += ["join in another order", "branch left out"]
        if any(added for _, added in self.parts):
            names += ["product for sum", "residual left out"]
        if not self.tokens and not self.masked:
            names.append("input scaled")
        if self.softmax:
            names.append("softmax over another axis")
        return found | {name: of_code(name) for name in names}


class InTorch(nn.Module):
    """A plan in PyTorch."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan = plan
        for part in [*(part for part, _ in plan.parts), *plan.heads]:
            for name, module in part.torch.layers.items():
                self.add_module(name, module)
        if plan.unused:
            self.transitions = nn.Parameter(torch.rand(3, 3))

    def forward(self, x):
        plan = self.plan
        valid = x != 0 if plan.tokens else (x != 0).any(-1)
        lengths = valid.sum(1)
        if plan.wrong == "input scaled":
            x = x * 1.5
        whole = x
        for part, added in plan.parts:
            packs = plan.packed and part.takes_mask
            y = part.torch.run(self, x, *([lengths] if packs else []))
            if added and plan.wrong == "product for sum":
                y = x * y
            elif added and plan.wrong != "residual left out":
                y = x + y
            x = y
        x = self.pooled(x, valid, lengths)
        if plan.branch:
            beside = whole.mean(1)
            if plan.wrong == "branch left out":
                beside = 0 * beside
            pair = [x, beside]
            if plan.wrong == "join in another order":
                pair.reverse()
            x = torch.cat(pair, -1)
        for head in plan.heads:
            x = head.torch.run(self, x)
        if plan.softmax:
            x = torch.softmax(x, 0 if plan.wrong == "softmax over another axis" else -1)
        return x.flip(0) if plan.wrong == "batch turned round" else x

    def pooled(self, x, valid, lengths):
        """The steps as one vector."""
        match self.plan.wrong or self.plan.pool:
            case "first step for last":
                return x[:, 0]
            case "step for step before":
                return x[:, -2]
            case "last step for last valid":
                return x[:, -1]
            case "mean for masked mean":
                return x.mean(1)
            case "max for mean":
                return x.amax(1)
        match self.plan.pool:
            case "last":
                return x[:, -1]
            case "mean":
                return x.mean(1)
            case "max":
                return x.amax(1)
            case "flatten":
                return x.flatten(1)
            case "last valid":
                return x[torch.arange(len(x)), lengths - 1]
        counts = valid[..., None].to(x.dtype)
        return (x * counts).sum(1) / counts.sum(1)


def in_keras(plan: Plan) -> keras.Model:
    """A plan in Keras, as a functional model."""
    shape = (STEPS,) if plan.tokens else (STEPS, FEATURES)
    x = first = keras.Input(shape, dtype="int32" if plan.tokens else "float32")
    if plan.masked and not plan.tokens:
        x = KL.Masking()(x)
    for part, added in plan.parts:
        y = part.keras.run(x)
        x = KL.Add()([x, y]) if added else y
    match plan.pool:
        case "last":
            x = x[:, -1]
        case "mean" | "masked mean":
            x = KL.GlobalAveragePooling1D()(x)
        case "max":
            x = KL.GlobalMaxPooling1D()(x)
        case "flatten":
            x = KL.Flatten()(x)
    if plan.branch:
        x = KL.Concatenate()([x, KL.GlobalAveragePooling1D()(first)])
    for head in plan.heads:
        x = head.keras.run(x)
    if plan.softmax:
        x = ops.softmax(x, axis=-1)
    return keras.Model(first, x)


def plan_of(seed: int, masked: bool | None = None) -> Plan:
    """A plan from a seed; `masked` says whether Keras masks, None leaves it open."""
    d = Drawn(seed)
    if masked is None:
        masked = d.one_of(True, False, False)
    tokens = d.one_of(True, False)
    size = FEATURES
    parts: list[tuple[Part, bool]] = []
    if tokens:
        parts.append((embedding(d, "words", 4, masked), False))
        size = 4
    pool = d.one_of("last valid", "masked mean") if masked else ""
    both_ways = d.one_of(True, False) and pool != "last valid"
    for number in range(d.one_of(1, 2)):
        name = f"part{number}"
        build = d.one_of("recurrent", "convolution", "dense", "norm", "attention")
        if masked:
            build = d.one_of("recurrent", "dense")
        added = d.one_of(True, False) and not masked
        match build:
            case "recurrent":
                parts.append((recurrent(d, name, size, 5, False), False))
                size = 5
            case "convolution":
                part = convolution(d, name, size, size if added else 4)
                parts.append((part, added))
                size = size if added else 4
            case "dense":
                parts.append((dense(d, name, size, 4, "tanh"), False))
                size = 4
            case "norm":
                parts.append((norm(d, name, size), False))
            case "attention":
                parts.append((attention(d, name, size), added))
    if masked:
        parts.append((recurrent(d, "last", size, 4, both_ways), False))
        size = 8 if both_ways else 4
        if pool == "last valid":
            layer = parts[-1][0].keras.layers["last"]
            layer.return_sequences = False
    else:
        pool = d.one_of("last", "mean", "max", "flatten")
    if pool == "flatten":
        size *= STEPS
    branch = not tokens and not masked and d.one_of(True, False)
    size += FEATURES if branch else 0
    heads = [dense(d, "hidden", size, 5, d.one_of("relu", "tanh"))]
    heads.append(dense(d, "head", 5, 3))
    packed = masked and (both_ways or d.one_of(True, False))
    softmax, unused = d.one_of(True, False), d.one_of(True, False, False)
    return Plan(parts, heads, masked, packed, pool, branch, softmax, tokens, unused)


def inputs_of(plan: Plan, seed: int, padded: bool = True) -> np.ndarray:
    """What a pair runs on: with padding at the end where it masks."""
    rng = np.random.default_rng([seed, 1])
    if plan.tokens:
        x = rng.integers(1, VOCABULARY, (BATCH, STEPS)).astype("int32")
    else:
        x = rng.normal(size=(BATCH, STEPS, FEATURES)).astype(np.float32)
    if plan.masked and padded:
        lengths = np.array([STEPS, 2, 4, 1])
        x[np.arange(STEPS) >= lengths[:, None]] = 0
    return x


def right(seed: int) -> tuple[nn.Module, keras.Model, np.ndarray]:
    """Two models that compute the same function, and what they run on."""
    plan = plan_of(seed)
    return InTorch(plan).eval(), in_keras(plan), inputs_of(plan, seed)


def wrong(seed: int) -> tuple[nn.Module, keras.Model, np.ndarray, str] | None:
    """The same with the mistake of this seed in PyTorch; None where it has no place."""
    name = MISTAKES[seed % len(MISTAKES)]
    plan = plan_of(seed)
    if name not in plan.mistakes():
        return None
    in_torch, twin = InTorch(plan).eval(), in_keras(plan)
    plan.mistakes()[name]()
    return in_torch, twin, inputs_of(plan, seed), name


class Wrapped(nn.Module):
    """A model with a mistake in its input or its result that small inputs hide."""

    def __init__(self, model: nn.Module, mistake: str):
        super().__init__()
        self.model, self.mistake = model, mistake

    def forward(self, x):
        if self.mistake == "slice":
            x = x[:, :100]
        result = self.model(x)
        if self.mistake == "clamp":
            return result.clamp(-20, 20)
        return result


def hidden(seed: int) -> tuple[nn.Module, keras.Model, np.ndarray, str] | None:
    """A pair with a mistake that its inputs do not show; None where it has no place."""
    name = HIDDEN_MISTAKES[seed % len(HIDDEN_MISTAKES)]
    plan = plan_of(seed, masked=name == "mask")
    if name == "mask":
        if plan.packed or plan.pool != "last valid":
            return None
        plan.wrong = "last step for last valid"
    if name == "relu6":
        if plan.softmax:
            return None
        size = plan.heads[0].torch.layers["hidden"].in_features
        d = Drawn(seed)
        plan.heads[0] = dense(d, "hidden", size, 5, "relu")
        in_torch, twin = InTorch(plan).eval(), in_keras(plan)
        plan.heads[0].torch.run = lambda m, x: nn.functional.relu6(m.hidden(x))
        return in_torch, twin, inputs_of(plan, seed, padded=False), name
    if name == "clamp" and plan.softmax:
        return None
    model = Wrapped(InTorch(plan).eval(), name)
    return model, in_keras(plan), inputs_of(plan, seed, padded=False), name
