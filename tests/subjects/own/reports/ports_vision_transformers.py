"""Ports of transformers of images, as people asked about them."""

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn, put
from torch import Tensor, nn


class ClassToken(layers.Layer):
    """Puts a learnt token before the others."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.cls = self.add_weight(shape=(1, 1, shape[-1]), name="cls")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        token = ops.broadcast_to(self.cls, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([token, x], axis=1)


class LayerScale(layers.Layer):
    """Multiplies each channel by a learnt number."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.gamma = self.add_weight(shape=(shape[-1],), name="gamma")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x * self.gamma


def class_token(right: bool) -> Port:
    """The token of the class is joined after the patches, and read before them."""

    class ViT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Linear(5, 6)
            self.cls = nn.Parameter(torch.zeros(1, 1, 6))
            self.mix = nn.LSTM(6, 6, batch_first=True)
            self.head = nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = self.embed(x)
            cls = self.cls.expand(x.shape[0], -1, -1)
            x = torch.cat([cls, x] if right else [x, cls], dim=1)
            return self.head(self.mix(x)[0].mean(1))

    inputs = keras.Input((4, 5))
    x = ClassToken(name="token")(layers.Dense(6, name="embed")(inputs))
    x = layers.LSTM(6, return_sequences=True, name="mix")(x)
    x = layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, layers.Dense(3, name="head")(x))
    port = carried(ViT(), model, drawn(3, 4, 5))
    put(port.torch_model.cls, model.get_layer("token").get_weights()[0])
    return port


def patch_tokens(right: bool) -> Port:
    """Channels of patches are moved last by transpose, not by view."""

    class PatchEmbed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.proj = nn.Conv2d(3, 8, kernel_size=2, stride=2)
            self.norm = nn.LayerNorm(8, eps=1e-6)
            self.head = nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.proj(x)
            x = x.flatten(2).transpose(1, 2) if right else x.view(x.size(0), -1, 8)
            return self.head(self.norm(x)).mean(dim=1)

    inputs = keras.Input((6, 8, 3))
    x = layers.Conv2D(8, 2, strides=2, name="proj")(inputs)
    x = layers.Reshape((12, 8))(x)
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    x = layers.Dense(2, name="head")(x)
    model = keras.Model(inputs, ops.mean(x, axis=1))
    return carried(PatchEmbed(), model, drawn(3, 6, 8, 3))


def layer_scale(right: bool) -> Port:
    """ConvNeXt's gamma is loaded and never used."""

    class ConvNeXtBlock(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dwconv = nn.Conv2d(4, 4, 3, padding=1, groups=4)
            self.norm = nn.LayerNorm(4, eps=1e-6)
            self.pwconv1 = nn.Linear(4, 8)
            self.pwconv2 = nn.Linear(8, 4)
            self.gamma = nn.Parameter(torch.ones(4))

        def forward(self, x: Tensor) -> Tensor:
            shortcut = x
            x = self.dwconv(x).permute(0, 2, 3, 1)
            x = self.pwconv2(F.gelu(self.pwconv1(self.norm(x))))
            if right:
                x = self.gamma * x
            return shortcut + x.permute(0, 3, 1, 2)

    inputs = keras.Input((6, 7, 4))
    x = layers.DepthwiseConv2D(3, padding="same", name="dwconv")(inputs)
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    x = layers.Dense(8, activation="gelu", name="pwconv1")(x)
    x = layers.Dense(4, name="pwconv2")(x)
    x = LayerScale(name="scale")(x)
    port = carried(ConvNeXtBlock(), keras.Model(inputs, inputs + x), drawn(2, 6, 7, 4))
    put(port.torch_model.gamma, port.keras_model.get_layer("scale").get_weights()[0])
    return port


def token_types(right: bool) -> Port:
    """BERT adds three embeddings; the one of the segments was left out."""

    class Embeddings(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.word = nn.Embedding(10, 6)
            self.position = nn.Embedding(5, 6)
            self.segment = nn.Embedding(2, 6)
            self.LayerNorm = nn.LayerNorm(6, eps=1e-12)

        def forward(self, ids: Tensor, types: Tensor) -> Tensor:
            positions = torch.arange(ids.size(1))
            x = self.word(ids) + self.position(positions)
            if right:
                x = x + self.segment(types)
            return self.LayerNorm(x)

    ids = keras.Input((5,), dtype="int32")
    types = keras.Input((5,), dtype="int32")
    position = layers.Embedding(5, 6, name="position")(0 * types + np.arange(5))
    x = layers.Embedding(10, 6, name="word")(ids) + position
    x = x + layers.Embedding(2, 6, name="segment")(types)
    x = layers.LayerNormalization(epsilon=1e-12, name="LayerNorm")(x)
    data = [
        np.array([[1, 5, 9, 2, 4], [3, 3, 8, 7, 0]], "int32"),
        np.array([[0, 0, 1, 1, 1], [0, 1, 1, 0, 1]], "int32"),
    ]
    return carried(Embeddings(), keras.Model([ids, types], x), data)


def scaled_by_the_model(right: bool) -> Port:
    """Scores are divided by the root of a head's size, not of the model's."""
    heads, size = 2, 3

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(6, 6)
            self.k = nn.Linear(6, 6)
            self.v = nn.Linear(6, 6)
            self.o = nn.Linear(6, 6)

        def forward(self, x: Tensor) -> Tensor:
            b, t, c = x.shape
            q, k, v = (
                layer(x).view(b, t, heads, size).transpose(1, 2)
                for layer in (self.q, self.k, self.v)
            )
            scores = q @ k.transpose(-2, -1) / (size if right else c) ** 0.5
            out = scores.softmax(-1) @ v
            return self.o(out.transpose(1, 2).reshape(b, t, c))

    inputs = keras.Input((7, 6))
    q, k, v = (
        ops.transpose(
            layers.Reshape((7, heads, size))(layers.Dense(6, name=name)(inputs)),
            (0, 2, 1, 3),
        )
        for name in "qkv"
    )
    scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))) / np.sqrt(size)
    out = ops.matmul(ops.softmax(scores, axis=-1), v)
    out = layers.Reshape((7, 6))(ops.transpose(out, (0, 2, 1, 3)))
    model = keras.Model(inputs, layers.Dense(6, name="o")(out))
    return carried(Attention(), model, drawn(3, 7, 6))


def tied(right: bool) -> Port:
    """A decoder with the encoder's weights takes them transposed."""

    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Linear(5, 5)
            self.decoder_bias = nn.Parameter(torch.zeros(5))

        def forward(self, x: Tensor) -> Tensor:
            h = torch.sigmoid(self.encoder(x))
            weight = self.encoder.weight.t() if right else self.encoder.weight
            return F.linear(h, weight, self.decoder_bias)

    class TiedDense(layers.Layer):
        def __init__(self, dense: layers.Dense, **settings: str):
            super().__init__(**settings)
            self.dense = dense

        def build(self, shape: tuple[int | None, ...]) -> None:
            self.bias = self.add_weight(shape=(5,), name="bias")

        def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
            return ops.matmul(x, ops.transpose(self.dense.kernel)) + self.bias

    inputs = keras.Input((5,))
    dense = layers.Dense(5, activation="sigmoid", name="encoder")
    decoder = TiedDense(dense, name="decoder")
    model = keras.Model(inputs, decoder(dense(inputs)))
    port = carried(Tied(), model, drawn(4, 5))
    put(port.torch_model.decoder_bias, np.asarray(decoder.bias))
    return port


def report(name: str, cause: str, answer: str, make: Make) -> Report:
    return Report(name, "texts", "", answer, cause, make)


REPORTS = (
    report("class token", "order|concat|join|first|front", "[cls, x]", class_token),
    report(
        "patch tokens",
        "channel by channel",
        "flatten(2).transpose(1, 2)",
        patch_tokens,
    ),
    report("layer scale", "scale|gamma|multipl|used", "self.gamma * x", layer_scale),
    report("token types", "segment|embedding|add|sum", "add the segment", token_types),
    report(
        "scaled by the model",
        r"scale|divid|multipl|factor|root|sqrt",
        "the size of a head",
        scaled_by_the_model,
    ),
    report("tied weights", "transpos", "weight.t()", tied),
)
