"""What the suite answers for each module of PyTorch of no kind, see the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import torch
from answers import Answer, Pair, indices, numbers
from torch import nn

L, ops = keras.layers, keras.ops
FIRST = (6, 5, 5)  # an image, features first


def same(
    torch_model: Callable[[], nn.Module], keras_model: Callable[[], Any], *inputs: Any
) -> Answer:
    return Answer("same", Pair(torch_model, keras_model, inputs or (numbers(FIRST),)))


def of(function: Callable[..., Any]) -> Callable[[], Callable[..., Any]]:
    """A function of symbols as what makes one."""
    return lambda: function


class BilinearInKeras(keras.Layer):
    """A product of two inputs with a weight (outputs, first, second)."""

    def build(self, a_shape, b_shape):
        self.weight = self.add_weight(shape=(2, 4, 3), name="weight")
        self.bias = self.add_weight(shape=(2,), name="bias")

    def call(self, a, b):
        return ops.einsum("bi,oij,bj->bo", a, self.weight, b) + self.bias


class Traced(keras.Layer):
    """A function as a layer, where it slices symbols."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


def in_groups(x: Any) -> Any:
    """Features of two groups by turns."""
    apart = ops.reshape(x, (-1, 2, 3, 5, 5))
    return ops.reshape(ops.transpose(apart, (0, 2, 1, 3, 4)), (-1, 6, 5, 5))


def lengths_apart(a: Any, b: Any) -> Any:
    return ops.norm(a - b + 1e-6, axis=-1)


def cosine(a: Any, b: Any) -> Any:
    return ops.sum(ops.normalize(a) * ops.normalize(b), -1)


def patches(x: Any) -> Any:
    """Windows of 3 x 3 of (batch, 3, 5, 5), one a column."""
    columns = [x[:, :, i : i + 3, j : j + 3] for i in range(3) for j in range(3)]
    return ops.reshape(ops.stack(columns, 2), (-1, 27, 9))


def unfolded(x: Any) -> Any:
    """Columns of 2 x 2 windows beside each other as (batch, 3, 4, 4)."""
    windows = ops.reshape(x, (-1, 3, 2, 2, 2, 2))
    return ops.reshape(ops.transpose(windows, (0, 1, 4, 2, 5, 3)), (-1, 3, 4, 4))


class Unpooling(nn.Module):
    """The greatest of each window in its own place, zeros around it."""

    def __init__(self, axes: int) -> None:
        super().__init__()
        self.pool = getattr(nn, f"MaxPool{axes}d")(2, return_indices=True)
        self.unpool = getattr(nn, f"MaxUnpool{axes}d")(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.unpool(*self.pool(x))


def unpooled(axes: int) -> Answer:
    def in_keras(x: Any) -> Any:
        first = x
        x = ops.moveaxis(first, 1, -1)
        greatest = getattr(L, f"MaxPooling{axes}D")(2)(x)
        greatest = getattr(L, f"UpSampling{axes}D")(2)(greatest)
        return ops.moveaxis(ops.where(ops.equal(x, greatest), x, 0.0), -1, 1)

    return same(lambda: Unpooling(axes), of(in_keras), numbers((2, *(4,) * axes)))


def pooled(axes: int) -> Callable[[Any], Any]:
    def in_keras(x: Any) -> Any:
        pool = getattr(L, f"MaxPooling{axes}D")(2)
        return ops.moveaxis(pool(ops.moveaxis(x, 1, -1)), -1, 1)

    return in_keras


def fractional(axes: int) -> Answer:
    """Windows are drawn, but for these there is one way."""

    def in_torch() -> nn.Module:
        return getattr(nn, f"FractionalMaxPool{axes}d")(2, output_size=2)

    return same(in_torch, of(pooled(axes)), numbers((2, *(4,) * axes)))


class Bag(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(7, 4, mode="sum")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bag(x)


class Adaptive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(8, 10, [4], div_value=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.softmax.log_prob(x)


def adaptive(x: Any) -> Any:
    head = ops.log_softmax(L.Dense(5, use_bias=False)(x))
    tail = L.Dense(6, use_bias=False)(L.Dense(4, use_bias=False)(x))
    rare = ops.log_softmax(tail) + head[:, 4:]
    return ops.concatenate([head[:, :4], rare], -1)


SIZE, HEADS, WIDE = 8, 2, 16
LAYER = {"dim_feedforward": WIDE, "batch_first": True}


def norm() -> Any:
    return L.LayerNormalization(epsilon=1e-5)


def attention() -> Any:
    return L.MultiHeadAttention(HEADS, SIZE // HEADS)


def fed_forward(x: Any) -> Any:
    return L.Dense(SIZE)(L.Dense(WIDE, activation="relu")(x))


def encoder_layer(x: Any) -> Any:
    x = norm()(x + attention()(x, x))
    return norm()(x + fed_forward(x))


def decoder_layer(x: Any, memory: Any) -> Any:
    x = norm()(x + attention()(x, x))
    x = norm()(x + attention()(x, memory))
    return norm()(x + fed_forward(x))


SERIES, MEMORY = numbers((5, SIZE)), numbers((4, SIZE))

# Answers by the name in `torch.nn`.
ANSWERS: dict[str, Answer] = {
    "Bilinear": same(
        lambda: nn.Bilinear(4, 3, 2),
        of(lambda a, b: BilinearInKeras()(a, b)),
        numbers((4,)),
        numbers((3,)),
    ),
    "EmbeddingBag": same(
        Bag, of(lambda x: ops.sum(L.Embedding(7, 4)(x), 1)), indices((5,), 7)
    ),
    "ChannelShuffle": same(lambda: nn.ChannelShuffle(2), of(in_groups)),
    "Softmax2d": same(nn.Softmax2d, of(lambda x: ops.softmax(x, 1))),
    "CosineSimilarity": same(
        nn.CosineSimilarity, of(cosine), numbers((4,)), numbers((4,))
    ),
    "PairwiseDistance": same(
        nn.PairwiseDistance, of(lengths_apart), numbers((4,)), numbers((4,))
    ),
    "FeatureAlphaDropout": same(nn.FeatureAlphaDropout, L.Identity),
    "Unfold": same(lambda: nn.Unfold(3), lambda: Traced(patches), numbers((3, 5, 5))),
    "Fold": same(lambda: nn.Fold((4, 4), 2, stride=2), of(unfolded), numbers((12, 4))),
    "MaxUnpool1d": unpooled(1),
    "MaxUnpool2d": unpooled(2),
    "MaxUnpool3d": unpooled(3),
    "FractionalMaxPool2d": fractional(2),
    "FractionalMaxPool3d": fractional(3),
    "AdaptiveLogSoftmaxWithLoss": same(Adaptive, of(adaptive), numbers((8,))),
    "TransformerEncoderLayer": same(
        lambda: nn.TransformerEncoderLayer(SIZE, HEADS, **LAYER),
        of(encoder_layer),
        SERIES,
    ),
    "TransformerEncoder": same(
        lambda: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(SIZE, HEADS, **LAYER), 2
        ),
        of(lambda x: encoder_layer(encoder_layer(x))),
        SERIES,
    ),
    "TransformerDecoderLayer": same(
        lambda: nn.TransformerDecoderLayer(SIZE, HEADS, **LAYER),
        of(decoder_layer),
        SERIES,
        MEMORY,
    ),
    "TransformerDecoder": same(
        lambda: nn.TransformerDecoder(
            nn.TransformerDecoderLayer(SIZE, HEADS, **LAYER), 2
        ),
        of(lambda x, memory: decoder_layer(decoder_layer(x, memory), memory)),
        SERIES,
        MEMORY,
    ),
}

# What is no layer between the numbers of a model, and why.
NO_LAYERS: dict[str, str] = {
    "Module": "what all are derived from",
    "RNNBase": "what recurrent layers are derived from",
    "RNNCellBase": "what cells are derived from",
    "Container": "holds modules",
    "Sequential": "holds modules",
    "ModuleList": "holds modules",
    "ModuleDict": "holds modules",
    "ParameterList": "holds parameters",
    "ParameterDict": "holds parameters",
    "DataParallel": "runs another module on several devices",
    "CrossMapLRN2d": "an older name for what LocalResponseNorm computes",
    "Transformer": "an encoder and a decoder, which have answers of their own",
}
