"""A ConvLSTM by hand in PyTorch: what is wrong in its step, or its loop, is named."""

from functools import partial

import keras
import numpy as np
import pytest
import torch

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import Input
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

FEATURES, SIZE = 2, 3
SHAPE = (4, 5, 6)  # time, height and width
X = np.random.default_rng(0).normal(0, 1, (2, *SHAPE, FEATURES)).astype("float32")


class OneConvolution(torch.nn.Module):
    """A convolution of x and h side by side."""

    def __init__(self, join, cell):
        super().__init__()
        self.gates = torch.nn.Conv2d(FEATURES + SIZE, 4 * SIZE, 3, padding=1)
        self.join, self.cell = join, cell

    def forward(self, x, states):
        h, c = states
        gates = self.gates(torch.cat(self.join(x, h), 1))
        return self.cell(*gates.chunk(4, 1), c)


class TwoConvolutions(torch.nn.Module):
    """A convolution of x and one of h."""

    def __init__(self, join, cell):
        super().__init__()
        self.x2h = torch.nn.Conv2d(FEATURES, 4 * SIZE, 3, padding=1)
        self.h2h = torch.nn.Conv2d(SIZE, 4 * SIZE, 3, padding=1, bias=False)
        self.cell = cell

    def forward(self, x, states):
        h, c = states
        return self.cell(*(self.x2h(x) + self.h2h(h)).chunk(4, 1), c)


class InPyTorch(torch.nn.Module):
    """A cell over the steps that `of` takes, and a head on what `end` takes."""

    def __init__(self, writing, cell, join, of, end):
        super().__init__()
        self.cell, self.head = writing(join, cell), torch.nn.Linear(SIZE, 2)
        self.of, self.end = of, end

    def forward(self, x):
        x = x.movedim(-1, 2)
        zeros = x.new_zeros(len(x), SIZE, *x.shape[3:])
        h, c, outputs = zeros, zeros, []
        for step in self.of(x).unbind(1):
            h, c = self.cell(step, (h, c))
            outputs.append(h)
        return self.head(self.end(outputs, c).amax((2, 3)))


def in_keras(activation="sigmoid"):
    x = keras.Input((*SHAPE, FEATURES))
    layer = keras.layers.ConvLSTM2D(
        SIZE, 3, padding="same", recurrent_activation=activation, name="cell"
    )
    h = keras.layers.GlobalMaxPooling2D()(layer(x))
    return keras.Model(x, keras.layers.Dense(2, name="head")(h))


def right(i, f, o, g, c):
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def other_order(i, f, o, g, c):
    return right(f, i, o, g, c)


def relu_on_g(i, f, o, g, c):
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.relu(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def no_tanh_on_c(i, f, o, g, c):
    _, c = right(i, f, o, g, c)
    return torch.sigmoid(o) * c, c


def more_forget_bias(i, f, o, g, c):
    return right(i, f + 1, o, g, c)


def x_first(x, h):
    return [x, h]


def h_first(x, h):
    return [h, x]


def last(outputs, c):
    return outputs[-1]


def cell_state(outputs, c):
    return c


def mean(outputs, c):
    return torch.stack(outputs).mean(0)


def twins(
    writing,
    cell=right,
    join=x_first,
    of=torch.clone,
    end=last,
    activation="sigmoid",
):
    """Twins that are matched and have random weights, alike on both sides."""
    make = partial(InPyTorch, writing, cell, join, of, end)
    inputs = [Input("x", (None, *SHAPE, FEATURES))]
    keras_model = partial(in_keras, activation)
    built = Twins(dict(torch=make, keras=keras_model), inputs, ["y"])
    built.match((X,))
    built.load("to_keras", partial(fresh_weights, seed=[3]))
    return built


WRITINGS = pytest.mark.parametrize("writing", [OneConvolution, TwoConvolutions])


@WRITINGS
def test_either_writing_is_the_same_as_the_layer_of_keras(writing):
    built = twins(writing)
    stages, refusals = built.run(X)

    assert not refusals
    assert built.judge(stages, (X,)).verdict == "same"


@WRITINGS
@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"cell": other_order}, "the gates are taken in the order f, i, o, g"),
        ({"cell": relu_on_g}, "relu is in the place of the tanh on the candidate"),
        ({"cell": no_tanh_on_c}, "the tanh on the cell state is left out"),
        ({"cell": more_forget_bias}, "one is added to what the forget gate"),
        ({"activation": "hard_sigmoid"}, "the gates use a hard sigmoid"),
        ({"of": lambda x: x.flip(1)}, "takes every step, last first"),
        ({"of": lambda x: x[:, :-1]}, "the last step is left out"),
        ({"of": lambda x: x[:, 2:]}, "the first 2 steps are left out"),
        ({"end": cell_state}, "the final cell state"),
        ({"end": mean}, "the mean of all steps"),
    ],
)
def test_a_mistake_is_named_and_placed(writing, edit, sentence):
    found = diagnose(twins(writing, **edit), (X,))

    assert found.explained, found
    assert sentence in found.sentence
    assert "cell" in found.layer


def test_h_before_x_is_named():
    found = diagnose(twins(OneConvolution, join=h_first), (X,))

    assert found.explained, found
    assert "cat([h, x])" in found.sentence


class Bare(torch.nn.Module):
    """The convolution is the model's own: there is no module for the step."""

    def __init__(self, cell):
        super().__init__()
        self.gates = torch.nn.Conv2d(FEATURES + SIZE, 4 * SIZE, 3, padding=1)
        self.head = torch.nn.Linear(SIZE, 2)
        self.cell = cell

    def forward(self, x):
        x = x.movedim(-1, 2)
        h = c = x.new_zeros(len(x), SIZE, *x.shape[3:])
        for step in x.unbind(1):
            gates = self.gates(torch.cat([step, h], 1))
            h, c = self.cell(*gates.chunk(4, 1), c)
        return self.head(h.amax((2, 3)))


def sine_for_a_gate(i, f, o, g, c):
    """What nobody writes."""
    c = torch.sin(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def bare_twins(cell):
    inputs = [Input("x", (None, *SHAPE, FEATURES))]
    built = Twins(dict(torch=partial(Bare, cell), keras=in_keras), inputs, ["y"])
    built.match((X,))
    built.load("to_keras", partial(fresh_weights, seed=[3]))
    return built


def test_a_step_without_a_module_is_looked_into():
    found = diagnose(bare_twins(no_tanh_on_c), (X,))

    assert found.explained, found
    assert "the tanh on the cell state is left out" in found.sentence


def test_what_cannot_be_looked_into_is_the_place():
    found = diagnose(bare_twins(sine_for_a_gate), (X,))

    assert not found.explained
    assert found.layer == "gates"
