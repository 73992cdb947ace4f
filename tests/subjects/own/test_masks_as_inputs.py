"""Models that take a mask as an input of theirs."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

RNG = np.random.default_rng(0)
IDS = RNG.integers(1, 20, (3, 6))
MASK = RNG.integers(0, 2, (3, 6))


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.word = nn.Embedding(20, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, ids, mask):
        return self.head(self.word(ids)) * mask[..., None].to(torch.float32)


class MaskedInKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.word = keras.layers.Embedding(20, 5)
        self.head = keras.layers.Dense(3)
        self(IDS, MASK)

    def call(self, ids, mask):
        return self.head(self.word(ids)) * keras.ops.cast(mask, "float32")[..., None]


class MaskedIfGiven(MaskedInKeras):
    """Its mask may be left out, as in Keras's own layers."""

    def call(self, ids, mask=None):
        words = self.head(self.word(ids))
        if mask is None:
            return words
        return words * keras.ops.expand_dims(keras.ops.cast(mask, words.dtype), -1)


class MaskedInAList(MaskedInKeras):
    """It takes one list of both, and a mask of Keras's own beside it."""

    def __init__(self):
        keras.Model.__init__(self)
        self.word = keras.layers.Embedding(20, 5)
        self.head = keras.layers.Dense(3)
        self([IDS, MASK])

    def call(self, inputs, mask=None):
        ids, zeros = inputs
        words = self.head(self.word(ids))
        return words * keras.ops.expand_dims(keras.ops.cast(zeros, words.dtype), -1)


def functional() -> keras.Model:
    ids, mask = keras.Input((6,), dtype="int32"), keras.Input((6,), dtype="int32")
    word, head = keras.layers.Embedding(20, 5), keras.layers.Dense(3)
    kept = keras.ops.cast(mask, "float32")[..., None]
    return keras.Model([ids, mask], head(word(ids)) * kept)


@pytest.mark.parametrize(
    ("in_keras", "verdict"),
    [
        (functional, "same"),
        (MaskedInKeras, "same in float32"),
        (MaskedIfGiven, "same"),
        (MaskedInAList, "same"),
    ],
)
def test_an_argument_called_mask_is_an_input(in_keras, verdict):
    evidence = compare.check(Masked(), in_keras(), [IDS, MASK], "to_keras")

    assert evidence.verdict == verdict
