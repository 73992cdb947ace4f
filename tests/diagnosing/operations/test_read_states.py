"""Final states of two directions that one line of PyTorch's joins are told apart."""

import keras
import numpy as np
import torch
from keras import layers
from torch import nn

import compare

X = np.random.default_rng(4).standard_normal((3, 5, 4)).astype("float32")


class Joined(nn.Module):
    """The ends of both directions, of h and of c, made by the same line."""

    def __init__(self, place):
        super().__init__()
        self.rnn = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
        self.head = nn.Linear(6, 2)
        self.place = place

    def forward(self, x):
        _, states = self.rnn(x)
        ends = [torch.cat([state[0], state[1]], 1) for state in states]
        return self.head(ends[self.place])


def joined_in_keras():
    x = keras.Input((5, 4))
    lstm = layers.LSTM(3, return_sequences=True, return_state=True)
    _, h, _, back_h, _ = layers.Bidirectional(lstm, name="rnn")(x)
    ends = layers.Concatenate()([h, back_h])
    return keras.Model(x, layers.Dense(2, name="head")(ends))


def test_cell_states_in_the_place_of_hidden_ones_are_named():
    torch.manual_seed(0)
    model, twin = Joined(1).eval(), joined_in_keras()
    evidence = compare.check(model, twin, X, "to_keras")
    found = [result.explanation for result in evidence.results if result.explanation]

    assert found[-1].explained, found[-1].sentence
    takes, wanted = found[-1].sentence.split(", where ")
    assert takes.count("(state c)") == 2
    assert wanted.count("(state h)") == 2


def test_hidden_states_are_the_same():
    torch.manual_seed(0)

    evidence = compare.check(Joined(0).eval(), joined_in_keras(), X, "to_keras")
    assert evidence.verdict == "same"


class AtLength(nn.Module):
    """What an LSTM makes at the end of each sequence, or so many steps before it."""

    def __init__(self, before):
        super().__init__()
        self.words = nn.Embedding(9, 4, padding_idx=0)
        self.rnn = nn.LSTM(4, 3, batch_first=True)
        self.head = nn.Linear(3, 2)
        self.before = before

    def forward(self, x):
        output, _ = self.rnn(self.words(x))
        last = (x != 0).sum(1) - 1 - self.before
        return self.head(output[torch.arange(len(x)), last])


def at_length_in_keras():
    x = keras.Input((5,), dtype="int32")
    words = layers.Embedding(9, 4, mask_zero=True, name="words")(x)
    return keras.Model(x, layers.Dense(2, name="head")(layers.LSTM(3)(words)))


def test_a_step_that_is_taken_too_early_is_named():
    torch.manual_seed(0)
    tokens = np.array([[3, 4, 5, 0, 0], [6, 7, 8, 1, 0], [2, 5, 3, 4, 6]], "int32")
    twin = at_length_in_keras()
    right = compare.check(AtLength(0).eval(), twin, tokens, "to_keras")
    assert right.verdict == "same"
    evidence = compare.check(AtLength(1).eval(), twin, tokens, "to_keras")
    found = [result.explanation for result in evidence.results if result.explanation]

    assert found[-1].explained, found[-1].sentence
    assert found[-1].sentence == (
        "between rnn and head, PyTorch takes the step before the last valid one, not "
        "the last valid step"
    )


class Packed(nn.Module):
    """Two directions of a packed batch, of which the last valid step is taken."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(9, 4, padding_idx=0)
        self.rnn = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        lengths = (x != 0).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(
            self.words(x), lengths, batch_first=True, enforce_sorted=False
        )
        output, _ = nn.utils.rnn.pad_packed_sequence(
            self.rnn(packed)[0], batch_first=True
        )
        return self.head(output[torch.arange(len(x)), lengths - 1])


def test_a_packed_batch_is_read_at_the_wrong_end_of_a_direction():
    """What a layer makes of a packed batch is not computed again."""
    torch.manual_seed(0)
    x = keras.Input((5,), dtype="int32")
    words = layers.Embedding(9, 4, mask_zero=True, name="words")(x)
    ends = layers.Bidirectional(layers.LSTM(3), name="rnn")(words)
    twin = keras.Model(x, layers.Dense(2, name="head")(ends))
    tokens = np.array([[3, 4, 5, 0, 0], [6, 7, 8, 1, 0], [2, 5, 3, 4, 6]], "int32")
    evidence = compare.check(Packed().eval(), twin, tokens, "to_keras")
    found = [result.explanation for result in evidence.results if result.explanation]

    assert found[-1].explained, found[-1].sentence
    assert "Keras takes the end of each direction" in found[-1].sentence
