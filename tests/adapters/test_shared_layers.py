"""Layers that one model calls several times, as a siamese model does its encoder."""

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, OUTPUTS, SIZE, in_keras, in_pytorch, last

import compare

A, B = np.random.default_rng(0).normal(0, 1, (2, 3, 5, FEATURES)).astype(np.float32)


def siamese(apart):
    """Two inputs, one encoder; `apart` makes one of the two hidden states."""

    class Siamese(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = torch.nn.LSTM(FEATURES, SIZE, batch_first=True)
            self.head = torch.nn.Linear(SIZE, OUTPUTS)

        def forward(self, a, b):
            (h, _), (g, _) = self.encoder(a)[1], self.encoder(b)[1]
            return self.head(apart(h[-1] - g[-1]))

    return Siamese()


def siamese_in_keras():
    a, b = (keras.Input((None, FEATURES)) for _ in range(2))
    encoder = keras.layers.LSTM(SIZE)
    apart = keras.ops.abs(keras.layers.Subtract()([encoder(a), encoder(b)]))
    return keras.Model([a, b], keras.layers.Dense(OUTPUTS)(apart))


def test_siamese_models_are_the_same():
    """The states of the first call are not held against those of the last."""
    models = siamese(torch.abs), siamese_in_keras()
    evidence = compare.check(*models, [A, B], "to_keras")

    assert evidence.verdict == "same", evidence.explain()


def test_siamese_models_that_differ_do_not_do_so_in_the_encoder():
    models = siamese(torch.square), siamese_in_keras()
    evidence = compare.check(*models, [A, B], "to_keras")

    assert evidence.verdict == "different"
    assert "starts at output" in evidence.explain()


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_a_layer_may_run_twice_in_keras_alone(kind):
    def twice(model, x):
        return model.head(model.rnn(x) + 0 * model.rnn(2 * x))

    model = in_keras(twice, kind)()
    model(A)
    torch_kind = kind.removeprefix("Simple")
    evidence = compare.check(in_pytorch(last, torch_kind)(), model, A, "to_keras")

    assert evidence.verdict == "same", evidence.explain()
