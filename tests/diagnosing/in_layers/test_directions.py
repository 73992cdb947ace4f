"""Which side reads a sequence from its end, and what to change there."""

import keras
import numpy as np
import pytest
import torch
from keras import layers
from torch import nn

import compare

FEATURES, SIZE = 4, 6
X = np.random.default_rng(3).normal(size=(3, 5, FEATURES)).astype("float32")


class Loop(nn.Module):
    """A cell that is given the steps from the last to the first."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(FEATURES, SIZE)
        self.head = nn.Linear(SIZE, 2)

    def forward(self, x):
        h = torch.zeros(len(x), SIZE, dtype=x.dtype)
        for step in reversed(range(x.shape[1])):
            h = self.cell(x[:, step], h)
        return self.head(h)


class Layer(nn.Module):
    """A layer that is given the steps as they are, or flipped."""

    def __init__(self, flips):
        super().__init__()
        self.rnn = nn.GRU(FEATURES, SIZE, batch_first=True)
        self.head = nn.Linear(SIZE, 2)
        self.flips = flips

    def forward(self, x):
        return self.head(self.rnn(x.flip(1) if self.flips else x)[0][:, -1])


def in_keras(flips=False, backwards=False):
    x = keras.Input((None, FEATURES))
    steps = keras.ops.flip(x, axis=1) if flips else x
    states = layers.GRU(SIZE, go_backwards=backwards, name="gru")(steps)
    return keras.Model(x, layers.Dense(2)(states))


def check(torch_model, keras_model):
    return compare.check(torch_model, keras_model, X, "to_keras")


def seeded():
    torch.manual_seed(5)
    keras.utils.set_random_seed(5)


FLIPS = {  # the side that turns the steps round, and what to change there
    "PyTorch loops from the end": (
        Loop,
        in_keras,
        "in cell of PyTorch, the layer reads the sequence backwards, from its end",
        "cell of PyTorch: go through the steps from the first to the last",
    ),
    "PyTorch flips": (
        lambda: Layer(flips=True),
        in_keras,
        "in rnn of PyTorch, the layer reads the sequence backwards, from its end",
        "rnn of PyTorch: do not flip the input along time",
    ),
    "Keras flips": (
        lambda: Layer(flips=False),
        lambda: in_keras(flips=True),
        "in gru of Keras, the layer reads the sequence backwards, from its end",
        "gru of Keras: do not flip the input along time",
    ),
}


@pytest.mark.parametrize(
    ("make_torch", "make_keras", "sentence", "fix"), FLIPS.values(), ids=FLIPS
)
def test_the_side_that_turns_the_steps_round_is_the_one_that_is_told(
    make_torch, make_keras, sentence, fix
):
    seeded()
    explanation = check(make_torch(), make_keras()).explain()

    assert f"because   {sentence}\n" in str(explanation)
    assert f"fix       {fix}" in str(explanation)
    assert "go_backwards=False" not in str(explanation)


@pytest.mark.parametrize("make_torch", [Loop, lambda: Layer(flips=True)])
def test_reading_backwards_in_keras_too_makes_the_models_the_same(make_torch):
    """The other fix, which is printed for Keras."""
    seeded()
    assert check(make_torch(), in_keras(backwards=True)).verdict == "same"


class TwoWays(nn.Module):
    """Two layers of one size, one for each direction, whose steps are joined."""

    def __init__(self, flips):
        super().__init__()
        self.ahead = nn.GRU(FEATURES, SIZE, batch_first=True)
        self.back = nn.GRU(FEATURES, SIZE, batch_first=True)
        self.head = nn.Linear(2 * SIZE, 2)
        self.flips = flips

    def forward(self, x):
        back = self.back(x.flip(1) if self.flips else x)[0].flip(1)
        return self.head(torch.cat([self.ahead(x)[0], back], -1))


def two_ways_in_keras(backwards):
    x = keras.Input((None, FEATURES))
    ahead = layers.GRU(SIZE, return_sequences=True, name="first")(x)
    back = layers.GRU(
        SIZE, return_sequences=True, go_backwards=backwards, name="second"
    )(x)
    joined = layers.Concatenate()([ahead, keras.ops.flip(back, axis=1)])
    return keras.Model(x, layers.Dense(2)(joined))


@pytest.mark.parametrize(
    ("torch_flips", "backwards", "sentence"),
    [
        (True, False, "in back of PyTorch, the layer reads the sequence backwards"),
        (False, True, "in second of Keras, the layer reads the sequence backwards"),
    ],
)
def test_one_direction_that_is_not_reversed_pairs_no_layers_crosswise(
    torch_flips, backwards, sentence
):
    seeded()
    evidence = check(TwoWays(torch_flips), two_ways_in_keras(backwards))

    explanation = str(evidence.explain())
    assert f"because   {sentence}, from its end\n" in explanation
    assert "joins" not in explanation


def test_layers_that_return_states_are_paired_so_that_the_models_are_the_same():
    """States are stages too, and go with the layer that is exchanged."""
    seeded()
    assert check(TwoWays(flips=False), two_ways_in_keras(False)).verdict == "same"
