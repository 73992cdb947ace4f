"""An LSTM reads a sequence, another writes one and looks back at the first."""

import keras
import torch
from keras import layers
from torch import nn


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(4, 6, batch_first=True)
        self.decoder = nn.LSTM(3, 6, batch_first=True)
        self.combine = nn.Linear(12, 5)
        self.out = nn.Linear(5, 2)

    def forward(self, source, target):
        read, (h, c) = self.encoder(source)
        written, _ = self.decoder(target, (h, c))
        scores = torch.bmm(written, read.transpose(1, 2))
        weights = torch.softmax(scores, dim=2)
        context = torch.bmm(weights, read)
        both = torch.cat([context, written], dim=-1)
        return self.out(torch.tanh(self.combine(both)))


def in_torch():
    return InPyTorch()


def in_keras():
    source, target = keras.Input((7, 4)), keras.Input((5, 3))
    encoder = layers.LSTM(6, return_sequences=True, return_state=True, name="encoder")
    read, h, c = encoder(source)
    decoder = layers.LSTM(6, return_sequences=True, name="decoder")
    written = decoder(target, initial_state=[h, c])
    scores = layers.Dot(axes=(2, 2))([written, read])
    weights = layers.Softmax(axis=2)(scores)
    context = layers.Dot(axes=(2, 1))([weights, read])
    both = layers.Concatenate()([context, written])
    combined = layers.Dense(5, activation="tanh", name="combine")(both)
    return keras.Model([source, target], layers.Dense(2, name="out")(combined))


def inputs(rng):
    source = rng.normal(0, 1, (4, 7, 4)).astype("float32")
    target = rng.normal(0, 1, (4, 5, 3)).astype("float32")
    return [source, target]
