"""Mistakes of the library in what models write out themselves, named and proved."""

import keras
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from keras import layers, ops
from torch import nn
from written_out import IMAGES, SERIES, explained, numbers, randomised

import compare

# --------------------------------------------------------------------- order of norms


class Block(nn.Module):
    """Two residual branches; the norms stand after the sums, or before the branches."""

    def __init__(self, before):
        super().__init__()
        self.before = before
        self.first, self.second = nn.LayerNorm(4), nn.LayerNorm(4)
        self.mix = nn.MultiheadAttention(4, 2, batch_first=True)
        self.wide, self.narrow = nn.Linear(4, 7), nn.Linear(7, 4)

    def forward(self, x):
        if self.before:
            y = self.first(x)
            x = x + self.mix(y, y, y)[0]
            return x + self.narrow(torch.relu(self.wide(self.second(x))))
        x = self.first(x + self.mix(x, x, x)[0])
        return self.second(x + self.narrow(torch.relu(self.wide(x))))


def block_in_keras(before):
    x = keras.Input((5, 4))
    first = layers.LayerNormalization(epsilon=1e-5, name="first")
    second = layers.LayerNormalization(epsilon=1e-5, name="second")
    mix = layers.MultiHeadAttention(2, 2, name="mix")
    wide, narrow = layers.Dense(7, "relu", name="wide"), layers.Dense(4, name="narrow")
    if before:
        y = first(x)
        y = x + mix(y, y)
        return keras.Model(x, y + narrow(wide(second(y))))
    y = first(x + mix(x, x))
    return keras.Model(x, second(y + narrow(wide(y))))


@pytest.mark.parametrize("before", [True, False])
def test_norms_on_the_other_side_of_the_residual_are_told_by_their_order(before):
    model, twin = randomised(Block(before)), block_in_keras(not before)
    evidence = compare.check(model, twin, SERIES, "to_keras")
    found = explained(evidence)

    order = "before each branch" if before else "after each residual is added"
    assert found.sentence.startswith(f"the norms `first` and `second` stand {order}")
    assert "write " in found.fix
    assert not any("in place" in note for note in evidence.notes)


@pytest.mark.parametrize("before", [True, False])
def test_norms_on_the_same_side_are_the_same(before):
    model, twin = randomised(Block(before)), block_in_keras(before)

    assert compare.check(model, twin, SERIES, "to_keras").verdict == "same"


# ------------------------------------------------------- layers that are written out


class WithLSTM(nn.Module):
    """An LSTM written out in the model itself, with parameters of its own."""

    def __init__(self, order="ifgo", forget=0.0, gate=torch.sigmoid):
        super().__init__()
        self.order, self.forget, self.gate = order, forget, gate
        self.w = nn.Parameter(torch.zeros(12, 4))
        self.u = nn.Parameter(torch.zeros(12, 3))
        self.b = nn.Parameter(torch.zeros(12))
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        h = c = x.new_zeros(len(x), 3)
        for step in range(x.shape[1]):
            sums = x[:, step] @ self.w.T + h @ self.u.T + self.b
            parts = dict(zip(self.order, sums.chunk(4, 1), strict=True))
            c = self.gate(parts["f"] + self.forget) * c + self.gate(
                parts["i"]
            ) * torch.tanh(parts["g"])
            h = self.gate(parts["o"]) * torch.tanh(c)
        return self.head(h)


def lstm_in_keras(model):
    twin = keras.Sequential([keras.Input((5, 4)), layers.LSTM(3), layers.Dense(2)])
    lstm, head = twin.layers
    lstm.set_weights([numbers(model.w).T, numbers(model.u).T, numbers(model.b)])
    head.set_weights([numbers(model.head.weight).T, numbers(model.head.bias)])
    return twin


@pytest.mark.parametrize(
    ("otherwise", "words"),
    [
        ({"order": "ifog"}, "the gates are taken in the order i, f, o, g"),
        ({"forget": 1.0}, "one is added to what the forget gate is a function of"),
        ({"gate": F.hardsigmoid}, "the gates use a hard sigmoid"),
    ],
)
def test_gates_written_out_in_the_model_itself_are_named(otherwise, words):
    model = randomised(WithLSTM(**otherwise))
    found = explained(compare.check(model, lstm_in_keras(model), SERIES))

    assert found.sentence.startswith("in the LSTM that PyTorch writes out")
    assert words in found.sentence


def test_a_right_lstm_in_the_model_itself_is_the_same_and_has_a_name():
    model = randomised(WithLSTM())
    evidence = compare.check(model, lstm_in_keras(model), SERIES)

    assert evidence.verdict == "same"
    assert "the model itself = lstm" in " ".join(evidence.notes)


class WithFunction(nn.Module):
    """A convolution by its function, with parameters of the model itself."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(3, 2, 3, 3))
        self.b = nn.Parameter(torch.zeros(3))
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        y = F.conv2d(x, self.w, self.b, stride=2, padding=1)
        return self.head(torch.relu(y).mean((2, 3)))


def function_in_keras(model, padded):
    x = keras.Input((6, 6, 2))
    conv = layers.Conv2D(3, 3, 2, "valid" if padded else "same", activation="relu")
    y = conv(layers.ZeroPadding2D(1)(x) if padded else x)
    head = layers.Dense(2)
    twin = keras.Model(x, head(layers.GlobalAveragePooling2D()(y)))
    conv.set_weights([numbers(model.w).transpose(2, 3, 1, 0), numbers(model.b)])
    head.set_weights([numbers(model.head.weight).T, numbers(model.head.bias)])
    return twin


def test_the_padding_of_a_function_is_held_to_that_of_kerass_layer():
    model = randomised(WithFunction())
    found = explained(compare.check(model, function_in_keras(model, False), IMAGES))

    assert found.sentence.startswith("in conv2d (test_known_mistakes.py:")
    assert "padding is ((1, 1), (1, 1))" in found.sentence
    evidence = compare.check(model, function_in_keras(model, True), IMAGES)
    assert evidence.verdict == "same"
    notes = " ".join(evidence.notes)
    assert "Not looked into: the model itself of PyTorch" in notes


# ------------------------------------------------------------------- a norm folded in


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 3, 3)
        self.norm = nn.BatchNorm2d(3, eps=1e-2)

    def forward(self, x):
        return self.norm(self.conv(x))


def folded(epsilon):
    """A norm after a convolution, and the convolution with the norm folded in."""
    keras.utils.clear_session()
    model = randomised(Normed())
    norm = model.norm
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    factor = numbers(norm.weight) / np.sqrt(numbers(norm.running_var) + epsilon)
    twin = keras.Sequential([keras.Input((6, 6, 2)), layers.Conv2D(3, 3)])
    kernel = numbers(model.conv.weight).transpose(2, 3, 1, 0) * factor
    offset = numbers(model.conv.bias) - numbers(norm.running_mean)
    twin.layers[0].set_weights([kernel, numbers(norm.bias) + offset * factor])
    return compare.check(model, twin, IMAGES)


def test_a_norm_folded_in_without_its_epsilon_is_told():
    words = "folded into `conv2d` without its epsilon, 0.01"

    assert words in explained(folded(epsilon=0.0)).sentence


def test_a_norm_folded_in_rightly_is_the_same_in_float32():
    evidence = folded(epsilon=1e-2)

    assert evidence.verdict == "same in float32"
    assert any("rounded to float32" in note for note in evidence.notes)


# -------------------------------------------------------------------- parts and shapes


class Gated(nn.Module):
    def __init__(self, first):
        super().__init__()
        self.first = first
        self.both = nn.Linear(4, 6)

    def forward(self, x):
        a, b = self.both(x).chunk(2, -1)
        return a * torch.sigmoid(b) if self.first else b * torch.sigmoid(a)


class GatedInKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.both = layers.Dense(6)

    def call(self, x):
        a, b = ops.split(self.both(x), 2, axis=-1)
        return a * ops.sigmoid(b)


@pytest.mark.parametrize("first", [True, False])
def test_halves_in_each_others_place_are_told_by_their_number(first):
    twin = GatedInKeras()
    twin(SERIES)
    evidence = compare.check(randomised(Gated(first)), twin, SERIES, "to_keras")

    if first:
        assert evidence.verdict == "same"
        return
    found = explained(evidence)
    assert "(result 1)), where `sigmoid` of Keras" in found.sentence


class Spread(keras.Model):
    def __init__(self):
        super().__init__()
        self.one = layers.Dense(1)

    def call(self, x):
        return self.one(x) * x[:, 0]


class Squeezed(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 1)

    def forward(self, x):
        return self.one(x).squeeze(1) * x[:, 0]


def test_a_result_that_is_spread_out_for_want_of_a_squeeze_is_named():
    twin = Spread()
    rows = SERIES[:, 0]
    twin(rows)
    found = explained(compare.check(randomised(Squeezed()), twin, rows, "to_keras"))

    assert "the product of both spread out to (3, 3)" in found.sentence


# ---------------------------------------------------------------- where none is known


class Even(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 4)

    def forward(self, x):
        y = self.one(x)
        return y * y * y * 0.3 + y


class Odd(keras.Model):
    def __init__(self):
        super().__init__()
        self.one = layers.Dense(4)

    def call(self, x):
        y = self.one(x)
        return y * y * 0.7 - y


def test_where_nothing_is_known_the_least_input_is_told_with_what_both_return():
    twin = Odd()
    twin(SERIES)
    evidence = compare.check(randomised(Even()), twin, SERIES, "to_keras")
    found = next(r.explanation for r in evidence.results if r.explanation)

    assert not found.explained
    assert "the least input on which they differ is" in found.rest
    assert "(1, 1, 4): at [" in found.rest
