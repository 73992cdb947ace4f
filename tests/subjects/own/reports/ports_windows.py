"""Ports of tokens by hand: windows, positions, heads of classes."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn
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
)
