"""Cells by hand whose arrays are stacked in an order of their own are right twins."""

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

FEATURES, SIZE = 5, 6
X = np.random.default_rng(0).normal(0, 1, (4, 7, FEATURES)).astype("float32")


class Lstm(nn.Module):
    """One matrix for all gates, in some order, of x and h side by side."""

    def __init__(self, gates, h_first):
        super().__init__()
        self.gates, self.h_first = gates, h_first
        self.both = nn.Linear(FEATURES + SIZE, 4 * SIZE)

    def forward(self, x):
        h = c = x.new_zeros(len(x), SIZE)
        for step in x.unbind(1):
            both = torch.cat([h, step] if self.h_first else [step, h], 1)
            sums = dict(zip(self.gates, self.both(both).chunk(4, 1), strict=True))
            i, f, o = (torch.sigmoid(sums[gate]) for gate in "ifo")
            c = f * c + i * torch.tanh(sums["g"])
            h = o * torch.tanh(c)
        return h

    def in_keras(self):
        """Keras's kernel, recurrent kernel and bias, whose gates are i, f, g, o."""
        weight, bias = (p.detach().numpy() for p in self.both.parameters())
        by_gate = dict(zip(self.gates, np.split(weight, 4), strict=True))
        weight = np.concatenate([by_gate[gate] for gate in "ifgo"])
        by_gate = dict(zip(self.gates, np.split(bias, 4), strict=True))
        parts = np.split(weight.T, [SIZE if self.h_first else FEATURES])
        x, h = parts[::-1] if self.h_first else parts
        return [x, h, np.concatenate([by_gate[gate] for gate in "ifgo"])]


class Gru(nn.Module):
    """A matrix of x and one of h, the gates z, r, n as Keras has them."""

    def __init__(self):
        super().__init__()
        self.x2h = nn.Linear(FEATURES, 3 * SIZE)
        self.h2h = nn.Linear(SIZE, 3 * SIZE)

    def forward(self, x):
        h = x.new_zeros(len(x), SIZE)
        for step in x.unbind(1):
            of_x, of_h = self.x2h(step).chunk(3, 1), self.h2h(h).chunk(3, 1)
            z = torch.sigmoid(of_x[0] + of_h[0])
            r = torch.sigmoid(of_x[1] + of_h[1])
            h = z * h + (1 - z) * torch.tanh(of_x[2] + r * of_h[2])
        return h

    def in_keras(self):
        arrays = {name: p.detach().numpy() for name, p in self.named_parameters()}
        biases = [arrays["x2h.bias"], arrays["h2h.bias"]]
        return [arrays["x2h.weight"].T, arrays["h2h.weight"].T, np.stack(biases)]


class Net(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell, self.head = cell, nn.Linear(SIZE, 2)

    def forward(self, x):
        return self.head(self.cell(x))


def checked(cell, layer):
    """The evidence on a cell and its layer, with the weights moved by hand."""
    torch.manual_seed(3)
    model = Net(cell)
    for parameter in model.parameters():
        nn.init.normal_(parameter, 0, 0.4)
    x = keras.Input((7, FEATURES))
    twin = keras.Model(x, keras.layers.Dense(2, name="head")(layer(x)))
    layer.set_weights(cell.in_keras())
    head = model.head
    twin.get_layer("head").set_weights(
        [head.weight.detach().numpy().T, head.bias.detach().numpy()]
    )
    return compare.check(model, twin, X)


@pytest.mark.parametrize(
    ("gates", "h_first"), [("ifog", False), ("ifgo", True), ("fiog", True)]
)
def test_an_lstm_by_hand_may_stack_its_gates_as_it_likes(gates, h_first):
    """Random weights would be moved by the rule for i, f, g, o, x before h."""
    evidence = checked(Lstm(gates, h_first), keras.layers.LSTM(SIZE, name="cell"))

    assert evidence.verdict == "same"
    assert any("in another order" in note for note in evidence.notes)


def test_a_gru_by_hand_may_stack_its_gates_as_keras_does():
    evidence = checked(Gru(), keras.layers.GRU(SIZE, name="cell"))

    assert evidence.verdict == "same"
    assert any("in another order" in note for note in evidence.notes)


def test_the_usual_order_is_compared_with_random_weights_too():
    evidence = checked(Lstm("ifgo", False), keras.layers.LSTM(SIZE, name="cell"))

    assert evidence.verdict == "same"
    assert {result.direction for result in evidence.results} == {"as is", "random"}


def test_other_weights_in_another_order_are_no_right_twin():
    """The order is right, and a number is not."""

    class Wrong(Lstm):
        def in_keras(self):
            kernel, recurrent, bias = super().in_keras()
            recurrent = recurrent.copy()
            recurrent[0, 0] += 0.5
            return [kernel, recurrent, bias]

    evidence = checked(Wrong("ifog", False), keras.layers.LSTM(SIZE, name="cell"))

    assert evidence.verdict == "different"


class Itself(nn.Module):
    """A model whose own layers are the gates; no rule moves their weights."""

    def __init__(self):
        super().__init__()
        self.x2h = nn.Linear(FEATURES, 4 * SIZE)
        self.h2h = nn.Linear(SIZE, 4 * SIZE)
        self.head = nn.Linear(SIZE, 2)

    def forward(self, x):
        h = c = x.new_zeros(len(x), SIZE)
        for step in x.unbind(1):
            i, f, g, o = (self.x2h(step) + self.h2h(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return self.head(h)


@pytest.mark.parametrize(("off", "verdict"), [(0, "same"), (1e-5, "different")])
def test_a_bias_that_is_a_rounded_sum_counts_as_the_sum(off, verdict):
    """Of layers without a twin too; its rounding was a difference of 1e-8."""
    torch.manual_seed(3)
    model = Itself()
    for parameter in model.parameters():
        nn.init.normal_(parameter, 0, 0.4)
    x = keras.Input((7, FEATURES))
    h = keras.layers.LSTM(SIZE, name="lstm")(x)
    twin = keras.Model(x, keras.layers.Dense(2, name="out")(h))
    arrays = {name: p.detach().numpy() for name, p in model.named_parameters()}
    bias = arrays["x2h.bias"] + arrays["h2h.bias"]
    bias[0] += off
    kernels = [arrays["x2h.weight"].T, arrays["h2h.weight"].T]
    twin.get_layer("lstm").set_weights([*kernels, bias])
    twin.get_layer("out").set_weights([arrays["head.weight"].T, arrays["head.bias"]])
    evidence = compare.check(model, twin, X)

    assert evidence.verdict == verdict
    told = any("rounded to float32" in note for note in evidence.notes)
    assert told == (verdict == "same")
