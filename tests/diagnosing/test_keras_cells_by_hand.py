"""Recurrent cells by hand in Keras: moved, judged, and explained where they differ."""

from functools import partial

import keras
import keras_cells_by_hand as in_keras
import numpy as np
import pytest
import torch
from keras_cells_by_hand import SIZE
from torch import nn

import compare

FEATURES, TIME = 5, 7
X = np.random.default_rng(0).normal(0, 1, (4, TIME, FEATURES)).astype("float32")


class Layer(nn.Module):
    def __init__(self, cls=nn.LSTM, projection=0):
        super().__init__()
        settings = {"proj_size": projection} if projection else {}
        self.rnn = cls(FEATURES, SIZE, batch_first=True, **settings)
        self.head = nn.Linear(projection or SIZE, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


class Loop(nn.Module):
    """A cell over time."""

    def __init__(self, cell):
        super().__init__()
        self.cell, self.head = cell(), nn.Linear(SIZE, 3)

    def forward(self, x):
        h = c = x.new_zeros(len(x), SIZE)
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
        return self.head(h)


class Peephole(nn.Module):
    """The output gate sees the new cell state, or the old one by mistake."""

    def __init__(self, is_old=False):
        super().__init__()
        self.x2h = nn.Linear(FEATURES, 4 * SIZE)
        self.h2h = nn.Linear(SIZE, 4 * SIZE, bias=False)
        for name in ("w_ci", "w_cf", "w_co"):
            setattr(self, name, nn.Parameter(torch.randn(SIZE)))
        self.is_old = is_old

    def forward(self, x, states):
        h, old = states
        i, f, g, o = (self.x2h(x) + self.h2h(h)).chunk(4, 1)
        i, f = torch.sigmoid(i + self.w_ci * old), torch.sigmoid(f + self.w_cf * old)
        c = f * old + i * torch.tanh(g)
        seen = old if self.is_old else c
        return torch.sigmoid(o + self.w_co * seen) * torch.tanh(c), c


class Normed(nn.Module):
    """The cell state is normed before it is shown."""

    def __init__(self, epsilon=1e-3):
        super().__init__()
        self.x2h = nn.Linear(FEATURES, 4 * SIZE)
        self.h2h = nn.Linear(SIZE, 4 * SIZE, bias=False)
        self.norm = nn.LayerNorm(SIZE, eps=epsilon)

    def forward(self, x, states):
        h, c = states
        i, f, g, o = (self.x2h(x) + self.h2h(h)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(self.norm(c)), c


def twins(make, cell):
    """A model of PyTorch with random weights, and one of Keras without them."""
    torch.manual_seed(3)
    model = make()
    for parameter in model.parameters():
        nn.init.normal_(parameter, 0, 0.4)
    x = keras.Input((TIME, FEATURES))
    h = keras.layers.RNN(cell(), name="rnn")(x)
    return model, keras.Model(x, keras.layers.Dense(3, name="head")(h))


def checked(make, cell):
    """The evidence on two models after a transfer to Keras, and how far they are."""
    model, twin = twins(make, cell)
    compare.transfer(model, twin)
    gap = np.abs(model(torch.tensor(X)).detach().numpy() - twin(X).numpy()).max()
    return compare.check(model, twin, X), gap


@pytest.mark.parametrize(
    ("make", "cell"),
    [
        (Layer, in_keras.OfParameters),
        (Layer, in_keras.OfDenseLayers),
        (Layer, in_keras.OfGates),
        (partial(Layer, nn.GRU), in_keras.GruOfGates),
        (partial(Layer, projection=4), in_keras.Projected),
        (partial(Loop, partial(nn.LSTMCell, FEATURES, SIZE)), in_keras.OfParameters),
        (partial(Loop, partial(nn.LSTMCell, FEATURES, SIZE)), in_keras.OfGates),
        (partial(Loop, Peephole), in_keras.Peephole),
        (partial(Loop, Normed), in_keras.Normed),
    ],
)
def test_a_cell_by_hand_is_moved_and_is_the_same(make, cell):
    evidence, gap = checked(make, cell)

    assert evidence.verdict == "same"
    assert gap < 1e-6


def test_another_epsilon_of_a_norm_inside_a_cell_is_all_that_is_named():
    evidence, _ = checked(partial(Loop, partial(Normed, 1e-5)), in_keras.Normed)
    told = evidence.explain()

    assert evidence.verdict == "different"
    assert "the epsilon below the root is 1e-3, Keras's default, not 1e-5" in told
    assert "and between" not in told


def test_a_peephole_that_sees_the_old_state_is_explained_by_operations():
    evidence, _ = checked(partial(Loop, partial(Peephole, True)), in_keras.Peephole)

    assert evidence.verdict == "different"
    assert "keras_cells_by_hand.py" in evidence.explain().partition("fix")[0]


@pytest.mark.parametrize("cell", [in_keras.OfDenseLayers, in_keras.OfGates])
def test_a_cell_of_dense_layers_gives_pytorch_its_weights(cell):
    """A bias of each gate becomes the first of two, and the second is zero."""
    model, twin = twins(Layer, cell)
    compare.transfer(twin, model)
    gap = np.abs(model(torch.tensor(X)).detach().numpy() - twin(X).numpy()).max()

    assert gap < 1e-6
    assert not model.rnn.bias_hh_l0.any()


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("gates exchanged", "the gates are taken in the order f, i, g, o"),
        ("one added", "one is added to what the forget gate is a function of"),
        ("h before x", "h stands before x"),
        ("no tanh on g", "the tanh on the candidate is left out"),
        ("hard gate", "the gates use a hard sigmoid, x / 6 + 0.5"),
    ],
)
def test_mistakes_in_a_cell_of_dense_layers_are_named(cell, sentence):
    """The fix is one for code of the user's own."""
    evidence, _ = checked(Layer, partial(in_keras.OfGates, cell))
    told = evidence.explain()

    assert evidence.verdict == "different"
    assert f"in rnn of Keras, {sentence}" in told.partition("proof")[0]
    assert "recurrent_activation" not in told.partition("or else")[0]
    assert "required" not in told


def test_a_tanh_on_the_projection_of_a_cell_is_named():
    """The projection is a dense layer in Keras, proj_size in PyTorch."""
    wrong = partial(in_keras.Projected, is_squashed=True)
    evidence, _ = checked(partial(Layer, projection=4), wrong)

    assert evidence.verdict == "different"
    assert "a tanh follows the projection" in evidence.explain().partition("proof")[0]
