"""Pairs of a user's own that learn for a few steps."""

import time

import keras
import numpy as np
from torch import nn

from compare.judging.optimizers import Recipe
from compare.subjects.own import run as own
from compare.subjects.own import training as own_training
from compare.subjects.own.pair import OwnPair
from compare.twins import training

WORDS, SIZE, BATCH, TIME, CLASSES = 9, 3, 24, 5, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(BATCH, TIME, SIZE)).astype(np.float32)
TOKENS = RNG.integers(0, WORDS, (BATCH, TIME))
TARGET = RNG.normal(size=(BATCH, CLASSES)).astype(np.float32)
LABELS = RNG.integers(0, CLASSES, BATCH)


class InPyTorch(nn.Module):
    """A recurrent layer and a head on its last step."""

    def __init__(self, outputs=CLASSES, ending=None):
        super().__init__()
        self.rnn = nn.GRU(SIZE, 6, batch_first=True)
        self.head = nn.Linear(6, outputs)
        self.ending = ending or nn.Identity()

    def forward(self, x):
        return self.ending(self.head(self.rnn(x)[1][-1]))


def in_keras(*last, outputs=CLASSES, **head):
    layers = [keras.Input((None, SIZE)), keras.layers.GRU(6)]
    return keras.Sequential([*layers, keras.layers.Dense(outputs, **head), *last])


def train(of_torch, of_keras, x=X, target=TARGET, loss="mean_squared_error", **recipe):
    """The evidence of a run, by default aligned, of three steps."""
    models = dict(torch=of_torch, keras=of_keras)
    given = dict(loss=loss, loss_given=loss != "mean_squared_error")
    pair = OwnPair("mine", models, (x,), target=target, **given)
    recipe = dict(epochs=3, batch_size=BATCH) | recipe
    with own.settled(pair):
        task = own_training.task(pair)
        return training.train(
            task, Recipe(**recipe), time.perf_counter(), lambda *_: None
        )
