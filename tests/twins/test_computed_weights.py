"""Weights that layers compute, as in a weight norm: what they come to is moved."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import compare
from compare.errors import BadInput

pytestmark = pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")

X = np.random.default_rng(0).normal(0, 1, (4, 9, 3)).astype("float32")
NORMS = {
    "spectral norm": parametrizations.spectral_norm,
    "weight norm": parametrizations.weight_norm,
    "older spectral norm": nn.utils.spectral_norm,
    "older weight norm": nn.utils.weight_norm,
}
AROUND = {
    "plain": lambda layer: layer,
    "spectral": lambda layer: keras.layers.SpectralNormalization(layer),
}
PAIRS = [(norm, around) for norm in NORMS for around in AROUND]


class InPyTorch(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.conv = norm(nn.Conv1d(3, 5, 3))
        self.head = norm(nn.Linear(5, 2))

    def forward(self, x):
        h = torch.relu(self.conv(x.transpose(1, 2)))
        return self.head(h.transpose(1, 2))


class InKeras(keras.Model):
    def __init__(self, around):
        super().__init__()
        self.conv = around(keras.layers.Conv1D(5, 3, activation="relu"))
        self.head = around(keras.layers.Dense(2))

    def call(self, x):
        return self.head(self.conv(x))


def models(norm, around, seed=0):
    """A model of each framework, Keras's with random weights, biases as well."""
    torch.manual_seed(seed)
    in_torch = InPyTorch(NORMS[norm])
    for _ in range(3):
        in_torch(torch.from_numpy(X))  # in training: a spectral norm finds its vectors
    in_keras = InKeras(AROUND[around])
    in_keras(X)
    rng = np.random.default_rng(seed)
    for variable in in_keras.trainable_variables:
        variable.assign(rng.normal(0, 0.5, variable.shape))
    return in_torch.eval(), in_keras


def results(in_torch, in_keras):
    with torch.no_grad():
        return in_torch(torch.from_numpy(X)).numpy(), np.asarray(in_keras(X))


@pytest.mark.parametrize(("norm", "around"), PAIRS)
def test_keras_gets_what_the_weights_come_to(norm, around):
    """PyTorch's model stays as it is, and the two are the same."""
    in_torch, in_keras = models(norm, around)
    state = {name: tensor.clone() for name, tensor in in_torch.state_dict().items()}
    before, _ = results(in_torch, in_keras)
    compare.transfer(in_torch, in_keras)
    by_torch, by_keras = results(in_torch, in_keras)

    np.testing.assert_array_equal(by_torch, before)
    assert all(torch.equal(in_torch.state_dict()[n], t) for n, t in state.items())
    np.testing.assert_allclose(by_keras, by_torch, rtol=1e-5, atol=1e-6)
    report = compare.check(in_torch, in_keras, X)
    assert report.verdict == "same"
    assert any("computed by a norm" in note for note in report.notes)


@pytest.mark.parametrize(("norm", "around"), PAIRS)
def test_pytorch_computes_what_keras_holds_and_gives_it_back(norm, around):
    """Bit for bit; a weight norm multiplies by a length, which moves the last bits."""
    in_torch, in_keras = models(norm, around)
    compare.transfer(in_keras, in_torch)
    by_torch, by_keras = results(in_torch, in_keras)
    _, again = models(norm, around, seed=1)
    compare.transfer(in_torch, again)

    np.testing.assert_allclose(by_torch, by_keras, rtol=1e-5, atol=1e-6)
    bits = 2 if "weight norm" in norm else 0
    pairs = zip(in_keras.trainable_variables, again.trainable_variables, strict=True)
    for first, second in pairs:
        np.testing.assert_array_max_ulp(first.numpy(), second.numpy(), bits)


def test_a_weight_that_cannot_be_computed_is_refused():
    """An orthogonal weight comes to few matrices."""
    in_torch, in_keras = models("weight norm", "plain")
    in_torch.head = parametrizations.orthogonal(nn.Linear(5, 2))
    with pytest.raises((BadInput, ValueError), match=r"head\.weight|orthogonal"):
        compare.transfer(in_keras, in_torch)


def test_directions_without_lengths_are_no_weights():
    """Keras has what the weight norm takes its directions from."""
    in_torch, in_keras = models("weight norm", "plain")
    compare.transfer(in_torch, in_keras)
    wrong = in_torch.conv.parametrizations.weight
    with torch.no_grad():
        wrong.original0.mul_(2.0)
    report = compare.check(in_torch, in_keras, X)

    assert report.verdict == "different"
    assert "conv" in report.explain()
