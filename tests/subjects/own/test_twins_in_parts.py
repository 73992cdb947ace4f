"""One layer that is several on the other side, and cells that are made of layers."""

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

FEATURES, HIDDEN = 3, 4
X = np.random.default_rng(0).normal(size=(3, 5, FEATURES)).astype(np.float32)


def model(call, **layers):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            for name, layer in layers.items():
                setattr(self, name, layer)

        def forward(self, x):
            return call(self, x)

    return Model()


def functional(call):
    x = keras.Input((None, FEATURES))
    return keras.Model(x, call(x))


def lstm(**options):
    return nn.LSTM(FEATURES, HIDDEN, batch_first=True, **options)


def states_side_by_side(self, x):
    return torch.cat(list(self.rnn(x)[1][0]), -1)


def two_layers(x):
    forward = keras.layers.LSTM(HIDDEN, name="to_the_end")(x)
    backward = keras.layers.LSTM(HIDDEN, go_backwards=True, name="to_the_start")(x)
    return keras.layers.Concatenate()([forward, backward])


@pytest.mark.parametrize("names", [None, {"rnn": ["to_the_end", "to_the_start"]}])
@pytest.mark.parametrize("transfer", ["to_keras", "to_torch"])
def test_two_directions_may_be_two_layers_of_keras(transfer, names):
    in_torch = model(states_side_by_side, rnn=lstm(bidirectional=True))

    evidence = compare.check(in_torch, functional(two_layers), X, transfer, names=names)

    assert evidence.verdict == "same"


@pytest.mark.parametrize("transfer", ["to_keras", "to_torch"])
def test_two_directions_may_be_two_layers_of_pytorch(transfer):
    def call(self, x):
        forward, backward = self.forth(x)[0], self.back(x.flip(1))[0]
        return torch.cat([forward[:, -1], backward[:, -1]], -1)

    in_torch = model(call, forth=lstm(), back=lstm())
    in_keras = functional(keras.layers.Bidirectional(keras.layers.LSTM(HIDDEN)))

    assert compare.check(in_torch, in_keras, X, transfer).verdict == "same"


@pytest.mark.parametrize("transfer", ["to_keras", "to_torch"])
def test_one_linear_may_be_several_dense_layers_side_by_side(transfer):
    def heads(x):
        steps = keras.layers.LSTM(HIDDEN)(x)
        parts = [keras.layers.Dense(units)(steps) for units in (2, 3)]
        return keras.layers.Concatenate()(parts)

    def call(self, x):
        return self.head(self.rnn(x)[0][:, -1])

    in_torch = model(call, rnn=lstm(), head=nn.Linear(HIDDEN, 5))

    assert compare.check(in_torch, functional(heads), X, transfer).verdict == "same"


class Cell(keras.layers.Layer):
    """A simple recurrent cell of two dense layers and a scale of its own."""

    def __init__(self, **options):
        super().__init__(**options)
        self.state_size = HIDDEN
        self.of_x = keras.layers.Dense(HIDDEN)
        self.of_h = keras.layers.Dense(HIDDEN)

    def build(self, shape):
        self.of_x.build(shape)
        self.of_h.build((None, HIDDEN))
        self.scale = self.add_weight(shape=(HIDDEN,), initializer="normal")

    def call(self, x, states):
        h = keras.ops.tanh(self.of_x(x) + self.scale * self.of_h(states[0]))
        return h, [h]


class CellOfLinears(nn.Module):
    def __init__(self, activation):
        super().__init__()
        self.activation = activation
        self.of_x = nn.Linear(FEATURES, HIDDEN)
        self.of_h = nn.Linear(HIDDEN, HIDDEN)
        self.scale = nn.Parameter(torch.randn(HIDDEN))

    def forward(self, x):
        h = x.new_zeros(len(x), HIDDEN)
        for step in x.unbind(1):
            h = self.activation(self.of_x(step) + self.scale * self.of_h(h))
        return h


@pytest.mark.parametrize(
    ("activation", "verdict"), [(torch.tanh, "same"), (torch.sigmoid, "different")]
)
def test_a_cell_of_layers_is_looked_into(activation, verdict):
    in_keras = functional(keras.layers.RNN(Cell()))

    evidence = compare.check(CellOfLinears(activation), in_keras, X, "to_keras")

    assert evidence.verdict == verdict
