"""A small ViT: patches by a convolution, a class token, learnt positions, pre-norm."""

import keras
import numpy as np
import torch
from keras import layers, ops
from torch import nn


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, 2 * dim)

    def attend(self, x):
        batch, tokens, dim = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-2, -1) * (dim // self.heads) ** -0.5
        out = scores.softmax(dim=-1) @ v
        return self.proj(out.transpose(1, 2).reshape(batch, tokens, dim))

    def forward(self, x):
        x = x + self.attend(self.norm1(x))
        x = x + self.mlp(self.norm2(x))
        return x


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 8, 4, stride=4)
        self.cls = nn.Parameter(torch.randn(1, 1, 8))
        self.pos = nn.Parameter(torch.randn(1, 7, 8))
        self.blocks = nn.Sequential(Block(8, 2), Block(8, 2))
        self.norm = nn.LayerNorm(8, eps=1e-6)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.patch(x.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1)
        x = x + self.pos
        x = self.norm(self.blocks(x))
        return self.head(x[:, 0])


class Embed(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.patch = layers.Conv2D(8, 4, strides=4)

    def build(self, shape):
        self.cls = self.add_weight(shape=(1, 1, 8), name="cls")
        self.pos = self.add_weight(shape=(1, 7, 8), name="pos")
        self.patch.build(shape)

    def call(self, x):
        x = self.patch(x)
        x = ops.reshape(x, (ops.shape(x)[0], -1, 8))
        cls = ops.tile(self.cls, (ops.shape(x)[0], 1, 1))
        return ops.concatenate([cls, x], axis=1) + self.pos


def in_torch():
    return InPyTorch()


def in_keras():
    image = keras.Input((8, 12, 3))
    x = Embed(name="embed")(image)
    for i in range(2):
        y = layers.LayerNormalization(epsilon=1e-6, name=f"norm1_{i}")(x)
        x = x + layers.MultiHeadAttention(2, 4, name=f"attn_{i}")(y, y)
        y = layers.LayerNormalization(epsilon=1e-6, name=f"norm2_{i}")(x)
        y = layers.Dense(16, activation="gelu", name=f"fc1_{i}")(y)
        x = x + layers.Dense(8, name=f"fc2_{i}")(y)
    x = layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    return keras.Model(image, layers.Dense(4, name="head")(x[:, 0]))


def array(tensor):
    return tensor.detach().numpy()


def transfer(torch_model, keras_model):
    embed = keras_model.get_layer("embed")
    embed.patch.set_weights(
        [
            array(torch_model.patch.weight).transpose(2, 3, 1, 0),
            array(torch_model.patch.bias),
        ]
    )
    embed.cls.assign(array(torch_model.cls))
    embed.pos.assign(array(torch_model.pos))
    for i, block in enumerate(torch_model.blocks):
        for name in ("norm1", "norm2"):
            norm = getattr(block, name)
            keras_model.get_layer(f"{name}_{i}").set_weights(
                [array(norm.weight), array(norm.bias)]
            )
        weights = []
        kernels, biases = (
            np.split(array(tensor), 3) for tensor in (block.qkv.weight, block.qkv.bias)
        )
        for weight, bias in zip(kernels, biases, strict=True):
            weights += [weight.T.reshape(8, 2, 4), bias.reshape(2, 4)]
        weights += [array(block.proj.weight).T.reshape(2, 4, 8), array(block.proj.bias)]
        keras_model.get_layer(f"attn_{i}").set_weights(weights)
        for name in ("fc1", "fc2"):
            dense = getattr(block.mlp, name)
            keras_model.get_layer(f"{name}_{i}").set_weights(
                [array(dense.weight).T, array(dense.bias)]
            )
    keras_model.get_layer("norm").set_weights(
        [array(torch_model.norm.weight), array(torch_model.norm.bias)]
    )
    keras_model.get_layer("head").set_weights(
        [array(torch_model.head.weight).T, array(torch_model.head.bias)]
    )


def inputs(rng):
    return rng.normal(0, 1, (3, 8, 12, 3)).astype("float32")
