"""Small twins with a convolution, in which people make mistakes of their own."""

from functools import partial

import keras
import numpy as np
import torch

from compare.judging.arrays import sequences
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FEATURES, SIZE, OUTPUTS, TIME = 4, 5, 3, 9
X = np.random.default_rng(8).normal(0, 1, (3, TIME, FEATURES)).astype(np.float32)


def in_pytorch(forward, window=3, **options):
    """What makes a convolution and a head, used as `forward` says.

    It takes the model and x, (batch, time, features).
    """

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv1d(FEATURES, SIZE, window, **options)
            self.head = torch.nn.Linear(SIZE, OUTPUTS)

        def forward(self, x):
            return forward(self, x)

    return Model


def in_keras(call, window=3, **options):
    """The same in Keras."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = keras.layers.Conv1D(SIZE, window, **options)
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            return call(self, x)

    return Model


def each_step(model, x, before=0, after=0, cut=0):
    """The head of each step of the convolution of x with zeros around, and a relu."""
    padded = torch.nn.functional.pad(x.transpose(1, 2), (before, after))
    output = model.conv(padded)
    output = output[:, :, : output.shape[2] - cut]
    return model.head(output.relu().transpose(1, 2))


def steps_in_keras(model, x):
    return model.head(keras.ops.relu(model.conv(x)))


def twins(in_torch, of_keras):
    built = Twins(
        dict(torch=in_torch, keras=of_keras), sequences(None, FEATURES), ["y"]
    )
    built.load("to_keras", partial(fresh_weights, seed=[2]))
    return built
