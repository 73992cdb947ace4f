"""A classifier of sentences: convolutions of three widths over words, their largest."""

import keras
import torch
from keras import layers
from torch import nn
from torch.nn import functional as F


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(30, 6)
        self.convs = nn.ModuleList([nn.Conv1d(6, 4, width) for width in (2, 3, 4)])
        self.hidden = nn.Linear(12, 8)
        self.out = nn.Linear(8, 3)

    def forward(self, tokens):
        x = self.embed(tokens).transpose(1, 2)
        pooled = [torch.relu(conv(x)).max(dim=2).values for conv in self.convs]
        x = torch.cat(pooled, dim=1)
        x = F.gelu(self.hidden(x))
        return F.softmax(self.out(x), dim=-1)


def in_torch():
    return InPyTorch()


def in_keras():
    tokens = keras.Input((9,), dtype="int64")
    x = layers.Embedding(30, 6, name="embed")(tokens)
    pooled = []
    for width in (2, 3, 4):
        conv = layers.Conv1D(4, width, activation="relu", name=f"conv_{width}")
        pooled.append(layers.GlobalMaxPooling1D()(conv(x)))
    x = layers.concatenate(pooled)
    x = layers.Dense(8, activation="gelu", name="hidden")(x)
    y = layers.Dense(3, activation="softmax", name="out")(x)
    return keras.Model(tokens, y)


def inputs(rng):
    return rng.integers(0, 30, (4, 9))
