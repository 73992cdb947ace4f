"""Weights that a layer was made with, or that are another layer's."""

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, OUTPUTS, SIZE, X, in_keras, in_pytorch, last, plain
from own_models import twins as loaded
from torch import nn

from compare.diagnosing.diagnosis import diagnose
from compare.judging.words import PRECISIONS
from compare.kinds.fresh import is_left, is_unrelated_and_fresh
from compare.twins.frameworks import FRAMEWORKS, LAYERS

LARGE = 24


def in_torch(layer):
    return {n: p.detach().double().numpy() for n, p in layer.named_parameters()}


def fresh_lstm(seed):
    """A new nn.LSTM's arrays."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return in_torch(torch.nn.LSTM(FEATURES, LARGE))


def fresh_keras_lstm():
    """A new LSTM's arrays of Keras, by PyTorch's names."""
    layer = keras.layers.LSTM(LARGE)
    layer.build((None, None, FEATURES))
    kernel, recurrent, bias = layer.get_weights()
    return dict(
        weight_ih_l0=kernel.T,
        weight_hh_l0=recurrent.T,
        bias_ih_l0=bias,
        bias_hh_l0=0 * bias,
    )


def learnt(seed=0):
    """Arrays that no framework makes."""
    rng = np.random.default_rng(seed)
    return {n: rng.normal(0, 0.5, a.shape) for n, a in fresh_lstm(0).items()}


def test_what_pytorch_makes_is_known_by_its_bound():
    assert is_unrelated_and_fresh(learnt(), fresh_lstm(1), "torch")
    assert not is_unrelated_and_fresh(fresh_lstm(1), learnt(), "torch")


def test_what_keras_makes_is_known_by_its_zeros_ones_and_orthogonal_kernel():
    assert is_unrelated_and_fresh(learnt(), fresh_keras_lstm(), "keras")
    assert not is_unrelated_and_fresh(learnt(), fresh_lstm(1), "keras")
    assert not is_unrelated_and_fresh(fresh_lstm(1), learnt(), "keras")


def test_slopes_and_scales_of_one_axis_are_not_what_keras_makes():
    slopes = {"weight": np.array([0.3, -0.2, 0.5, 0.1])}
    other = {"weight": np.array([0.1, 0.1, 0.1, 0.1])}

    assert not is_unrelated_and_fresh(other, slopes, "keras")


@pytest.mark.parametrize("kind", ["Linear", "Conv1d", "Embedding"])
def test_what_pytorch_makes_of_other_kinds_is_known(kind):
    sizes = (9, 20, 3) if kind == "Conv1d" else (9, 20)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = in_torch(getattr(torch.nn, kind)(*sizes))
    other = {n: np.random.default_rng(1).gamma(1, 1, a.shape) for n, a in made.items()}

    assert is_unrelated_and_fresh(other, made, "torch")
    assert not is_unrelated_and_fresh(made, other, "torch")


@pytest.mark.parametrize("noise", [1e-6, 1e-3, 0.1, 0.3])
def test_noise_on_fresh_weights_is_not_a_layer_that_was_never_loaded(noise):
    rng, fresh = np.random.default_rng(2), fresh_lstm(1)
    other = {n: a + rng.normal(0, noise, a.shape) for n, a in fresh.items()}

    assert not is_unrelated_and_fresh(other, fresh, "torch")


def test_the_same_numbers_in_another_order_are_not_fresh_ones():
    rng, fresh = np.random.default_rng(2), fresh_lstm(1)
    shuffled = {n: rng.permuted(a.ravel()).reshape(a.shape) for n, a in fresh.items()}

    assert not is_unrelated_and_fresh(fresh, shuffled, "torch")


def test_a_bias_hh_that_was_left_is_known_only_beside_right_weights():
    right = fresh_lstm(1)
    left = {**right, "bias_hh_l0": fresh_lstm(2)["bias_hh_l0"]}

    assert is_left(right, left, "torch")
    assert not is_left(right, left, "keras")
    assert not is_left(right, {**left, "bias_ih_l0": 2 * left["bias_ih_l0"]}, "torch")


def test_a_head_that_was_never_loaded_is_told_for_both_sides():
    """Keras's is what Keras makes, PyTorch's is not what PyTorch makes."""
    made = loaded(in_pytorch(last), in_keras(plain))
    drawn = np.random.default_rng(0).normal(0, 1, (OUTPUTS, SIZE)).astype(np.float32)
    limit = np.sqrt(6 / (SIZE + OUTPUTS))
    kernel = np.random.default_rng(1).uniform(-limit, limit, (SIZE, OUTPUTS))
    for dtype in PRECISIONS:
        torch, theirs = (made.model(s, dtype) for s in FRAMEWORKS)
        bias = np.ones(OUTPUTS, np.float32)
        LAYERS["torch"].load(torch, {"head": dict(weight=drawn, bias=bias)})
        fresh = dict(kernel=kernel, bias=0 * bias)
        LAYERS["keras"].load(theirs, {"head": fresh})
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == ("initial weights",)
    assert found.sentence.startswith(
        "in head of Keras, the layer still has the weights"
    )
    assert found.alternatives[0].sentence == (
        "in head of PyTorch, the layer has other weights than in Keras"
    )


def two_layers():
    """Twins of two recurrent layers of one size."""

    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.LSTM(FEATURES, FEATURES, batch_first=True)
            self.second = nn.LSTM(FEATURES, FEATURES, batch_first=True)

        def forward(self, x):
            return self.second(self.first(x)[0])[0]

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.LSTM(FEATURES, return_sequences=True)
            self.second = keras.layers.LSTM(FEATURES, return_sequences=True)

        def call(self, x):
            return self.second(self.first(x))

    return loaded(InPyTorch, InKeras)


def give(made, whose):
    """Keras's layers each the arrays of one of them."""
    for dtype in PRECISIONS:
        model = made.model("keras", dtype)
        held = {n: dict(e.arrays) for n, e in LAYERS["keras"].layers(model).items()}
        held = {n: {k: a.copy() for k, a in e.items()} for n, e in held.items()}
        wrong = {name: held[other] for name, other in whose.items()}
        LAYERS["keras"].load(model, wrong)


def test_two_layers_with_each_others_weights_are_told():
    made = two_layers()
    give(made, dict(first="second", second="first"))
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.faults == ("weights of another layer",)
    assert {each.side for each in found.alternatives} == {"keras"}
    assert "first of Keras, the layer has the weights of second" in str(
        found.alternatives
    )


def test_one_layer_copied_twice_is_told_for_the_side_that_did_it():
    made = two_layers()
    give(made, dict(second="first"))
    found = diagnose(made, (X,))

    assert found.explained, found
    said = "in second of Keras, the layer has the weights of first"
    assert found.sentence == said
    assert found.alternatives == ()
