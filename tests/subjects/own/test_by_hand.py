"""Recurrent layers that a user wrote, against those of the other framework."""

import keras
import numpy as np
import pytest
import torch
from own_cases import in_pytorch, sequential
from torch import nn

import compare

FEATURES, HIDDEN = 3, 4
X = np.random.default_rng(0).normal(size=(3, 5, FEATURES)).astype(np.float32)


def hard_sigmoid(x):
    return torch.clamp(0.2 * x + 0.5, 0, 1)


def hard_sigmoid_in_keras(x):
    return keras.ops.clip(0.2 * x + 0.5, 0, 1)


def gates(module, x, h):
    return x @ module.weight_ih.T + module.bias_ih + h @ module.weight_hh.T


class Looped(nn.Module):
    """Runs a cell over all steps, and returns the last state."""

    def __init__(self, cell, states):
        super().__init__()
        self.cell, self.states = cell, states

    def forward(self, x):
        states = (x.new_zeros(len(x), HIDDEN),) * self.states
        for step in x.unbind(1):
            states = self.cell(step, *states)
        return states[0]


class LSTMByHand(nn.Module):
    """With one bias, and the gates of Keras 1."""

    def __init__(self):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.randn(4 * HIDDEN, FEATURES))
        self.weight_hh = nn.Parameter(torch.randn(4 * HIDDEN, HIDDEN))
        self.bias_ih = nn.Parameter(torch.randn(4 * HIDDEN))

    def forward(self, x, h, c):
        i, f, g, o = gates(self, x, h).chunk(4, -1)
        c = hard_sigmoid(f) * c + hard_sigmoid(i) * torch.tanh(g)
        return hard_sigmoid(o) * torch.tanh(c), c


class GRUByHand(nn.GRUCell):
    """The reset gate acts before the product; the second bias is not used."""

    def forward(self, x, h):
        r, z, n = (x @ self.weight_ih.T + self.bias_ih).chunk(3, -1)
        of_r, of_z, of_n = self.weight_hh.chunk(3)
        r, z = torch.sigmoid(r + h @ of_r.T), torch.sigmoid(z + h @ of_z.T)
        n = torch.tanh(n + (r * h) @ of_n.T)
        return (z * h + (1 - z) * n,)


class KerasArrays(nn.Module):
    """A simple recurrent layer with arrays as Keras names and shapes them."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(FEATURES, HIDDEN))
        self.recurrent_kernel = nn.Parameter(torch.randn(HIDDEN, HIDDEN))
        self.bias = nn.Parameter(torch.randn(HIDDEN))

    def forward(self, x, h):
        product = x @ self.kernel + h @ self.recurrent_kernel + self.bias
        return (torch.tanh(product),)


def hard_lstm():
    return keras.layers.LSTM(HIDDEN, recurrent_activation=hard_sigmoid_in_keras)


def old_gru():
    return keras.layers.GRU(HIDDEN, reset_after=False)


def simple():
    return keras.layers.SimpleRNN(HIDDEN)


CELLS = {
    "LSTM": (LSTMByHand, 2, hard_lstm),
    "GRU": (lambda: GRUByHand(FEATURES, HIDDEN), 1, old_gru),
    "RNN": (KerasArrays, 1, simple),
}


@pytest.mark.parametrize("transfer", ["to_keras", "to_torch", "random"])
@pytest.mark.parametrize(("cell", "states", "layer"), CELLS.values(), ids=CELLS)
def test_a_cell_by_hand_is_the_twin_of_a_layer(cell, states, layer, transfer):
    in_keras = keras.Sequential([keras.Input((None, FEATURES)), layer()])

    evidence = compare.check(Looped(cell(), states), in_keras, X, transfer)

    assert evidence.verdict == "same"


@pytest.mark.parametrize(("cell", "states", "layer"), CELLS.values(), ids=CELLS)
def test_a_live_transfer_reaches_a_cell_by_hand(cell, states, layer):
    in_keras = keras.Sequential([keras.Input((None, FEATURES)), layer()])
    in_torch = Looped(cell(), states)

    compare.transfer(in_keras, in_torch, names={"cell": in_keras.layers[0].name})

    found = in_torch(torch.tensor(X)).detach().numpy()
    assert np.abs(found - in_keras.predict(X, verbose=0)).max() < 1e-6


def test_the_layer_of_pytorch_has_its_reset_gate_elsewhere():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(FEATURES, HIDDEN, batch_first=True)

        def forward(self, x):
            return self.gru(x)[0][:, -1]

    in_keras = keras.Sequential([keras.Input((None, FEATURES)), old_gru()])

    evidence = compare.check(Model(), in_keras, X, "to_torch")

    assert evidence.verdict == "different"
    assert "reset gate before the product" in evidence.results[0].explanation.faults


def test_a_layer_derived_from_lstm_may_return_no_states():
    class Own(nn.LSTM):
        def forward(self, x):
            return super().forward(x)[0]

    in_torch = nn.Sequential(Own(FEATURES, HIDDEN, batch_first=True))
    layer = keras.layers.LSTM(HIDDEN, return_sequences=True)
    in_keras = keras.Sequential([keras.Input((None, FEATURES)), layer])

    assert compare.check(in_torch, in_keras, X, "to_keras").verdict == "same"


class CellInRawWeights(keras.layers.Layer):
    """A GRU's step as PyTorch's documents write it, in the order r, z, n."""

    def __init__(self, units):
        super().__init__()
        self.units = self.state_size = units

    def build(self, shape):
        wide = 3 * self.units
        self.k = self.add_weight(shape=(shape[-1], wide), name="kernel")
        self.r = self.add_weight(shape=(self.units, wide), name="recurrent_kernel")
        self.b = self.add_weight(shape=(wide,), name="b_ih")
        self.rb = self.add_weight(shape=(wide,), name="b_hh")

    def call(self, x, states):
        (h,) = states
        sigmoid, split = keras.ops.sigmoid, keras.ops.split
        of_x = split(x @ self.k + self.b, 3, -1)
        of_h = split(h @ self.r + self.rb, 3, -1)
        r, z = sigmoid(of_x[0] + of_h[0]), sigmoid(of_x[1] + of_h[1])
        n = keras.ops.tanh(of_x[2] + r * of_h[2])
        h = (1 - z) * n + z * h
        return h, [h]


@pytest.mark.parametrize("is_right", [True, False])
def test_a_cell_by_hand_that_has_its_weights_is_judged_as_it_is(is_right):
    """No rule moves them, and none is needed: it was refused before."""
    gru = nn.GRU(FEATURES, 5, batch_first=True)
    first = in_pytorch(lambda m, x: m.gru(x)[1][-1], gru=gru)
    second = sequential(keras.layers.RNN(CellInRawWeights(5)), shape=(None, FEATURES))
    weights = [
        gru.weight_ih_l0.T,
        gru.weight_hh_l0.T if is_right else gru.weight_hh_l0.T.flip(0),
        gru.bias_ih_l0,
        gru.bias_hh_l0,
    ]
    second.layers[-1].set_weights([array.detach().numpy() for array in weights])
    evidence = compare.check(first, second, X)

    assert evidence.verdict == ("same" if is_right else "different")
    assert "are not PyTorch's weights" not in evidence.explain()
