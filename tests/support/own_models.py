"""Small twins in which people make mistakes of their own."""

from functools import partial

import keras
import numpy as np
import torch

from compare.judging.arrays import sequences
from compare.judging.words import PRECISIONS
from compare.twins.frameworks import LAYERS
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FEATURES, SIZE, OUTPUTS, TIME = 4, 5, 3, 7
X = np.random.default_rng(8).normal(0, 1, (3, TIME, FEATURES)).astype(np.float32)
PADDED = np.where(np.arange(TIME)[:, None] < [[[7]], [[4]], [[2]]], X, 0)


def in_pytorch(forward, kind="LSTM", **options):
    """What makes a recurrent layer and a head, used as `forward` says."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            options.setdefault("batch_first", True)
            self.rnn = getattr(torch.nn, kind)(FEATURES, SIZE, **options)
            sizes = SIZE * (1 + self.rnn.bidirectional)
            self.head = torch.nn.Linear(sizes, OUTPUTS)

        def forward(self, x, lengths=None):
            return forward(self, x) if lengths is None else forward(self, x, lengths)

    return Model


def in_keras(call, kind="LSTM", both_ways=False, head=None, **options):
    """The same in Keras."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.masking = keras.layers.Masking()
            self.rnn = getattr(keras.layers, kind)(SIZE, **options)
            if both_ways:
                self.rnn = keras.layers.Bidirectional(self.rnn)
            self.head = keras.layers.Dense(OUTPUTS, activation=head)

        def call(self, x):
            return call(self, x)

    return Model


def last(model, x):
    return model.head(model.rnn(x)[0][:, -1])


def plain(model, x):
    return model.head(model.rnn(x))


def twins(torch, keras, load=True):
    made = Twins(dict(torch=torch, keras=keras), sequences(None, FEATURES), ["y"])
    if load:
        made.load("to_keras", partial(fresh_weights, seed=[2]))
    return made


def masked(model, x):
    return model.head(model.rnn(model.masking(x)))


def wrong_weights(made, layer, change):
    """Keras's twins with other weights in a layer."""
    for dtype in PRECISIONS:
        model = made.model("keras", dtype)
        arrays = dict(LAYERS["keras"].layers(model)[layer].arrays)
        LAYERS["keras"].load(model, {layer: change(arrays)})
