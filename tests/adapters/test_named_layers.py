"""Layers under names that Keras or this package use, or under two."""

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, OUTPUTS, SIZE, in_keras, plain

import compare
from compare.in_keras.leaves import leaves

X = np.random.default_rng(0).normal(0, 1, (3, 5, FEATURES)).astype(np.float32)


def named(rnn, head):
    """A recurrent layer and a head under these names."""

    class Named(torch.nn.Module):
        def __init__(self):
            super().__init__()
            setattr(self, rnn, torch.nn.LSTM(FEATURES, SIZE, batch_first=True))
            setattr(self, head, torch.nn.Linear(SIZE, OUTPUTS))

        def forward(self, x):
            return getattr(self, head)(getattr(self, rnn)(x)[0][:, -1])

    return Named()


def built(make):
    model = make()
    model(X)
    return model


@pytest.mark.parametrize(
    "names",
    [("_rnn", "_head"), ("_model", "call"), ("weights", "trainable_variables")],
    ids=" ".join,
)
def test_pytorch_layers_may_have_any_name(names):
    evidence = compare.check(named(*names), built(in_keras(plain)), X, "random")

    assert evidence.verdict == "same", evidence.explain()
    assert f"{names[0]} = rnn" in evidence.explain()


def test_private_layer_is_blamed_by_its_name():
    wrong = in_keras(plain, recurrent_activation="hard_sigmoid")
    evidence = compare.check(named("_rnn", "_head"), built(wrong), X, "to_keras")

    assert evidence.verdict == "different"
    assert "in rnn of Keras, the gates use a hard sigmoid" in evidence.explain()


def test_a_wrapper_counts_once_with_what_it_wraps():
    """Under the name of the wrapper, where the wrapped one is an attribute as well."""

    class Wrapped(keras.Model):
        def __init__(self):
            super().__init__()
            self.cell = keras.layers.GRUCell(SIZE)
            self.rnn = keras.layers.RNN(self.cell, return_sequences=True)
            self.head = keras.layers.Dense(OUTPUTS)
            self.each = keras.layers.TimeDistributed(self.head)

        def call(self, x):
            return self.each(self.rnn(x))

    assert list(leaves(built(Wrapped))) == ["rnn", "each"]


def test_a_keras_model_may_hold_another_as_its_model():
    """The suite's own `_model` is not taken for the user's."""

    class Outer(keras.Model):
        def __init__(self):
            super().__init__()
            self._model = keras.Sequential([keras.layers.Dense(4)])
            self.head = keras.layers.Dense(3)

        def call(self, x):
            return self.head(self._model(x))

    x = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    model = Outer()
    model(x)
    first = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Linear(4, 3))

    assert compare.check(first, model, x, "to_keras").verdict == "same"


def test_lists_of_lists_of_layers_are_looked_into():
    """Blocks of several layers each, one of which wraps another."""
    kl = keras.layers

    class Blocks(keras.Model):
        def __init__(self):
            super().__init__()
            both_ways = kl.Bidirectional(kl.LSTM(SIZE, return_sequences=True))
            self.blocks = [[kl.Dense(4), both_ways], [kl.Dense(SIZE), kl.Dense(3)]]

        def call(self, x):
            for block in self.blocks:
                for layer in block:
                    x = layer(x)
            return x

    assert list(leaves(built(Blocks))) == [
        "blocks.0.0",
        "blocks.0.1",
        "blocks.1.0",
        "blocks.1.1",
    ]
