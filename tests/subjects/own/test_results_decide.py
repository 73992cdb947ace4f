"""Results decide; what differs inside and is not returned is a note."""

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

VOCABULARY, SIZE, HIDDEN = 9, 3, 4
LENGTHS = np.array([6, 3, 2])
TOKENS = np.random.default_rng(3).integers(1, VOCABULARY, (3, 6)).astype("int32")
TOKENS[np.arange(6) >= LENGTHS[:, None]] = 0


class Tagger(nn.Module):
    """It packs nothing: what it makes of the padding is for `read` to leave out."""

    def __init__(self, read):
        super().__init__()
        self.read = read
        self.words = nn.Embedding(VOCABULARY, SIZE)
        self.lstm = nn.LSTM(SIZE, HIDDEN, batch_first=True)
        self.out = nn.Linear(HIDDEN, 2)

    def forward(self, words):
        steps, _ = self.lstm(self.words(words))
        return self.out(self.read(steps, words))


def last_valid(steps, words):
    return steps[torch.arange(len(steps)), (words != 0).sum(1) - 1]


def mean_of_valid(steps, words):
    valid = (words != 0)[..., None].to(steps.dtype)
    return (steps * valid).sum(1) / valid.sum(1)


def last(steps, words):
    return steps[:, -1]


def masked(mean=False):
    layers = keras.layers
    words = keras.Input((None,), dtype="int32")
    steps = layers.Embedding(VOCABULARY, SIZE, mask_zero=True)(words)
    steps = layers.LSTM(HIDDEN, return_sequences=mean)(steps)
    if mean:
        steps = layers.GlobalAveragePooling1D()(steps)
    return keras.Model(words, layers.Dense(2)(steps))


@pytest.mark.parametrize(("read", "mean"), [(last_valid, False), (mean_of_valid, True)])
def test_states_that_nobody_reads_do_not_count(read, mean):
    evidence = compare.check(Tagger(read), masked(mean), TOKENS, "to_keras")

    assert evidence.verdict == "same"
    notes = [note for note in evidence.notes if "does not reach the results" in note]
    assert len(notes) == 1
    assert "lstm.h" in notes[0]


def test_states_that_are_read_do_count():
    evidence = compare.check(Tagger(last), masked(), TOKENS, "to_keras")

    assert evidence.verdict == "different"


def test_a_difference_that_other_inputs_bring_out_counts():
    """The inner stage differs here; on other values it reaches the results."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner, self.outer = keras.layers.Dense(2), keras.layers.Dense(2)

        def call(self, x):
            return self.outer(keras.ops.minimum(self.inner(x + 1), 2.0))

    class Twin(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.outer = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            return self.outer(torch.clamp_max(self.inner(x), 2.0))

    in_torch, in_keras = Twin(), Model()
    x = np.full((4, 2), 3, np.float32)
    in_keras(x)
    with torch.no_grad():
        in_torch.inner.weight.copy_(torch.eye(2))
        in_torch.inner.bias.zero_()
    compare.transfer(in_torch, in_keras)

    evidence = compare.check(in_torch, in_keras, x)

    assert evidence.results[0].verdict == "different"
    assert "drawn anew" in evidence.results[0].drawn
