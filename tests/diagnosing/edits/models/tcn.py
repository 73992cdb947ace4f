"""A causal network over time: dilated convolutions in a loop, each with a shortcut."""

import keras
import torch
from torch import nn
from torch.nn import functional as F

DILATIONS = 1, 2, 4


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.inlet = nn.Conv1d(5, 6, 1)
        self.convs = nn.ModuleList(nn.Conv1d(6, 6, 3, dilation=d) for d in DILATIONS)
        self.norm = nn.LayerNorm(6, eps=1e-3)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        x = self.inlet(x.transpose(1, 2))
        for conv, dilation in zip(self.convs, DILATIONS, strict=True):
            y = F.pad(x, (2 * dilation, 0))
            y = F.leaky_relu(conv(y), 0.2)
            x = x + y
        x = self.norm(x.transpose(1, 2))
        return torch.sigmoid(self.head(x[:, -1]))


def in_torch():
    return InPyTorch()


def in_keras():
    x = inlet = keras.Input((16, 5))
    x = keras.layers.Conv1D(6, 1, name="inlet")(x)
    for number, rate in enumerate((1, 2, 4)):
        name = f"conv{number}"
        conv = keras.layers.Conv1D(
            6, 3, dilation_rate=rate, padding="causal", name=name
        )
        y = conv(x)
        y = keras.layers.LeakyReLU(negative_slope=0.2)(y)
        x = keras.layers.Add()([x, y])
    x = keras.layers.LayerNormalization(epsilon=1e-3, name="norm")(x)
    x = x[:, -1]
    y = keras.layers.Dense(2, activation="sigmoid", name="head")(x)
    return keras.Model(inlet, y)


def inputs(rng):
    return rng.normal(0, 1, (4, 16, 5)).astype("float32")
