"""A network over a table: columns of classes are embedded, those of numbers scaled."""

import keras
import torch
from keras import layers
from torch import nn

CLASSES = 6, 6, 4


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(n, 3) for n in CLASSES])
        self.norm = nn.BatchNorm1d(5)
        self.body = nn.Sequential(
            nn.Linear(14, 10),
            nn.ELU(),
            nn.LayerNorm(10),
            nn.Linear(10, 10),
            nn.SiLU(),
        )
        self.head = nn.Linear(10, 1)

    def forward(self, classes, numbers):
        parts = [embed(classes[:, i]) for i, embed in enumerate(self.embeds)]
        numbers = self.norm(torch.log1p(numbers))
        x = torch.cat([*parts, numbers], dim=1)
        x = self.body(x)
        return self.head(x)


def in_torch():
    return InPyTorch()


def in_keras():
    classes = keras.Input((3,), dtype="int64")
    numbers = keras.Input((5,))
    parts = []
    for i, n in enumerate(CLASSES):
        column = classes[:, i]
        parts.append(layers.Embedding(n, 3, name=f"embed{i}")(column))
    scaled = keras.ops.log1p(numbers)
    scaled = layers.BatchNormalization(epsilon=1e-5, name="norm")(scaled)
    x = layers.Concatenate()([*parts, scaled])
    x = layers.Dense(10, name="first")(x)
    x = layers.ELU(alpha=1.0)(x)
    x = layers.LayerNormalization(epsilon=1e-5, name="layer_norm")(x)
    x = layers.Dense(10, name="second")(x)
    x = layers.Activation("silu")(x)
    return keras.Model([classes, numbers], layers.Dense(1, name="head")(x))


def inputs(rng):
    classes = rng.integers(0, 4, (6, 3))
    numbers = rng.gamma(2.0, 1.0, (6, 5)).astype("float32")
    return [classes, numbers]
