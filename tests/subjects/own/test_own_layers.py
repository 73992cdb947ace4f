"""Layers that a user wrote in both frameworks, with arrays of their own."""

import keras
import numpy as np
import pytest
import torch

import compare
from compare.subjects.own import run as own
from compare.subjects.own.pair import OwnPair

FEATURES, HIDDEN = 5, 8
X = np.random.default_rng(0).normal(size=(4, 6, FEATURES)).astype(np.float32)
NAMES = ("kernel", "bias", "context")


def shape(name):
    return (HIDDEN, HIDDEN) if name == NAMES[0] else (HIDDEN,)


def in_pytorch(names=NAMES):
    """The last layer of an LSTM attends to its steps; the arrays have these names."""

    class Attention(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name, right in zip(names, NAMES, strict=True):
                array = torch.nn.Parameter(torch.randn(shape(right)))
                setattr(self, name, array)

        def forward(self, steps):
            kernel, bias, context = (getattr(self, name) for name in names)
            scores = torch.tanh(steps @ kernel + bias) @ context
            return (torch.softmax(scores, 1)[..., None] * steps).sum(1)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(FEATURES, HIDDEN, batch_first=True)
            self.attention = Attention()
            self.head = torch.nn.Linear(HIDDEN, 3)

        def forward(self, x):
            return self.head(self.attention(self.lstm(x)[0]))

    return Model()


def in_keras(between="tanh", side=HIDDEN):
    ops = keras.ops

    class Attention(keras.Layer):
        def build(self, _):
            for name in NAMES:
                size = [min(side, n) for n in shape(name)]
                array = self.add_weight(shape=size, initializer="normal")
                setattr(self, name, array)

        def call(self, steps):
            scores = getattr(ops, between)(steps @ self.kernel + self.bias)
            scores = ops.softmax(ops.sum(scores * self.context, -1), 1)
            return ops.sum(scores[..., None] * steps, 1)

    x = keras.Input((None, FEATURES))
    made = Attention()(keras.layers.LSTM(side, return_sequences=True)(x))
    return keras.Model(x, keras.layers.Dense(3)(made))


@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
def test_arrays_of_the_same_names_are_twins(direction):
    evidence = compare.check(in_pytorch(), in_keras(), X, direction)

    assert evidence.verdict == "same"
    assert "attention = attention" in evidence.explain()


def test_their_gradients_are_compared():
    models = {"torch": in_pytorch(), "keras": in_keras()}
    pair = OwnPair("pair", models, (X,), transfer="to_keras")
    found = [result for result in own.run(pair, gradients=True).results if result.loss]
    stages = {stage.stage for stage in found[0].stages}

    assert {result.verdict for result in found} == {"same"}
    assert stages >= {f"attention.{name}" for name in NAMES}


def test_a_transfer_takes_them_along():
    first, second = in_pytorch(), in_keras()
    compare.transfer(first, second)

    assert compare.check(first, second, X).verdict == "same"


def test_what_one_computes_otherwise_is_named_where_it_differs():
    evidence = compare.check(in_pytorch(), in_keras("relu"), X, "to_keras")
    explanation = evidence.results[0].explanation

    assert evidence.verdict == "different"
    assert explanation.layer == "attention"
    assert explanation.explained
    assert "PyTorch has a tanh" in explanation.sentence
    assert "relu" in explanation.fix


def test_other_names_are_refused_where_two_arrays_have_one_shape():
    first = in_pytorch(("w", "b", "u"))
    with pytest.raises(compare.BadInput, match=r"layers of your own.*the same names"):
        compare.check(first, in_keras(), X, "to_keras")


def test_arrays_of_other_shapes_are_refused():
    with pytest.raises(compare.BadInput, match="have none"):
        compare.check(in_pytorch(), in_keras(side=7), X, "to_keras")


def test_weights_that_the_model_itself_holds_are_refused_by_its_name():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = keras.layers.Dense(3)
            self.scale = self.add_weight(shape=(3,), name="scale")

        def call(self, x):
            return self.head(x) * self.scale

    model = Model()
    model(X)
    words = r"weights of the model itself by hand.*for Model\(Model\)"
    with pytest.raises(compare.BadInput, match=words):
        compare.check(torch.nn.Linear(FEATURES, 3), model, X, "to_keras")
