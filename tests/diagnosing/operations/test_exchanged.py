"""Operations that each side does in another order."""

import keras
import pytest
import torch
from keras import layers, ops
from torch import nn
from written_out import SERIES, explained, randomised

import compare


class NormAndMean(nn.Module):
    """A norm of every step and their mean, or a norm of the mean."""

    def __init__(self, mean_first):
        super().__init__()
        self.mean_first = mean_first
        self.wide, self.norm = nn.Linear(4, 6), nn.LayerNorm(6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = self.wide(x)
        if self.mean_first:
            return self.head(self.norm(x.mean(dim=1)))
        return self.head(self.norm(x).mean(dim=1))


def norm_and_mean_in_keras(mean_first):
    x = keras.Input((5, 4))
    norm = layers.LayerNormalization(epsilon=1e-5, name="norm")
    y = layers.Dense(6, name="wide")(x)
    y = norm(ops.mean(y, axis=1)) if mean_first else ops.mean(norm(y), axis=1)
    return keras.Model(x, layers.Dense(3, name="head")(y))


@pytest.mark.parametrize("mean_first", [True, False])
def test_a_norm_and_a_mean_in_another_order_are_told_as_that(mean_first):
    model = randomised(NormAndMean(mean_first))
    twin = norm_and_mean_in_keras(not mean_first)
    found = explained(compare.check(model, twin, SERIES, "to_keras"))

    assert found.sentence.startswith("the order of operations differs: PyTorch has ")
    order = ["`mean(dim=1)`", "`norm` (LayerNorm)"]
    if not mean_first:
        order.reverse()
    assert " and then ".join(order) in found.sentence


class Squashed(nn.Module):
    """A dense layer of what a tanh makes."""

    def __init__(self):
        super().__init__()
        self.first, self.code = nn.Linear(4, 6), nn.Linear(6, 3)
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        return self.head(self.code(torch.tanh(self.first(x))))


def test_an_activation_before_a_layer_that_has_it_inside_is_told_by_the_order():
    x = keras.Input((5, 4))
    y = layers.Dense(6, name="first")(x)
    y = layers.Dense(3, activation="tanh", name="code")(y)
    twin = keras.Model(x, layers.Dense(2, name="head")(y))
    evidence = compare.check(randomised(Squashed()), twin, SERIES, "to_keras")

    assert "tanh" in explained(evidence).sentence


class LastInBranch(nn.Module):
    """Two residual branches with a norm each, of which the second's stands last."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.LayerNorm(4), nn.LayerNorm(4)
        self.wide, self.narrow = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        x = x + self.wide(self.first(x))
        return x + self.second(self.narrow(x))


def test_a_norm_that_stands_last_in_its_branch_is_told_by_its_place():
    x = keras.Input((5, 4))
    first, second = (
        layers.LayerNormalization(epsilon=1e-5, name=name)
        for name in ("first", "second")
    )
    y = x + layers.Dense(4, name="wide")(first(x))
    twin = keras.Model(x, y + layers.Dense(4, name="narrow")(second(y)))
    evidence = compare.check(randomised(LastInBranch()), twin, SERIES, "to_keras")

    sentence = explained(evidence).sentence
    assert sentence.startswith("the norm `second` stands last in each branch")
