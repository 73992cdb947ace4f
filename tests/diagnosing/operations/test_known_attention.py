"""Mistakes in attention that models write out themselves, named and proved."""

import keras
import pytest
import torch
from keras import layers, ops
from torch import nn
from written_out import SERIES, explained, randomised

import compare


class Heads(nn.Module):
    """Attention written out, of two heads."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.o = (nn.Linear(4, 4) for _ in range(3))

    def forward(self, x):
        q, k = (part(x).view(-1, 5, 2, 2).transpose(1, 2) for part in (self.q, self.k))
        weights = torch.softmax(q @ k.transpose(-1, -2), -1)
        return self.o((weights @ k).transpose(1, 2).reshape(-1, 5, 4))


class HeadsInKeras(keras.Model):
    def __init__(self, reshaped):
        super().__init__()
        self.reshaped = reshaped
        self.q, self.k, self.o = (layers.Dense(4) for _ in range(3))

    def split(self, x):
        if self.reshaped:
            return ops.reshape(x, (-1, 2, 5, 2))
        return ops.transpose(ops.reshape(x, (-1, 5, 2, 2)), (0, 2, 1, 3))

    def call(self, x):
        q, k = self.split(self.q(x)), self.split(self.k(x))
        weights = ops.softmax(ops.matmul(q, ops.transpose(k, (0, 1, 3, 2))))
        y = ops.transpose(ops.matmul(weights, k), (0, 2, 1, 3))
        return self.o(ops.reshape(y, (-1, 5, 4)))


def test_heads_that_are_split_by_a_reshape_alone_are_named():
    twin = HeadsInKeras(reshaped=True)
    twin(SERIES)
    found = explained(compare.check(randomised(Heads()), twin, SERIES, "to_keras"))

    assert "PyTorch has the axes exchanged to (0, 2, 1, 3)" in found.sentence
    assert "Keras has the values reshaped to (3, 2, 5, 2)" in found.sentence


def test_heads_that_are_split_rightly_are_the_same():
    twin = HeadsInKeras(reshaped=False)
    twin(SERIES)

    evidence = compare.check(randomised(Heads()), twin, SERIES, "to_keras")
    assert evidence.verdict == "same"


class Scores(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        q, k = self.q(x), self.k(x)
        return torch.softmax(q @ k.transpose(1, 2), -1) @ k + torch.tanh(k)


class ScoresInKeras(keras.Model):
    def __init__(self, of):
        super().__init__()
        self.of = of
        self.q, self.k = layers.Dense(4, name="q"), layers.Dense(4, name="k")

    def call(self, x):
        made = {"q": self.q(x), "k": self.k(x)}
        turned = ops.transpose(made[self.of], (0, 2, 1))
        weights = ops.softmax(ops.matmul(made["q"], turned))
        return ops.matmul(weights, made["k"]) + ops.tanh(made["k"])


@pytest.mark.parametrize("of", ["q", "k"])
def test_scores_of_queries_with_themselves_are_told_by_what_is_taken(of):
    """As a product in another order of the axes, which is no value of PyTorch's."""
    twin = ScoresInKeras(of)
    twin(SERIES)
    evidence = compare.check(randomised(Scores()), twin, SERIES, "to_keras")

    if of == "k":
        assert evidence.verdict == "same"
        return
    found = explained(evidence)
    assert "`@` of PyTorch" in found.sentence
    assert "takes what `k` (Linear) makes" in found.sentence
    assert "takes what `q` (Dense) makes" in found.sentence
