"""Rotary positions of other pairs of features are told, however they are written."""

import keras
import numpy as np
import pytest
import torch
from keras import layers, ops
from torch import nn

import compare

SIZE, TIME = 8, 5
SERIES = np.random.default_rng(4).standard_normal((3, TIME, SIZE)).astype("float32")
NAMES = ("queries", "keys", "values", "head")
ANGLES = np.arange(TIME)[:, None] * 10000.0 ** (-np.arange(0, SIZE, 2) / SIZE)


def turned_in_torch(x, pairs):
    """The sum of x cos and of x turned by a right angle times sin."""
    if pairs == "halves":
        angles = np.concatenate([ANGLES, ANGLES], -1)
        across = torch.cat([-x[..., SIZE // 2 :], x[..., : SIZE // 2]], -1)
    else:
        angles = np.repeat(ANGLES, 2, -1)
        across = torch.stack([-x[..., 1::2], x[..., 0::2]], -1).flatten(-2)
    angles = torch.tensor(angles, dtype=x.dtype)
    return x * angles.cos() + across * angles.sin()


def turned_in_keras(x, pairs):
    """Each feature of a pair by itself."""
    cos, sin = (ops.cast(f(ANGLES), x.dtype) for f in (np.cos, np.sin))
    if pairs == "halves":
        a, b = x[..., : SIZE // 2], x[..., SIZE // 2 :]
        return ops.concatenate([a * cos - b * sin, b * cos + a * sin], -1)
    a, b = x[..., 0::2], x[..., 1::2]
    turned = ops.stack([a * cos - b * sin, b * cos + a * sin], -1)
    return ops.reshape(turned, (-1, TIME, SIZE))


class Attending(nn.Module):
    """Attention of one head with rotary positions."""

    def __init__(self, pairs):
        super().__init__()
        self.pairs = pairs
        for name in NAMES:
            setattr(self, name, nn.Linear(SIZE, SIZE))

    def forward(self, x):
        q = turned_in_torch(self.queries(x), self.pairs)
        k = turned_in_torch(self.keys(x), self.pairs)
        weights = torch.softmax(q @ k.transpose(1, 2) / SIZE**0.5, -1)
        return self.head(weights @ self.values(x))


class KerasAttending(keras.Model):
    """The same in Keras."""

    def __init__(self, pairs):
        super().__init__()
        self.pairs = pairs
        for name in NAMES:
            setattr(self, name, layers.Dense(SIZE))

    def call(self, x):
        q = turned_in_keras(self.queries(x), self.pairs)
        k = turned_in_keras(self.keys(x), self.pairs)
        scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) / SIZE**0.5
        return self.head(ops.matmul(ops.softmax(scores), self.values(x)))


def evidence_of(pairs, keras_pairs):
    torch.manual_seed(2)
    model = Attending(pairs).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.4)
    twin = KerasAttending(keras_pairs)
    twin(SERIES)
    for name in NAMES:
        arrays = [p.detach().numpy().T for p in getattr(model, name).parameters()]
        getattr(twin, name).set_weights(arrays)
    return compare.check(model, twin, SERIES)


@pytest.mark.parametrize("pairs", [("halves", "neighbours"), ("neighbours", "halves")])
def test_other_pairs_of_rotary_positions_are_told(pairs):
    evidence = evidence_of(*pairs)
    assert evidence.verdict == "different"
    found = [result.explanation for result in evidence.results if result.explanation]
    assert found[-1].faults == (f"rotary positions in {pairs[0]} for {pairs[1]}",)


@pytest.mark.parametrize("pairs", ["halves", "neighbours"])
def test_the_same_pairs_are_the_same(pairs):
    assert evidence_of(pairs, pairs).verdict == "same"
