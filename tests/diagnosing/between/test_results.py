"""What a model makes of its last layer, and the order of its results, are told."""

from functools import partial

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, OUTPUTS, SIZE, X, twins
from torch import nn

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import sequences
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights


def alone_in_pytorch(way, **options):
    """A model that ends with a recurrent layer."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(FEATURES, SIZE, batch_first=True, **options)

        def forward(self, x):
            return way(*self.rnn(x))

    return Model


def alone_in_keras(both_ways=False, **options):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.LSTM(SIZE, **options)
            if both_ways:
                self.rnn = keras.layers.Bidirectional(self.rnn)

        def call(self, x):
            return self.rnn(x)

    return Model


LAST = {
    "cell state": (lambda o, s: s[1][-1], "the final cell state for the last step"),
    "first step": (lambda o, s: o[:, 0], "the first step for the last step"),
    "last sample": (lambda o, s: o[-1], "the last sample for the last step"),
    "mean": (lambda o, s: o.mean(1), "the mean of all steps for the last step"),
    "largest": (lambda o, s: o.amax(1), "the largest of all steps for the last step"),
}


@pytest.mark.parametrize("case", LAST)
def test_what_a_model_returns_of_its_last_layer_is_recognised(case):
    way, name = LAST[case]
    x = np.random.default_rng(3).normal(0, 1, (7, 7, FEATURES)).astype(np.float32)
    made = twins(alone_in_pytorch(way), alone_in_keras())
    found = diagnose(made, (x,))

    assert found.explained, found
    assert found.faults == (name,)
    assert found.sentence.startswith("after rnn, PyTorch returns ")


def test_the_last_step_of_two_directions_is_recognised_at_the_end():
    torch = alone_in_pytorch(lambda o, s: o[:, -1], bidirectional=True)
    found = diagnose(twins(torch, alone_in_keras(both_ways=True)), (X,))

    assert found.explained, found
    assert found.faults == ("the last step for the end of each direction",)


def test_a_layer_that_is_called_step_by_step_does_not_break_the_diagnosis():
    """A loop over the steps that writes into a tensor, against Dense at every step."""

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(FEATURES, SIZE)
            self.head = nn.Linear(SIZE, OUTPUTS)

        def forward(self, x):
            made = torch.zeros(*x.shape[:2], SIZE)
            for step in range(x.shape[1]):
                made[:, step] = self.first(x[:, step]) * 1.5
            return self.head(made)

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.Dense(SIZE)
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            return self.head(self.first(x))

    found = diagnose(twins(InPyTorch, InKeras), (X,))

    assert found.explained
    said = "between first and head, PyTorch multiplies by 1.5, Keras does not"
    assert found.sentence == said


def two_results(order):
    """Twins of a recurrent layer and two heads, whose results PyTorch returns so."""

    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.GRU(FEATURES, SIZE, batch_first=True)
            self.one = torch.nn.Linear(SIZE, OUTPUTS)
            self.two = torch.nn.Linear(SIZE, OUTPUTS)

        def forward(self, x):
            h = self.rnn(x)[0][:, -1]
            made = self.one(h), self.two(h)
            return order(made)

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.GRU(SIZE)
            self.one = keras.layers.Dense(OUTPUTS)
            self.two = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            h = self.rnn(x)
            return self.one(h), self.two(h)

    makers = dict(torch=InPyTorch, keras=InKeras)
    made = Twins(makers, sequences(None, FEATURES), ["a", "b"])
    made.load("to_keras", partial(fresh_weights, seed=[2]))
    return made


@pytest.mark.parametrize(
    "order",
    [lambda made: made[::-1], lambda made: {"a": made[1], "b": made[0]}],
    ids=["tuple", "keys"],
)
def test_results_in_another_order_are_told_for_either_side(order):
    found = diagnose(two_results(order), (X,))

    assert found.explained, found
    assert found.faults == ("results in another order",)
    assert {each.side for each in found.alternatives} == {"keras"}


def test_results_in_the_same_order_are_not_told():
    found = diagnose(two_results(lambda made: made), (X,))

    assert not found.explained
    assert found.faults == ()


def test_one_wrong_result_of_two_is_told_by_its_operation():
    made = two_results(lambda made: (made[0], made[1].sin()))
    found = diagnose(made, (X,))

    assert found.explained
    assert found.faults == ("`sin` in PyTorch alone",)
