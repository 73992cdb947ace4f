"""Attention in the user's own code: the axis of its softmax is told."""

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, SIZE, X, twins

from compare.diagnosing.diagnosis import diagnose


class Additive(torch.nn.Module):
    """Steps of a recurrent layer, weighed by a score of each."""

    def __init__(self, axis=1, mean=False, plain=False):
        super().__init__()
        self.rnn = torch.nn.LSTM(FEATURES, SIZE, batch_first=True)
        self.score = torch.nn.Linear(SIZE, 1)
        self.head = torch.nn.Linear(SIZE, 2)
        self.axis, self.mean, self.plain = axis, mean, plain

    def forward(self, x):
        h, _ = self.rnn(x)
        weights = self.score(h).softmax(self.axis)
        steps = h if self.plain else weights * h
        return self.head(steps.mean(1) if self.mean else steps.sum(1))


class AdditiveInKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.rnn = keras.layers.LSTM(SIZE, return_sequences=True)
        self.score = keras.layers.Dense(1)
        self.head = keras.layers.Dense(2)

    def call(self, x):
        h = self.rnn(x)
        weights = keras.ops.softmax(self.score(h), axis=1)
        return self.head(keras.ops.sum(weights * h, axis=1))


WITHOUT = "without weights (those of a softmax of score over the last axis are all 1)"
RIGHT = "the sum of rnn's steps weighed by a softmax of score over time (axis 1)"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"axis": -1}, f"the sum of rnn's steps {WITHOUT}"),
        ({"plain": True}, f"the sum of rnn's steps {WITHOUT}"),
        ({"plain": True, "mean": True}, f"the mean of rnn's steps {WITHOUT}"),
        (
            {"axis": 0},
            "the sum of rnn's steps weighed by a softmax of score over the batch (axis "
            "0)",
        ),
        ({"mean": True}, RIGHT.replace("the sum", "the mean")),
    ],
)
def test_the_weights_of_the_steps_are_told(options, words):
    found = diagnose(twins(lambda: Additive(**options), AdditiveInKeras), (X,))

    assert found.explained, found
    assert found.sentence == (
        f"between score and head, Keras takes {RIGHT}, PyTorch takes {words}"
    )


class Dot(torch.nn.Module):
    """Attention by products of queries and keys."""

    def __init__(self, axis, scaled=True):
        super().__init__()
        self.query = torch.nn.Linear(FEATURES, SIZE)
        self.key = torch.nn.Linear(FEATURES, SIZE)
        self.value = torch.nn.Linear(FEATURES, SIZE)
        self.head = torch.nn.Linear(SIZE, 2)
        self.axis, self.scale = axis, SIZE**-0.5 if scaled else 1

    def forward(self, x):
        scores = self.query(x) @ self.key(x).transpose(1, 2) * self.scale
        return self.head(scores.softmax(self.axis) @ self.value(x))


class DotInKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.query = keras.layers.Dense(SIZE)
        self.key = keras.layers.Dense(SIZE)
        self.value = keras.layers.Dense(SIZE)
        self.head = keras.layers.Dense(2)

    def call(self, x):
        keys = keras.ops.transpose(self.key(x), (0, 2, 1))
        scores = keras.ops.matmul(self.query(x), keys) / np.sqrt(SIZE)
        weights = keras.ops.softmax(scores, axis=-1)
        return self.head(keras.ops.matmul(weights, self.value(x)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((1,), "a softmax of query key^T / sqrt(size) over the queries (axis 1)"),
        ((-1, False), "a softmax of query key^T over the keys (the last axis)"),
    ],
)
def test_the_softmax_of_products_is_told(arguments, words):
    found = diagnose(twins(lambda: Dot(*arguments), DotInKeras), (X,))

    assert found.explained, found
    assert found.sentence.endswith(f"PyTorch takes value weighed by {words}")
