"""Pairs of random structure: right ones, wrong ones, and ones whose inputs hide it.

A pair is a list of parts. Each draws its arrays, and builds its layers in both
frameworks with these arrays, written into both by hand: no rule of the suite is used.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import torch
from keras import ops
from random_parts import (
    VOCABULARY,
    Drawn,
    Part,
    attention,
    convolution,
    dense,
    embedding,
    norm,
    recurrent,
)
from torch import nn

KL = keras.layers
FEATURES, BATCH, STEPS = 3, 4, 6
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
