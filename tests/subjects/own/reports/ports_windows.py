"""Ports of attention by hand: windows, heads, positions and what is added to scores."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn, put
from torch import Tensor, nn


def window_partition(right: bool) -> Port:
    """Swin's windows want a permute between their two views."""

    class Windows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(3, 5)

        def forward(self, x: Tensor) -> Tensor:
            b, h, w, c = x.shape
            x = x.view(b, h // 2, 2, w // 2, 2, c)
            if right:
                x = x.permute(0, 1, 3, 2, 4, 5).contiguous()
            windows = x.view(-1, (h // 2) * (w // 2), 4, c)
            return self.qkv(windows).mean(dim=2)

    inputs = keras.Input((4, 6, 3))
    x = layers.Reshape((2, 2, 3, 2, 3))(inputs)
    x = layers.Permute((1, 3, 2, 4, 5))(x)
    x = layers.Reshape((6, 4, 3))(x)
    x = layers.Dense(5, name="qkv")(x)
    model = keras.Model(inputs, ops.mean(x, axis=2))
    return carried(Windows(), model, drawn(2, 4, 6, 3))


def cyclic_shift(right: bool) -> Port:
    """Swin rolls its windows back by half, not on."""

    class Shifted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 2, stride=2)

        def forward(self, x: Tensor) -> Tensor:
            shift = -1 if right else 1
            x = torch.roll(x, shifts=(shift, shift), dims=(1, 2))
            return F.gelu(self.conv(x.permute(0, 3, 1, 2))).permute(0, 2, 3, 1)

    inputs = keras.Input((6, 8, 3))
    x = ops.roll(inputs, shift=(-1, -1), axis=(1, 2))
    x = layers.Conv2D(4, 2, strides=2, activation="gelu", name="conv")(x)
    return carried(Shifted(), keras.Model(inputs, x), drawn(2, 6, 8, 3))


def patch_merging(right: bool) -> Port:
    """Swin joins rows 0 and 1 of column 0 before those of column 1."""

    class PatchMerging(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(12, eps=1e-5)
            self.reduction = nn.Linear(12, 6, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            x0 = x[:, 0::2, 0::2, :]
            x1 = x[:, 1::2, 0::2, :]
            x2 = x[:, 0::2, 1::2, :]
            x3 = x[:, 1::2, 1::2, :]
            parts = [x0, x1, x2, x3] if right else [x0, x2, x1, x3]
            return self.reduction(self.norm(torch.cat(parts, -1)))

    x = keras.Input((4, 6, 3))
    parts = [
        x[:, 0::2, 0::2, :],
        x[:, 1::2, 0::2, :],
        x[:, 0::2, 1::2, :],
        x[:, 1::2, 1::2, :],
    ]
    merged = layers.Concatenate(axis=-1)(parts)
    merged = layers.LayerNormalization(epsilon=1e-5, name="norm")(merged)
    merged = layers.Dense(6, use_bias=False, name="reduction")(merged)
    return carried(PatchMerging(), keras.Model(x, merged), drawn(2, 4, 6, 3))


def rotary(right: bool) -> Port:
    """GPT-J turns neighbours, LLaMA the halves."""
    angles = np.outer(np.arange(5), 1.0 / 10000 ** (np.arange(0, 6, 2) / 6))
    halves = np.concatenate([angles, angles], axis=-1)
    pairs = np.repeat(angles, 2, axis=-1)
    cos, sin = np.cos(halves).astype("float32"), np.sin(halves).astype("float32")

    class Rotary(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(4, 6)
            table = halves if right else pairs
            self.register_buffer("cos", torch.from_numpy(np.cos(table)).float())
            self.register_buffer("sin", torch.from_numpy(np.sin(table)).float())

        def rotate(self, x: Tensor) -> Tensor:
            if right:
                x1, x2 = x.chunk(2, dim=-1)
                return torch.cat((-x2, x1), dim=-1)
            x1, x2 = x[..., ::2], x[..., 1::2]
            return torch.stack((-x2, x1), dim=-1).flatten(-2)

        def forward(self, x: Tensor) -> Tensor:
            q = self.q(x)
            q = q * self.cos + self.rotate(q) * self.sin
            return q.mean(1)

    x = keras.Input((5, 4))
    q = layers.Dense(6, name="q")(x)
    x1, x2 = ops.split(q, 2, axis=-1)
    q = q * cos + ops.concatenate([-x2, x1], axis=-1) * sin
    return carried(Rotary(), keras.Model(x, ops.mean(q, axis=1)), drawn(3, 5, 4))


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


def quick_gelu(right: bool) -> Port:
    """CLIP has x * sigmoid(1.702 x) for a gelu."""

    class Mlp(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c_fc = nn.Linear(4, 9)
            self.c_proj = nn.Linear(9, 4)

        def forward(self, x: Tensor) -> Tensor:
            h = self.c_fc(x)
            h = h * torch.sigmoid(1.702 * h) if right else F.gelu(h)
            return x + self.c_proj(h)

    x = keras.Input((5, 4))
    h = layers.Dense(9, name="c_fc")(x)
    h = h * ops.sigmoid(1.702 * h)
    model = keras.Model(x, x + layers.Dense(4, name="c_proj")(h))
    return carried(Mlp(), model, drawn(3, 5, 4))


def distilled_heads(right: bool) -> Port:
    """DeiT takes the mean of its two heads."""

    class DeiT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.Linear(5, 6)
            self.head = nn.Linear(6, 3)
            self.head_dist = nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = F.gelu(self.blocks(x))
            x, x_dist = self.head(x[:, 0]), self.head_dist(x[:, 1])
            return (x + x_dist) / 2 if right else x + x_dist

    inputs = keras.Input((6, 5))
    x = layers.Dense(6, activation="gelu", name="blocks")(inputs)
    cls = layers.Dense(3, name="head")(x[:, 0])
    dist = layers.Dense(3, name="head_dist")(x[:, 1])
    return carried(
        DeiT(), keras.Model(inputs, layers.Average()([cls, dist])), drawn(3, 6, 5)
    )


def mean_with_class_token(right: bool) -> Port:
    """The mean is of the patches, without the token of the class."""

    class Pooled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block = nn.Linear(5, 6)
            self.fc_norm = nn.LayerNorm(6, eps=1e-6)
            self.head = nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = F.gelu(self.block(x))
            x = x[:, 1:].mean(dim=1) if right else x.mean(dim=1)
            return self.head(self.fc_norm(x))

    inputs = keras.Input((6, 5))
    x = layers.Dense(6, activation="gelu", name="block")(inputs)
    x = ops.mean(x[:, 1:], axis=1)
    x = layers.LayerNormalization(epsilon=1e-6, name="fc_norm")(x)
    model = keras.Model(inputs, layers.Dense(3, name="head")(x))
    return carried(Pooled(), model, drawn(3, 6, 5))


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
        "window partition",
        "permut|transpos|order|axes",
        "permute(0, 1, 3, 2, 4, 5)",
        window_partition,
        "ByChelsea/CMOS, issue 4",
    ),
    report("cyclic shift", "roll|shift", "shifts=(-1, -1)", cyclic_shift),
    report("patch merging", "order|concat|join|cat", "x0, x1, x2, x3", patch_merging),
    report(
        "rotary",
        "half|halves|interleav|order|permut|rotat|alternat|shuffl|axes|slice",
        "halves",
        rotary,
        "keras-team/keras-hub, issue 1416",
    ),
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
    report("quick gelu", "gelu|sigmoid", "x * sigmoid(1.702 x)", quick_gelu),
    report(
        "distilled heads",
        r"half|mean|averag|divid|\b2\b|twice|factor|multipl",
        "mean of both",
        distilled_heads,
        "huggingface/pytorch-image-models, DeiT",
    ),
    report(
        "mean with the class token",
        "slice|first|class|mean|1:",
        "x[:, 1:]",
        mean_with_class_token,
    ),
    report("linear attention", r"\+ ?1|\b1\b|add", "elu + 1", linear_attention),
    report("cross attention", "takes|input|key|memory", "memory", cross_attention),
)
