"""Batches that PyTorch packs and Keras does not mask: the padding is no stage."""

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, OUTPUTS, SIZE, TIME
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import compare

LENGTHS = np.array([TIME, 4, 2])
X = np.random.default_rng(0).normal(0, 1, (3, TIME, FEATURES)).astype(np.float32)


def in_pytorch():
    """The head reads the last valid step of what was packed."""

    class Packing(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(FEATURES, SIZE, batch_first=True)
            self.head = torch.nn.Linear(SIZE, OUTPUTS)

        def forward(self, x, n):
            packed = pack_padded_sequence(x, n, batch_first=True, enforce_sorted=False)
            h, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
            return self.head(h[torch.arange(len(h)), n - 1])

    return Packing()


def in_keras(step):
    """The head reads one step of a sequence that nothing masks."""

    class Gathering(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.LSTM(SIZE, return_sequences=True)
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x, n):
            at = keras.ops.cast(step(n), "int32")[:, None, None]
            return self.head(keras.ops.take_along_axis(self.rnn(x), at, axis=1)[:, 0])

    model = Gathering()
    model(X, LENGTHS)
    return model


@pytest.mark.parametrize("lengths", [LENGTHS, LENGTHS - 1], ids=["to the end", "short"])
def test_last_valid_step_is_the_same_packed_or_gathered(lengths):
    models = in_pytorch(), in_keras(lambda n: n - 1)
    evidence = compare.check(*models, [X, lengths], "to_keras")

    assert evidence.verdict == "same", evidence.explain()


def test_scores_of_padding_that_weigh_nothing_do_not_count():
    class Packing(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.GRU(FEATURES, SIZE, batch_first=True)
            self.score = torch.nn.Linear(SIZE, 1)

        def forward(self, x, n):
            packed = pack_padded_sequence(x, n, batch_first=True, enforce_sorted=False)
            h, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
            padding = torch.arange(TIME) >= n[:, None]
            scores = self.score(h).masked_fill(padding[..., None], -torch.inf)
            return (scores.softmax(1) * h).sum(1)

    class Weighing(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.GRU(SIZE, return_sequences=True)
            self.score = keras.layers.Dense(1)

        def call(self, x, n):
            h = self.rnn(x)
            valid = keras.ops.arange(TIME, dtype=n.dtype) < n[:, None]
            scores = keras.ops.where(valid[..., None], self.score(h), -1e9)
            return keras.ops.sum(keras.ops.softmax(scores, 1) * h, 1)

    theirs = Weighing()
    theirs(X, LENGTHS)
    evidence = compare.check(Packing(), theirs, [X, LENGTHS], "to_keras")

    assert evidence.verdict == "same", evidence.explain()


def test_padding_in_the_results_is_compared():
    """PyTorch's are zeros behind each sequence, and Keras's are states."""

    class Packing(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.GRU(FEATURES, SIZE, batch_first=True)

        def forward(self, x, n):
            packed = pack_padded_sequence(x, n, batch_first=True, enforce_sorted=False)
            return pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0] * 2

    class Unmasked(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = keras.layers.GRU(SIZE, return_sequences=True)

        def call(self, x, n):
            return self.rnn(x) * 2 + 0 * keras.ops.cast(n[:, None, None], x.dtype)

    theirs = Unmasked()
    theirs(X, LENGTHS)
    evidence = compare.check(Packing(), theirs, {"x": X, "n": LENGTHS}, "to_keras")

    assert evidence.verdict == "different"


def test_step_behind_the_valid_ones_is_different():
    models = in_pytorch(), in_keras(lambda n: 0 * n + TIME - 1)
    evidence = compare.check(*models, [X, LENGTHS], "to_keras")

    assert evidence.verdict == "different"


def test_valid_steps_of_the_layer_are_compared():
    """With gates in another order the layer is where the models begin to differ."""
    ours, theirs = in_pytorch(), in_keras(lambda n: n - 1)
    compare.transfer(ours, theirs)
    kernel, *others = theirs.rnn.get_weights()
    theirs.rnn.set_weights([np.roll(kernel, SIZE, axis=1), *others])
    evidence = compare.check(ours, theirs, [X, LENGTHS])

    assert evidence.verdict == "different"
    assert "starts at rnn" in evidence.explain()
