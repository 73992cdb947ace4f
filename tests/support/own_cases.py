"""Small models of a user's."""

import keras
import numpy as np
import torch

import compare

BATCH, TIME, FEATURES = 4, 6, 4


X = np.random.default_rng(0).normal(size=(BATCH, TIME, FEATURES)).astype(np.float32)


def in_pytorch(forward, **layers):
    """A module with these layers that computes `forward(module, x)`."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name, layer in layers.items():
                setattr(self, name, layer)

        def forward(self, x):
            return forward(self, x)

    return Model()


def sequential(*layers, shape=(None, FEATURES), **options):
    return keras.Sequential([keras.Input(shape, **options), *layers])


def check(first, second, x=X, transfer="to_keras", **options):
    return compare.check(first, second, x, transfer, **options)


def said(evidence):
    return " ".join(evidence.notes)
