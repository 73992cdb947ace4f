"""Models that are out of the ordinary."""

import keras
import numpy as np
from torch import nn

SAME, DIFFERENT = "same", "different"


X = np.random.default_rng(0).normal(0, 2, (5, 4)).astype(np.float32)


def in_pytorch(behind=lambda y: y):
    """A dense layer, and what is made of it."""

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.dense = nn.Linear(4, 3)

        def forward(self, x):
            return behind(self.dense(x))

    return InPyTorch()


def in_keras(behind=lambda y: y):
    """The same, subclassed."""

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, x):
            return behind(self.dense(x))

    model = InKeras()
    model.dense.build((None, 4))
    model.built = True
    return model


def sequential(*behind, dtype=None):
    layers = [keras.Input((4,)), keras.layers.Dense(3, dtype=dtype), *behind]
    return keras.Sequential(layers)
