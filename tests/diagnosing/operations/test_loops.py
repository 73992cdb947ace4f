"""What steps of a loop take and hand on in every pass is told, and proved by a run."""

import keras
import numpy as np
import pytest
import torch
from keras import layers, ops
from torch import nn

import compare

RNG = np.random.default_rng(8)
SERIES = RNG.standard_normal((3, 5, 4)).astype("float32")
SIZE = 3


def sentence(evidence):
    """What is said of a difference that is explained and proved."""
    assert evidence.verdict == "different"
    found = [result.explanation for result in evidence.results if result.explanation]
    assert found[-1].explained, found[-1].sentence
    return found[-1].sentence


class Cell(nn.Module):
    """An LSTM by hand with a peephole of the output gate and a norm of c."""

    def __init__(self, writing=""):
        super().__init__()
        self.writing = writing
        self.of_x = nn.Linear(4, 4 * SIZE)
        self.of_h = nn.Linear(SIZE, 4 * SIZE, bias=False)
        self.peephole = nn.Parameter(torch.zeros(SIZE))
        self.norm = nn.LayerNorm(SIZE, eps=1e-3)
        self.head = nn.Linear(SIZE, 2)

    def forward(self, x):
        h = c = x.new_zeros(len(x), SIZE)
        for step in x.unbind(1):
            i, f, g, o = (self.of_x(step) + self.of_h(h)).chunk(4, 1)
            new = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            shown = c if self.writing == "old c" else new
            normed = self.norm(new)
            out = torch.sigmoid(o + self.peephole * shown) * torch.tanh(normed)
            if self.writing == "norm carried":
                new = normed
            if self.writing.startswith("h kept"):
                out = 0.25 * h + 0.75 * out
            if self.writing.endswith("c kept"):
                new = 0.25 * c + 0.75 * new
            h, c = out, new
        return self.head(h)


class KerasCell(layers.Layer):
    """The same as a cell of Keras."""

    def __init__(self, writing=""):
        super().__init__()
        self.writing = writing
        self.state_size, self.output_size = [SIZE, SIZE], SIZE
        self.of_x = layers.Dense(4 * SIZE)
        self.of_h = layers.Dense(4 * SIZE, use_bias=False)
        self.norm = layers.LayerNormalization()

    def build(self, shape):
        self.of_x.build(shape)
        self.of_h.build((None, SIZE))
        self.norm.build((None, SIZE))
        self.peephole = self.add_weight(shape=(SIZE,), name="peephole")

    def call(self, x, states):
        h, c = states
        i, f, g, o = ops.split(self.of_x(x) + self.of_h(h), 4, axis=-1)
        new = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        shown = c if self.writing == "old c" else new
        normed = self.norm(new)
        out = ops.sigmoid(o + self.peephole * shown) * ops.tanh(normed)
        if self.writing == "norm carried":
            new = normed
        if self.writing.startswith("h kept"):
            out = 0.25 * h + 0.75 * out
        if self.writing.endswith("c kept"):
            new = 0.25 * c + 0.75 * new
        return out, [out, new]


def evidence_of(writing, keras_writing):
    torch.manual_seed(3)
    model = Cell(writing).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    cell, head = KerasCell(keras_writing), layers.Dense(2)
    twin = keras.Sequential([keras.Input((5, 4)), layers.RNN(cell), head])
    for name in ("of_x", "of_h", "norm"):
        arrays = [p.detach().numpy().T for p in getattr(model, name).parameters()]
        getattr(cell, name).set_weights(arrays)
    cell.peephole.assign(model.peephole.detach().numpy())
    head.set_weights([p.detach().numpy().T for p in model.head.parameters()])
    return compare.check(model, twin, SERIES)


TOLD = {
    ("old c", ""): ("in the pass before", "in the same pass"),
    ("", "old c"): ("in the same pass", "in the pass before"),
    ("norm carried", ""): ("`norm`", "in the pass before"),
    ("", "norm carried"): ("layer_normalization", "in the pass before"),
    ("h kept", ""): ("PyTorch has zoneout", "0.25 of `out` of the pass before"),
    ("", "c kept"): ("Keras has zoneout", "0.25 of `new` of the pass before"),
    ("", "h kept and c kept"): ("Keras has zoneout", "`out`", "`new`"),
}


@pytest.mark.parametrize("writings", TOLD)
def test_what_a_loop_takes_in_every_pass_is_told(writings):
    found = sentence(evidence_of(*writings))
    for words in TOLD[writings]:
        assert words in found, found


@pytest.mark.parametrize("writing", ["", "old c", "norm carried", "h kept and c kept"])
def test_the_same_in_both_is_the_same(writing):
    assert evidence_of(writing, writing).verdict == "same"


class Stepping(nn.Module):
    """A cell whose state is that of the pass before, or always the first one."""

    def __init__(self, is_carried=True):
        super().__init__()
        self.is_carried = is_carried
        self.begin = nn.Linear(4, SIZE)
        self.cell = nn.GRUCell(4, SIZE)

    def forward(self, x):
        h = first = torch.tanh(self.begin(x[:, 0]))
        outputs = []
        for step in x.unbind(1):
            h = self.cell(step, h if self.is_carried else first)
            outputs.append(h)
        return torch.stack(outputs, 1)


class KerasStepping(keras.Model):
    """The same in Keras."""

    def __init__(self, is_carried=True):
        super().__init__()
        self.is_carried = is_carried
        self.begin = layers.Dense(SIZE)
        self.cell = layers.GRUCell(SIZE)

    def call(self, x):
        h = first = ops.tanh(self.begin(x[:, 0]))
        outputs = []
        for step in range(x.shape[1]):
            h, _ = self.cell(x[:, step], [h if self.is_carried else first])
            outputs.append(h)
        return ops.stack(outputs, 1)


def turned(array):
    """Gates r, z, n of PyTorch as z, r, n of Keras."""
    r, z, n = np.split(array, 3)
    return np.concatenate([z, r, n])


@pytest.mark.parametrize("side", ["torch", "keras"])
def test_a_state_that_is_not_carried_on_is_told(side):
    torch.manual_seed(3)
    model = Stepping(side != "torch").eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    twin = KerasStepping(side != "keras")
    twin(SERIES)
    twin.begin.set_weights([p.detach().numpy().T for p in model.begin.parameters()])
    w, u, b, d = (turned(p.detach().numpy()) for p in model.cell.parameters())
    twin.cell.set_weights([w.T, u.T, np.stack([b, d])])
    found = compare.check(model, twin, SERIES)
    assert "cell" in sentence(found)
