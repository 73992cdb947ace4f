"""Self-attention of several heads by hand, with a causal mask."""

import math

import keras
import torch
from keras import layers, ops
from torch import nn

SIZE, HEADS, STEPS = 8, 2, 6


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.query = nn.Linear(SIZE, SIZE)
        self.key = nn.Linear(SIZE, SIZE)
        self.value = nn.Linear(SIZE, SIZE)
        self.out = nn.Linear(SIZE, SIZE)
        self.norm = nn.LayerNorm(SIZE)

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], HEADS, -1).transpose(1, 2)

    def forward(self, x):
        q, k, v = self.query(x), self.key(x), self.value(x)
        q, k, v = self.split(q), self.split(k), self.split(v)
        scores = q @ k.transpose(-1, -2)
        scores = scores / math.sqrt(SIZE // HEADS)
        later = torch.triu(torch.ones(STEPS, STEPS), 1).bool()
        scores = scores.masked_fill(later, -1e9)
        weights = torch.softmax(scores, dim=-1)
        h = weights @ v
        h = h.transpose(1, 2).reshape(x.shape)
        return self.norm(x + self.out(h))


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.query = layers.Dense(SIZE)
        self.key = layers.Dense(SIZE)
        self.value = layers.Dense(SIZE)
        self.out = layers.Dense(SIZE)
        self.norm = layers.LayerNormalization(epsilon=1e-5)

    def call(self, x):
        shape = -1, STEPS, HEADS, SIZE // HEADS
        q = ops.transpose(ops.reshape(self.query(x), shape), (0, 2, 1, 3))
        k = ops.transpose(ops.reshape(self.key(x), shape), (0, 2, 1, 3))
        v = ops.transpose(ops.reshape(self.value(x), shape), (0, 2, 1, 3))
        scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2)))
        scores = scores / math.sqrt(SIZE // HEADS)
        later = ops.triu(ops.ones((STEPS, STEPS)), 1)
        scores = scores - 1e9 * later
        weights = ops.softmax(scores, axis=-1)
        h = ops.transpose(ops.matmul(weights, v), (0, 2, 1, 3))
        h = ops.reshape(h, (-1, STEPS, SIZE))
        return self.norm(x + self.out(h))


def in_torch():
    return InPyTorch()


def in_keras():
    return InKeras()


def inputs(rng):
    return rng.normal(0, 1, (4, STEPS, SIZE)).astype("float32")
