"""Pairs as users bring them."""

import keras
import numpy as np
from torch import nn

SAME, DIFFERENT = "same", "different"


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


X = drawn(5, 9, 8)


def nested(**options):
    """An LSTM inside a module of its own, and a head."""

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 6, batch_first=True, **options)

        def forward(self, x):
            return self.rnn(x)[0]

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = Encoder()
            directions = 2 if options.get("bidirectional") else 1
            self.body = nn.Sequential(nn.Linear(6 * directions, 5), nn.ReLU())
            self.head = nn.Linear(5, 3)

        def forward(self, x):
            return self.head(self.body(self.encoder(x)[:, -1]))

    return Model()


def sequential():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None, 8)),
            layers.LSTM(6),
            layers.Dense(5, activation="relu"),
            layers.Dense(3),
        ]
    )


def functional():
    layers = keras.layers
    x = keras.Input((None, 8))
    body = layers.Dense(5, activation="relu")(layers.LSTM(6)(x))
    return keras.Model(x, layers.Dense(3)(body))


def subclassed():
    class Model(keras.Model):
        def __init__(self, units, out):  # no configuration: it cannot be made anew
            super().__init__()
            self.recurrent = keras.layers.LSTM(units, return_sequences=True)
            self.blocks = [keras.layers.Dense(5, activation="relu")]
            self.out = keras.layers.Dense(out)

        def call(self, x):
            h = self.recurrent(x)[:, -1]
            for block in self.blocks:
                h = block(h)
            return self.out(h)

    model = Model(6, out=3)
    model(X)
    return model


KINDS = {"sequential": sequential, "functional": functional, "subclassed": subclassed}
