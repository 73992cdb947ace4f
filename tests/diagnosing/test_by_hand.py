"""Recurrent layers written by hand: they are moved, and their mistakes are named."""

from functools import partial

import cells_by_hand as by_hand
import keras
import numpy as np
import pytest
import torch
from cells_by_hand import FEATURES, SIZE
from own_models import wrong_weights

from compare.api import transfer
from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import Input
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

TIME = 6
X = np.random.default_rng(1).normal(0, 1, (4, TIME, FEATURES)).astype(np.float32)
WRITINGS = (
    by_hand.Fused,
    by_hand.Separate,
    by_hand.TwoLinear,
    by_hand.OneLinear,
    by_hand.FourLinear,
)


class InPyTorch(torch.nn.Module):
    """A layer by hand, and a head."""

    def __init__(self, make):
        super().__init__()
        self.rnn, self.head = make(), torch.nn.Linear(SIZE, 3)

    def forward(self, x):
        h = self.rnn(x)
        return self.head(h[0] if isinstance(h, tuple) else h)


def in_keras(kind="LSTM", steps=True, **options):
    x = keras.Input((TIME, FEATURES))
    layer = getattr(keras.layers, kind)
    h = layer(SIZE, return_sequences=steps, name="rnn", **options)(x)
    return keras.Model(x, keras.layers.Dense(3, name="head")(h))


def matched(make, in_keras=in_keras):
    """Twins that are matched and have random weights, alike on both sides."""
    inputs = [Input("x", (None, TIME, FEATURES))]
    built = Twins(dict(torch=partial(InPyTorch, make), keras=in_keras), inputs, ["y"])
    built.match((X,))
    built.load("to_keras", partial(fresh_weights, seed=[3]))
    return built


def verdict(twins):
    stages, refusals = twins.run(X)

    assert not refusals
    return twins.judge(stages, (X,)).verdict


@pytest.mark.parametrize("returns", ["steps", "the last state", "steps and states"])
@pytest.mark.parametrize("cls", WRITINGS)
def test_an_lstm_by_hand_is_the_same_as_that_of_keras(cls, returns):
    make = partial(cls, returns=returns)
    twins = matched(make, partial(in_keras, steps=returns != "the last state"))

    assert verdict(twins) == "same"


def test_a_gru_and_a_simple_layer_by_hand_are_the_same_as_those_of_keras():
    assert verdict(matched(by_hand.Gru, partial(in_keras, "GRU", reset_after=False)))
    assert verdict(matched(by_hand.Rnn, partial(in_keras, "SimpleRNN"))) == "same"


@pytest.mark.parametrize("cls", WRITINGS)
def test_the_way_back_is_the_identity(cls):
    """Arrays go to Keras and back; of two biases that are added their sum stays."""
    torch.manual_seed(1)
    model, twin = InPyTorch(cls), in_keras()
    before = {name: array.clone() for name, array in model.named_parameters()}
    transfer(model, twin)
    for array in model.parameters():
        torch.nn.init.zeros_(array)
    transfer(twin, model)

    for name, array in model.named_parameters():
        if not name.startswith(("rnn.x2h.bias", "rnn.h2h.bias")):
            assert torch.equal(before[name], array), name
    if cls is by_hand.TwoLinear:
        total = model.rnn.x2h.bias + model.rnn.h2h.bias
        assert torch.equal(total, before["rnn.x2h.bias"] + before["rnn.h2h.bias"])


LSTM_MISTAKES = {
    "gates exchanged": "the gates are taken in the order f, i, g, o",
    "one added": "one is added to what the forget gate is a function of",
    "no tanh on g": "the tanh on the candidate is left out",
    "no tanh on c": "the tanh on the cell state is left out",
    "old c": "h is made of the cell state before the step",
    "hard gate": "the gates use a hard sigmoid, x / 6 + 0.5",
    "hard gate 0.2": "the gates use a hard sigmoid, 0.2 x + 0.5",
}


@pytest.mark.parametrize("cls", WRITINGS)
@pytest.mark.parametrize("mistake", LSTM_MISTAKES)
def test_a_mistake_is_named_whatever_the_way_of_writing(cls, mistake):
    found = diagnose(matched(partial(cls, mistake)), (X,))

    assert found.explained, found
    assert found.sentence.startswith(f"in rnn of PyTorch, {LSTM_MISTAKES[mistake]}")


@pytest.mark.parametrize(
    ("make", "keras_layer", "sentence"),
    [
        (
            partial(by_hand.Fused, "gates split"),
            in_keras,
            "the gates are taken in the order i, f, o, g; their arrays have i, f, g, o",
        ),
        (
            partial(by_hand.OneLinear, "h before x"),
            in_keras,
            "h stands before x in what the matrix is multiplied with",
        ),
        (
            partial(by_hand.Gru, "after"),
            partial(in_keras, "GRU", reset_after=False),
            "the reset gate acts on the product",
        ),
        (
            partial(by_hand.Gru, "role"),
            partial(in_keras, "GRU", reset_after=False),
            "the update gate has the other role",
        ),
        (
            partial(by_hand.Rnn, "relu"),
            partial(in_keras, "SimpleRNN"),
            "the layer's activation is relu in place of tanh",
        ),
    ],
)
def test_a_mistake_of_one_way_of_writing_or_kind_is_named(make, keras_layer, sentence):
    found = diagnose(matched(make, keras_layer), (X,))

    assert found.explained, found
    assert sentence in found.sentence
    assert found.sentence.startswith("in rnn of PyTorch, ")


def test_a_layer_by_hand_that_does_as_keras_is_not_blamed():
    """Both have a hard sigmoid; the weights of the head differ."""
    options = dict(recurrent_activation="hard_sigmoid")
    make = partial(by_hand.Separate, "hard gate")
    twins = matched(make, partial(in_keras, **options))
    wrong_weights(twins, "head", lambda arrays: arrays | {"bias": 2 * arrays["bias"]})
    found = diagnose(twins, (X,))

    assert found.explained, found
    assert "rnn" not in found.sentence


class StepsInPyTorch(torch.nn.Module):
    """A cell of linear layers, called step by step by the model."""

    def __init__(self, begin=torch.zeros, last=False, of=torch.clone):
        super().__init__()
        self.cell, self.head = by_hand.Step(), torch.nn.Linear(SIZE, 3)
        self.begin, self.last, self.of = begin, last, of

    def forward(self, x):
        h, outputs = self.begin(len(x), SIZE, dtype=x.dtype), []
        for step in self.of(x).unbind(1):
            h = self.cell(step, h)
            outputs.append(h)
        h = torch.stack(outputs, 1)
        return self.head(h[:, -1] if self.last else h.mean(1))


class MeanInKeras(keras.Model):
    def __init__(self, **options):
        super().__init__()
        self.rnn = keras.layers.GRU(SIZE, return_sequences=True, **options)
        self.head = keras.layers.Dense(3)

    def call(self, x):
        return self.head(keras.ops.mean(self.rnn(x), axis=1))


@pytest.mark.parametrize(
    ("in_torch", "options", "sentence"),
    [
        (
            partial(StepsInPyTorch, begin=torch.ones),
            {},
            "cell begins with h = ones in PyTorch, with zeros in Keras",
        ),
        (
            partial(StepsInPyTorch, last=True),
            {},
            "between cell and head, Keras takes the mean of all steps, not the last ",
        ),
        (
            StepsInPyTorch,
            {"recurrent_activation": "hard_sigmoid"},
            "in rnn of Keras, the gates use a hard sigmoid",
        ),
        (
            StepsInPyTorch,
            {"go_backwards": True},
            "in rnn of Keras, the layer reads the sequence backwards, from its end",
        ),
        (
            partial(StepsInPyTorch, of=lambda x: x.flip(1)),
            {},
            "PyTorch has `flip(1)` of the input x (test_by_hand.py",
        ),
    ],
)
def test_a_cell_by_hand_in_a_loop_of_the_model_is_looked_into(
    in_torch, options, sentence
):
    inputs = [Input("x", (None, TIME, FEATURES))]
    in_keras = partial(MeanInKeras, **options)
    twins = Twins(dict(torch=in_torch, keras=in_keras), inputs, ["y"])
    twins.match((X,))
    twins.load("to_keras", partial(fresh_weights, seed=[3]))
    found = diagnose(twins, (X,))

    assert found.explained, found
    assert found.sentence.startswith(sentence)
