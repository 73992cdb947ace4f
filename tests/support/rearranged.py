"""Twins of layers of several kinds, of the user's own too, whose arrays go wrong."""

from functools import partial

import keras
import numpy as np
import torch

from compare.judging.arrays import sequences
from compare.judging.words import PRECISIONS
from compare.twins.frameworks import LAYERS
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FEATURES, SIZE, OUTPUTS, TIME = 4, 6, 3, 7
X = np.random.default_rng(5).normal(0, 1, (3, TIME, FEATURES)).astype(np.float32)


class Mixed(torch.nn.Module):
    """A layer of the user's own: three axes, and a scale."""

    def __init__(self):
        super().__init__()
        self.table = torch.nn.Parameter(torch.randn(FEATURES, 2, 2))
        self.scale = torch.nn.Parameter(torch.randn(FEATURES))

    def forward(self, x):
        return torch.tanh(x @ self.table.reshape(FEATURES, -1)) * self.scale


class MixedInKeras(keras.layers.Layer):
    """The same in Keras."""

    def build(self, shape):
        self.table = self.add_weight(shape=(FEATURES, 2, 2), name="table")
        self.scale = self.add_weight(shape=(FEATURES,), name="scale")

    def call(self, x):
        table = keras.ops.reshape(self.table, (FEATURES, FEATURES))
        return keras.ops.tanh(keras.ops.matmul(x, table)) * self.scale


class InPyTorch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.mixed = Mixed()
        self.conv = torch.nn.Conv1d(FEATURES, SIZE, 3)
        self.norm = torch.nn.BatchNorm1d(SIZE, eps=1e-3)
        self.first = torch.nn.Linear(SIZE, SIZE)
        self.second = torch.nn.Linear(SIZE, SIZE)
        self.third = torch.nn.Linear(SIZE, SIZE)
        self.rnn = torch.nn.GRU(SIZE, SIZE, batch_first=True)
        self.head = torch.nn.Linear(SIZE, OUTPUTS)

    def forward(self, x):
        x = self.mixed(x)
        x = self.norm(self.conv(x.transpose(1, 2))).transpose(1, 2)
        x = torch.tanh(self.first(x))
        x = torch.tanh(self.second(x))
        x = torch.tanh(self.third(x))
        return self.head(self.rnn(x)[0])


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.mixed = MixedInKeras()
        self.conv = keras.layers.Conv1D(SIZE, 3)
        self.norm = keras.layers.BatchNormalization()
        self.first = keras.layers.Dense(SIZE)
        self.second = keras.layers.Dense(SIZE)
        self.third = keras.layers.Dense(SIZE)
        self.rnn = keras.layers.GRU(SIZE, return_sequences=True)
        self.head = keras.layers.Dense(OUTPUTS)

    def call(self, x):
        x = self.norm(self.conv(self.mixed(x)))
        x = keras.ops.tanh(self.first(x))
        x = keras.ops.tanh(self.second(x))
        x = keras.ops.tanh(self.third(x))
        return self.head(self.rnn(x))


def twins():
    """Both models with the same weights, which are random and asymmetric."""
    built = Twins(
        dict(torch=InPyTorch, keras=InKeras), sequences(None, FEATURES), ["y"]
    )
    built.load("to_keras", partial(fresh_weights, seed=[3]))
    return built


def change(built, side, layer, changed):
    """Load arrays that `changed` makes of a layer's arrays, in both precisions."""
    for precision in PRECISIONS:
        model = built.model(side, precision)
        held = LAYERS[side].layers(model)[layer].arrays
        dtype = next(iter(held.values())).dtype
        arrays = {
            name: np.array(array, np.float32).astype(dtype)
            for name, array in {**held, **changed(dict(held))}.items()
        }
        LAYERS[side].load(model, {layer: arrays})
