"""Parameters and layers that have no part in the results, and others not to count."""

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)


class Emissions(nn.Module):
    """What a tagger returns; `transitions` are for decoding later."""

    def __init__(self, reads=False):
        super().__init__()
        self.reads = reads
        self.head = nn.Linear(3, 2)
        self.transitions = nn.Parameter(torch.rand(2, 2))

    def forward(self, x):
        found = self.head(x)
        return found @ self.transitions if self.reads else found


def in_keras(unused=False):
    x = keras.Input((3,))
    head = keras.layers.Dense(2)

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = head
            self.unused = keras.layers.Dense(5)
            self.unused.build((None, 3))

        def call(self, x):
            return self.head(x)

    if unused:
        model = Model()
        model(X)
        return model
    return keras.Model(x, head(x))


@pytest.mark.parametrize("unused", [False, True])
def test_what_has_no_part_in_the_results_needs_no_twin(unused):
    evidence = compare.check(Emissions(), in_keras(unused), X, "to_keras")

    assert evidence.verdict == "same"
    assert any("transitions of PyTorch's model: no part" in n for n in evidence.notes)
    assert any("unused of Keras's model" in n for n in evidence.notes) == unused


def test_what_is_read_is_not_left_out():
    with pytest.raises(compare.BadInput, match="the model itself"):
        compare.check(Emissions(reads=True), in_keras(), X, "to_keras")


def test_what_the_user_ignores_does_not_count():
    """The verdict still rests on what the models return."""
    evidence = compare.check(
        Emissions(reads=True), in_keras(), X, "to_keras", ignore=["transitions"]
    )

    assert evidence.verdict == "different"
    assert "transitions: no twin was looked for, as you say." in evidence.notes


@pytest.mark.parametrize("ignore", [["nobody"], "transitions", [3]])
def test_ignored_names_that_are_none_are_refused(ignore):
    with pytest.raises(compare.BadInput, match="ignore: expected"):
        compare.check(Emissions(), in_keras(), X, ignore=ignore)


def test_a_recurrent_layer_may_be_ignored():
    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(3, 2, batch_first=True)

        def forward(self, x):
            return self.rnn(x)[0]

    x = np.zeros((2, 4, 3), np.float32)
    twin = keras.Sequential(
        [keras.Input((None, 3)), keras.layers.GRU(2, return_sequences=True)]
    )
    compare.transfer(Recurrent(), twin)
    evidence = compare.check(Recurrent(), twin, x, ignore=["rnn"])

    assert "rnn: no twin was looked for, as you say." in evidence.notes


def test_buffers_without_a_part_in_the_results_are_looked_for_no_twin():
    """A mask, a counter and a frozen parameter that only other methods read."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(3, 2)
            self.register_buffer("causal", torch.ones(4, 4, dtype=torch.bool))
            self.register_buffer("count", torch.tensor(3))
            self.scale = torch.nn.Parameter(torch.ones(2), requires_grad=False)

        def forward(self, x):
            return self.head(x)

    x = np.random.default_rng(2).normal(size=(5, 3)).astype("float32")
    keras_model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    evidence = compare.check(Model(), keras_model, x, "to_torch")

    assert evidence.verdict == "same", evidence.explain()
    assert "no part in what it returns" in evidence.explain()
