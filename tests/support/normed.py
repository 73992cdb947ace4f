"""Twins with layers that embed, convolve and normalise, for tests of their mistakes."""

import keras
import numpy as np
import torch

from compare.judging.arrays import Input, sequences
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

WORDS, FEATURES, SIZE, OUTPUTS = 11, 5, 6, 3
NAMES = ("words", "convolved")


def twins(name):
    """Twins of a model with random weights, and what they run on.

    Args:
        name: of NAMES. "words" is an embedding, an LSTM, a LayerNorm with an epsilon of
            1e-5 and a dense layer; "convolved" a convolution, a BatchNorm1d with 1e-3,
            a relu, an LSTM and a dense layer.
    """
    makers, inputs = {"words": _words, "convolved": _convolved}[name]()
    made = Twins(makers, inputs, ["y"])
    made.load("to_keras", lambda layers: weights(layers, 5))
    rng = np.random.default_rng(2)
    if name == "words":
        return made, (rng.integers(0, WORDS, (4, 6)),)
    return made, (rng.normal(0, 1, (4, 9, FEATURES)).astype(np.float32),)


def weights(layers, seed):
    """As `fresh_weights`, with variances above zero."""
    made = fresh_weights(layers, [seed])
    for arrays in made.values():
        for key in arrays:
            if "var" in key:
                arrays[key] = np.abs(arrays[key]) + np.float32(0.25)
    return made


def _words():
    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(WORDS, FEATURES)
            self.lstm = torch.nn.LSTM(FEATURES, SIZE, batch_first=True)
            self.norm = torch.nn.LayerNorm(SIZE, eps=1e-5)
            self.head = torch.nn.Linear(SIZE, OUTPUTS)

        def forward(self, x):
            h, _ = self.lstm(self.embedding(x))
            return self.head(self.norm(h[:, -1]))

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding = keras.layers.Embedding(WORDS, FEATURES)
            self.lstm = keras.layers.LSTM(SIZE)
            self.norm = keras.layers.LayerNormalization(epsilon=1e-5)
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            return self.head(self.norm(self.lstm(self.embedding(x))))

    return dict(torch=InPyTorch, keras=InKeras), (Input("x", (None, None), "int64"),)


def _convolved():
    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv1d(FEATURES, SIZE, 3)
            self.norm = torch.nn.BatchNorm1d(SIZE, eps=1e-3)
            self.relu = torch.nn.ReLU()
            self.lstm = torch.nn.LSTM(SIZE, SIZE, batch_first=True)
            self.head = torch.nn.Linear(SIZE, OUTPUTS)

        def forward(self, x):
            features = self.norm(self.conv(x.transpose(1, 2))).transpose(1, 2)
            h, _ = self.lstm(self.relu(features))
            return self.head(h[:, -1])

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = keras.layers.Conv1D(SIZE, 3)
            self.norm = keras.layers.BatchNormalization(epsilon=1e-3)
            self.relu = keras.layers.ReLU()
            self.lstm = keras.layers.LSTM(SIZE)
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            return self.head(self.lstm(self.relu(self.norm(self.conv(x)))))

    return dict(torch=InPyTorch, keras=InKeras), sequences(None, FEATURES)
