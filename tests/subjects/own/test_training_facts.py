"""What differs in training between models that predict alike is said, and no more."""

import re

import keras
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from compare.subjects.own import building
from compare.subjects.own import run as own
from compare.subjects.own.pair import OwnPair
from compare.twins import training_facts

WORDS, SIZE, BATCH, TIME = 9, 4, 3, 6
X = np.random.default_rng(0).normal(size=(BATCH, TIME, SIZE)).astype(np.float32)
TOKENS = np.random.default_rng(1).integers(0, WORDS, (BATCH, TIME))


class InPyTorch(nn.Module):
    """A GRU and a head, with something between them while it learns."""

    def __init__(self, between=None, **options):
        super().__init__()
        self.rnn = nn.GRU(SIZE, 5, batch_first=True, **options)
        self.between = between or nn.Identity()
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.between(self.rnn(x)[0]))


def in_keras(*between, head=None, **options):
    """The same, with layers between."""
    rnn = keras.layers.GRU(5, return_sequences=True, **options)
    last = keras.layers.Dense(2, **(head or {}))
    return keras.Sequential([keras.Input((None, SIZE)), rnn, *between, last])


def note(of_torch, of_keras, x=X):
    """What is said of two models that are made by functions."""
    pair = OwnPair("mine", dict(torch=of_torch, keras=of_keras), (x,))
    with own.settled(pair):
        twins = building.build(pair, []).twins
        return training_facts.note(twins, pair.arrays)


class OwnDropout(nn.Module):
    """Drops out by a function of PyTorch, or by arithmetic of its own."""

    def __init__(self, how):
        super().__init__()
        self.how = how

    def forward(self, x):
        return self.how(x) if self.training else x


def by_a_mask(x):
    return x * torch.bernoulli(torch.full_like(x, 0.7)) / 0.7


def by_a_comparison(x):
    return x * (torch.rand_like(x) > 0.3) / 0.7


def by_numpy(x):
    kept = np.random.default_rng().random(x.shape) > 0.3
    return x * torch.from_numpy(kept).to(x.dtype) / 0.7


def by_the_same_mask_at_every_step(x):
    return functional.dropout1d(x.transpose(1, 2), 0.3).transpose(1, 2)


class DropsInCall(keras.layers.Layer):
    """Drops out by a function of Keras."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, x, training=False):
        return keras.random.dropout(x, 0.3, seed=self.seeds) if training else x


ALIKE = {
    "nothing": (InPyTorch, in_keras),
    "layers": (
        lambda: InPyTorch(nn.Dropout(0.3)),
        lambda: in_keras(keras.layers.Dropout(0.3)),
    ),
    "a rate of 0": (
        lambda: InPyTorch(nn.Dropout(0.0)),
        lambda: in_keras(keras.layers.Dropout(0.0)),
    ),
    "a function": (
        lambda: InPyTorch(OwnDropout(lambda x: functional.dropout(x, 0.3))),
        lambda: in_keras(keras.layers.Dropout(0.3)),
    ),
    "a mask of one's own": (
        lambda: InPyTorch(OwnDropout(by_a_mask)),
        lambda: in_keras(keras.layers.Dropout(0.3)),
    ),
    "a comparison": (
        lambda: InPyTorch(OwnDropout(by_a_comparison)),
        lambda: in_keras(keras.layers.Dropout(0.3)),
    ),
    "a function of Keras": (
        lambda: InPyTorch(nn.Dropout(0.3)),
        lambda: in_keras(DropsInCall()),
    ),
    "whole channels": (
        lambda: InPyTorch(OwnDropout(by_the_same_mask_at_every_step)),
        lambda: in_keras(keras.layers.SpatialDropout1D(0.3)),
    ),
    "whole channels by a shape": (
        lambda: InPyTorch(OwnDropout(by_the_same_mask_at_every_step)),
        lambda: in_keras(keras.layers.Dropout(0.3, noise_shape=(None, 1, None))),
    ),
    "alpha": (
        lambda: InPyTorch(nn.AlphaDropout(0.3)),
        lambda: in_keras(keras.layers.AlphaDropout(0.3)),
    ),
    "noise": (
        lambda: InPyTorch(OwnDropout(lambda x: x + 0.1 * torch.randn_like(x))),
        lambda: in_keras(keras.layers.GaussianNoise(0.1)),
    ),
}


@pytest.mark.parametrize("case", ALIKE)
def test_what_is_drawn_alike_is_not_mentioned(case):
    of_torch, of_keras = ALIKE[case]
    assert note(of_torch, of_keras) == ""


def two_layers():
    """PyTorch drops out between its layers."""
    return InPyTorch(num_layers=2, dropout=0.3)


def two_layers_in_keras(rate):
    def make():
        first = keras.layers.GRU(5, return_sequences=True)
        second = keras.layers.GRU(5, return_sequences=True)
        drop = keras.layers.Dropout(rate)
        head = keras.layers.Dense(2)
        return keras.Sequential([keras.Input((None, SIZE)), first, drop, second, head])

    return make


def test_dropout_between_layers_is_a_layer_in_keras():
    assert note(two_layers, two_layers_in_keras(0.3)) == ""
    assert "PyTorch dropout 0.3 in rnn" in note(two_layers, two_layers_in_keras(0.2))


UNLIKE = {
    "a layer on one side": (
        lambda: InPyTorch(nn.Dropout(0.3)),
        in_keras,
        "PyTorch dropout 0.3 in between, Keras none",
    ),
    "another rate": (
        lambda: InPyTorch(nn.Dropout(0.3)),
        lambda: in_keras(keras.layers.Dropout(0.5)),
        "Keras dropout 0.5",
    ),
    "another kind": (
        lambda: InPyTorch(nn.Dropout(0.3)),
        lambda: in_keras(keras.layers.SpatialDropout1D(0.3)),
        "Keras dropout of whole channels 0.3",
    ),
    "numbers of NumPy": (
        lambda: InPyTorch(OwnDropout(by_numpy)),
        in_keras,
        "PyTorch random numbers, Keras none",
    ),
    "inside a layer": (
        InPyTorch,
        lambda: in_keras(dropout=0.2, recurrent_dropout=0.1),
        "Keras dropout of whole channels 0.2 in rnn and dropout of states 0.1 in rnn",
    ),
    "noise on one side": (
        InPyTorch,
        lambda: in_keras(keras.layers.GaussianNoise(0.1)),
        "PyTorch none, Keras noise in gaussian_noise",
    ),
    "regularisers": (
        InPyTorch,
        lambda: in_keras(recurrent_regularizer="l2", activity_regularizer="l1"),
        r"regularisers \(Keras alone: L2\(0.01\) of rnn.recurrent_kernel, "
        r"L1\(0.01\) of what rnn returns\)",
    ),
    "constraints": (
        InPyTorch,
        lambda: in_keras(head=dict(kernel_constraint=keras.constraints.MaxNorm(2))),
        r"constraints \(Keras alone: MaxNorm\(2, 0\) of head.kernel\)",
    ),
}


@pytest.mark.filterwarnings("ignore:dropout option adds dropout")
@pytest.mark.parametrize("case", UNLIKE)
def test_what_differs_is_one_line(case):
    of_torch, of_keras, expected = UNLIKE[case]
    line = note(of_torch, of_keras)

    assert line.startswith("same as they predict; in training these differ: ")
    assert "\n" not in line
    assert re.search(expected, line), line


class Normed(nn.Module):
    """A batch norm whose new statistics count for so much."""

    def __init__(self, momentum, frozen=False):
        super().__init__()
        self.norm = nn.BatchNorm1d(SIZE, eps=1e-3, momentum=momentum)
        self.head = nn.Linear(SIZE, 2)
        self.head.requires_grad_(not frozen)

    def forward(self, x):
        return self.head(self.norm(x.transpose(1, 2)).transpose(1, 2))


def normed(momentum, frozen=False, frozen_norm=False):
    norm = keras.layers.BatchNormalization(momentum=momentum)
    norm.trainable = not frozen_norm
    head = keras.layers.Dense(2, trainable=not frozen)
    return keras.Sequential([keras.Input((None, SIZE)), norm, head])


@pytest.mark.parametrize(
    ("of_torch", "of_keras", "expected"),
    [
        ((0.01,), (0.99,), ""),
        ((0.3,), (0.7,), ""),
        ((0.99,), (0.99,), "PyTorch's 0.99 is 0.01 in Keras's words, Keras's is 0.99"),
        ((0.01, True), (0.99, True), ""),
        ((0.01, True), (0.99,), "PyTorch alone: head.kernel, head.bias"),
        ((0.01,), (0.99, True), "Keras alone: head.kernel, head.bias"),
        ((0.01,), (0.99, False, True), "the statistics of norm .*frozen"),
    ],
    ids=str,
)
def test_statistics_and_frozen_weights(of_torch, of_keras, expected):
    line = note(lambda: Normed(*of_torch), lambda: normed(*of_keras))

    assert re.search(expected, line) if expected else line == ""


def test_a_live_model_keeps_what_is_frozen_and_regularised():
    """The copies that are judged have it as well."""
    model = keras.Sequential(
        [keras.layers.GRU(5, return_sequences=True), keras.layers.Dense(2)]
    )
    model.layers[1].kernel_regularizer = keras.regularizers.L2(0.5)
    model(X)
    model.layers[0].trainable = False
    line = note(InPyTorch(), model)

    assert "L2(0.5) of head.kernel" in line
    assert "Keras alone: rnn.kernel, rnn.recurrent_kernel, rnn.bias" in line
    assert [layer.trainable for layer in model.layers] == [False, True]


class Words(nn.Module):
    def __init__(self, padding_idx=None):
        super().__init__()
        self.words = nn.Embedding(WORDS, SIZE, padding_idx=padding_idx)
        self.head = nn.Linear(SIZE, 2)

    def forward(self, x):
        return self.head(self.words(x))


def words(mask_zero=False):
    embedding = keras.layers.Embedding(WORDS, SIZE, mask_zero=mask_zero)
    return keras.Sequential([embedding, keras.layers.Dense(2)])


def test_a_row_that_learns_on_one_side_alone():
    assert note(Words, words, TOKENS) == ""
    assert "padding_idx=3 of words" in note(lambda: Words(3), words, TOKENS)


def test_a_row_that_keras_masks_is_alike():
    line = note(lambda: Words(0), lambda: words(mask_zero=True), TOKENS)

    assert line == ""


def test_reading_leaves_models_as_they_are():
    """Statistics of batches, modes and random numbers."""
    torch_model, keras_model = Normed(0.5), normed(0.5)
    before = [tensor.clone() for tensor in torch_model.state_dict().values()]
    weights = keras_model.get_weights()
    state = torch.get_rng_state()
    note(torch_model, keras_model)

    assert all(map(torch.equal, before, torch_model.state_dict().values()))
    assert all(map(np.array_equal, weights, keras_model.get_weights()))
    assert torch.equal(state, torch.get_rng_state())
    assert torch_model.training


def test_a_pass_says_it_and_a_difference_does_not():
    """A model that predicts something else has more to hear of."""

    def notes(of_keras):
        pair = OwnPair(
            "mine", dict(torch=InPyTorch, keras=of_keras), (X,), transfer="random"
        )
        return " ".join(own.run(pair).notes)

    dropping = keras.layers.Dropout
    assert "in training these differ" in notes(lambda: in_keras(dropping(0.5)))
    wrong = lambda: in_keras(dropping(0.5), keras.layers.ReLU())  # noqa: E731
    assert "in training these differ" not in notes(wrong)
