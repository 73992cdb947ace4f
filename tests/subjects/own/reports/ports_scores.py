"""Ports of attention by hand: what scores are made of, and where heads stand."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn, put
from torch import Tensor, nn


def distances(steps: int) -> np.ndarray:
    """How far step j is from step i, (steps, steps)."""
    steps_of = np.arange(steps)
    return np.abs(steps_of[:, None] - steps_of[None]).astype("float32")


def linear_biases(right: bool) -> Port:
    """ALiBi takes the distance off, and does not add it."""

    class Alibi(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(4, 6)
            self.k = nn.Linear(4, 6)
            self.v = nn.Linear(4, 6)
            self.register_buffer("distance", torch.from_numpy(distances(5)))

        def forward(self, x: Tensor) -> Tensor:
            scores = self.q(x) @ self.k(x).transpose(-1, -2) / 6**0.5
            bias = 0.25 * self.distance
            scores = scores - bias if right else scores + bias
            return torch.softmax(scores, dim=-1) @ self.v(x)

    x = keras.Input((5, 4))
    q, k, v = (layers.Dense(6, name=name)(x) for name in "qkv")
    scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) / 6**0.5
    scores = scores - 0.25 * distances(5)
    out = ops.matmul(ops.softmax(scores, axis=-1), v)
    return carried(Alibi(), keras.Model(x, out), drawn(3, 5, 4))


def bias_before_scale(right: bool) -> Port:
    """The bias of positions comes after the scores are divided."""

    class RelativeAttention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(4, 6)
            self.k = nn.Linear(4, 6)
            self.v = nn.Linear(4, 6)
            self.bias = nn.Parameter(torch.from_numpy(drawn(5, 5, seed=7)))

        def forward(self, x: Tensor) -> Tensor:
            scores = torch.matmul(self.q(x), self.k(x).transpose(1, 2))
            if right:
                scores = scores / 6**0.5 + self.bias
            else:
                scores = (scores + self.bias) / 6**0.5
            return torch.matmul(F.softmax(scores, dim=-1), self.v(x))

    x = keras.Input((5, 4))
    q, k, v = (layers.Dense(6, name=name)(x) for name in "qkv")
    scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) / 6**0.5
    scores = PositionBias(name="positions")(scores)
    out = ops.matmul(ops.softmax(scores, axis=-1), v)
    port = carried(RelativeAttention(), keras.Model(x, out), drawn(3, 5, 4))
    put(port.torch_model.bias, port.keras_model.get_layer("positions").get_weights()[0])
    return port


class PositionBias(layers.Layer):
    """Adds a learnt number to the score of each pair of steps."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.bias = self.add_weight(shape=shape[1:], name="bias")

    def call(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        return scores + self.bias


def fused_by_head(right: bool) -> Port:
    """GPT-NeoX has query, key and value of a head side by side."""

    class Fused(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(6, 18)
            self.out = nn.Linear(6, 6)

        def forward(self, x: Tensor) -> Tensor:
            b, t, _ = x.shape
            if right:
                qkv = self.qkv(x).view(b, t, 2, 3, 3)
                q, k, v = qkv.permute(3, 0, 2, 1, 4)
            else:
                qkv = self.qkv(x).view(b, t, 3, 2, 3)
                q, k, v = qkv.permute(2, 0, 3, 1, 4)
            scores = q @ k.transpose(-1, -2) * 3**-0.5
            mixed = scores.softmax(-1) @ v
            return self.out(mixed.transpose(1, 2).reshape(b, t, 6))

    x = keras.Input((4, 6))
    qkv = layers.Reshape((4, 2, 3, 3))(layers.Dense(18, name="qkv")(x))
    q, k, v = (ops.transpose(qkv[:, :, :, i], (0, 2, 1, 3)) for i in range(3))
    scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) * 3**-0.5
    mixed = ops.matmul(ops.softmax(scores, axis=-1), v)
    mixed = layers.Reshape((4, 6))(ops.transpose(mixed, (0, 2, 1, 3)))
    out = layers.Dense(6, name="out")(mixed)
    return carried(Fused(), keras.Model(x, out), drawn(3, 4, 6))


def heads_not_moved_back(right: bool) -> Port:
    """Heads go behind the steps again before they are joined."""

    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(6, 6)
            self.k = nn.Linear(6, 6)
            self.v = nn.Linear(6, 6)
            self.out = nn.Linear(6, 6)

        def split(self, x: Tensor) -> Tensor:
            return x.view(x.size(0), -1, 2, 3).transpose(1, 2)

        def forward(self, x: Tensor) -> Tensor:
            q, k, v = (
                self.split(self.q(x)),
                self.split(self.k(x)),
                self.split(self.v(x)),
            )
            context = F.softmax(q @ k.transpose(2, 3) / 3**0.5, dim=-1) @ v
            if right:
                context = context.transpose(1, 2)
            return self.out(context.contiguous().view(x.size(0), -1, 6))

    x = keras.Input((4, 6))
    q, k, v = (
        ops.transpose(
            layers.Reshape((4, 2, 3))(layers.Dense(6, name=name)(x)), (0, 2, 1, 3)
        )
        for name in "qkv"
    )
    scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / 3**0.5
    context = ops.matmul(ops.softmax(scores, axis=-1), v)
    context = layers.Reshape((4, 6))(ops.transpose(context, (0, 2, 1, 3)))
    out = layers.Dense(6, name="out")(context)
    return carried(Heads(), keras.Model(x, out), drawn(3, 4, 6))


def weak_mask(right: bool) -> Port:
    """What is left out gets -10000, not -1."""

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(4, 6)
            self.k = nn.Linear(4, 6)
            self.v = nn.Linear(4, 6)

        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            scores = self.q(x) @ self.k(x).transpose(1, 2) / 6**0.5
            extended = (1.0 - mask[:, None, :]) * (-10000.0 if right else -1.0)
            return F.softmax(scores + extended, dim=-1) @ self.v(x)

    x, mask = keras.Input((5, 4)), keras.Input((5,))
    q, k, v = (layers.Dense(6, name=name)(x) for name in "qkv")
    scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) / 6**0.5
    scores = scores + (1.0 - ops.expand_dims(mask, 1)) * -10000.0
    out = ops.matmul(ops.softmax(scores, axis=-1), v)
    kept = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 0]], "float32")
    return carried(Masked(), keras.Model([x, mask], out), [drawn(3, 5, 4), kept])


def linear_attention(right: bool) -> Port:
    """The feature map is elu(x) + 1, which is positive."""

    class LinearAttention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(4, 6)
            self.k = nn.Linear(4, 6)
            self.v = nn.Linear(4, 6)

        def forward(self, x: Tensor) -> Tensor:
            q, k = F.elu(self.q(x)), F.elu(self.k(x)) + 1
            if right:
                q = q + 1
            kv = torch.einsum("bnd,bne->bde", k, self.v(x))
            return torch.einsum("bnd,bde->bne", q, kv)

    x = keras.Input((5, 4))
    q, k, v = (layers.Dense(6, name=name)(x) for name in "qkv")
    q, k = ops.elu(q) + 1, ops.elu(k) + 1
    kv = ops.einsum("bnd,bne->bde", k, v)
    model = keras.Model(x, ops.einsum("bnd,bde->bne", q, kv))
    return carried(LinearAttention(), model, drawn(3, 5, 4))


def cross_attention(right: bool) -> Port:
    """Keys of a decoder's second attention come from the encoder."""

    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(4, 6)
            self.k = nn.Linear(4, 6)
            self.v = nn.Linear(4, 6)

        def forward(self, target: Tensor, memory: Tensor) -> Tensor:
            q, v = self.q(target), self.v(memory)
            k = self.k(memory if right else target)
            scores = torch.bmm(q, k.transpose(1, 2)) / 6**0.5
            return torch.bmm(torch.softmax(scores, dim=2), v)

    target, memory = keras.Input((5, 4)), keras.Input((5, 4))
    q = layers.Dense(6, name="q")(target)
    k, v = layers.Dense(6, name="k")(memory), layers.Dense(6, name="v")(memory)
    scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) / 6**0.5
    out = ops.matmul(ops.softmax(scores, axis=-1), v)
    model = keras.Model([target, memory], out)
    return carried(Decoder(), model, [drawn(3, 5, 4), drawn(3, 5, 4, seed=6)])


def report(name: str, cause: str, answer: str, make: Make, thread: str = "") -> Report:
    return Report(name, "attention", thread, answer, cause, make)


REPORTS = (
    report(
        "ALiBi", r"sign|subtract|minus|less|`-`|`\+`|sub|add", "minus", linear_biases
    ),
    report(
        "bias before the scale",
        "before|scale|divid|bias|order",
        "scores / sqrt(d) + bias",
        bias_before_scale,
    ),
    report(
        "fused by head",
        "order|head|permut|reshape|axes|view",
        "view(b, t, heads, 3, size)",
        fused_by_head,
    ),
    report(
        "heads not moved back",
        "transpos|permut|order|axes|heads",
        "transpose(1, 2)",
        heads_not_moved_back,
    ),
    report("weak mask", "mask|10000", "-10000", weak_mask),
    report("linear attention", r"\+ ?1|\b1\b|add", "elu + 1", linear_attention),
    report("cross attention", "takes|input|key|memory", "memory", cross_attention),
)
