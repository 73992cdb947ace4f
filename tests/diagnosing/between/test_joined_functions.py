"""Arrays side by side of which one goes through a function, and results exchanged."""

import keras
import numpy as np
import pytest
import torch

import compare
from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import Input
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

X = np.random.default_rng(8).normal(0, 1, (6, 5, 4)).astype(np.float32)
Y = np.random.default_rng(9).normal(0, 1, (6, 3)).astype(np.float32)


class InTorch(torch.nn.Module):
    """A series and what does not change with time, joined."""

    def __init__(self, function=torch.relu):
        super().__init__()
        self.rnn = torch.nn.LSTM(4, 5, batch_first=True)
        self.side = torch.nn.Linear(3, 6)
        self.head = torch.nn.Linear(11, 2)
        self.function = function

    def forward(self, x, y):
        side = self.function(self.side(y))
        return self.head(torch.cat([self.rnn(x)[0][:, -1], side], -1))


class InKeras(keras.Model):
    def __init__(self, activation, is_first=True):
        super().__init__()
        self.rnn = keras.layers.LSTM(5)
        self.side = keras.layers.Dense(6, activation=activation)
        self.head = keras.layers.Dense(2)
        self.is_first = is_first

    def call(self, x, y):
        parts = [self.rnn(x), self.side(y)]
        if not self.is_first:
            parts.reverse()
        return self.head(keras.ops.concatenate(parts, axis=-1))


CASES = {
    "missing": (None, True, "between side and head, Keras lacks a relu"),
    "another": (
        "tanh",
        True,
        "between side and head, Keras has a tanh, not a relu",
    ),
    "in another order": (
        "relu",
        False,
        "between rnn and head, PyTorch joins the last step of rnn and a relu of side, "
        "Keras a relu of side and the last step of rnn",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_function_of_a_part_is_told(case):
    activation, is_first, sentence = CASES[case]
    inputs = [Input("x", (None, None, 4)), Input("y", (None, 3))]
    makers = dict(torch=InTorch, keras=lambda: InKeras(activation, is_first))
    made = Twins(makers, inputs, ["result"])
    made.load("to_keras", lambda shapes: fresh_weights(shapes, seed=[2]))
    found = diagnose(made, (X, Y))

    assert found.explained, found
    assert found.sentence == sentence


class Heads(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.mean, self.scale = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)

    def forward(self, y):
        return self.mean(y), self.scale(y)


def test_heads_that_have_each_others_weights_by_order_are_results_in_another_order():
    """Trained weights as they are, under names that tell nothing."""
    y = keras.Input((3,))
    scale, mean = keras.layers.Dense(2)(y), keras.layers.Dense(2)(y)
    model, heads = keras.Model(y, [scale, mean]), Heads()
    for number, linear in ((1, heads.scale), (2, heads.mean)):
        weight, bias = (p.detach().numpy() for p in linear.parameters())
        model.layers[number].set_weights([weight.T, bias])
    evidence = compare.check(heads, model, Y)

    assert evidence.verdict == "different"
    explanation = next(r.explanation for r in evidence.results if r.explanation)
    assert explanation.explained
    assert explanation.faults == ("results in another order",)
