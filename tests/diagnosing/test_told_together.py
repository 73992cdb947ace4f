"""One cause in several layers is one sentence, and what is told is not contradicted."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

X = np.random.default_rng(4).normal(size=(3, 7, 8, 2)).astype(np.float32)
RIGHT = 1e-3


class InPyTorch(nn.Module):
    """Convolutions, each with a norm, and a head."""

    def __init__(self, epsilons):
        super().__init__()
        torch.manual_seed(1)
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for epsilon in epsilons:
            self.convs.append(nn.Conv2d(2, 2, 3, padding=1))
            norm = nn.BatchNorm2d(2, eps=epsilon)
            with torch.no_grad():
                norm.running_mean.uniform_(0.1, 1)
                norm.running_var.uniform_(0.5, 2)
                norm.weight.uniform_(0.5, 2)
                norm.bias.uniform_(-1, 1)
            self.norms.append(norm)
        self.head = nn.Linear(2, 4)

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = torch.relu(norm(conv(x)))
        return self.head(x.mean((2, 3)))


def in_keras(number, names=None):
    layers = []
    for place in range(number):
        layers.append(keras.layers.Conv2D(2, 3, padding="same"))
        name = None if names is None else names[place]
        layers.append(keras.layers.BatchNormalization(name=name))
        layers.append(keras.layers.ReLU())
    tail = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)]
    return keras.Sequential([keras.Input(X.shape[1:]), *layers, *tail])


def cause(first, second, transfer="to_keras"):
    evidence = compare.check(first, second, X, transfer)
    assert evidence.verdict == "different"
    return evidence.results[0].explanation


def test_one_cause_in_three_layers_is_one_sentence_and_one_fix():
    found = cause(InPyTorch([1e-5] * 3), in_keras(3, ["a", "b", "c"]))

    assert found.explained
    assert found.sentence.startswith("in a, b and c of Keras, the epsilon below")
    assert found.sentence.count("epsilon") == 1
    assert found.fix == "a, b and c of Keras: epsilon=1e-5"
    (other,) = found.alternatives
    assert other.fix == "norms.0, norms.1 and norms.2 of PyTorch: eps=1e-3"


def test_layers_that_differ_in_other_values_are_told_apart():
    found = cause(InPyTorch([1e-2, RIGHT, 1e-1]), in_keras(3, ["d", "e", "f"]))

    assert found.explained
    assert "in norms.0, the epsilon below the root is 0.01 in PyTorch" in found.sentence
    assert "in norms.2, the epsilon below the root is 0.1 in PyTorch" in found.sentence
    assert "norms.1" not in found.sentence


@pytest.mark.parametrize("places", [[1], [0, 1]])
def test_statistics_that_are_exchanged_are_named_and_not_contradicted(places):
    """Where a variance is below zero, it is that side whose statistics are wrong."""
    first = InPyTorch([RIGHT] * 2)
    with torch.no_grad():
        for norm in first.norms:
            norm.running_mean.mul_(-1)
    second = in_keras(2, ["g", "h"])
    compare.transfer(first, second)
    for place in places:
        layer = second.get_layer("gh"[place])
        scale, offset, mean, variance = layer.get_weights()
        layer.set_weights([scale, offset, variance, mean])
    found = cause(first, second, None)
    names = " and ".join("gh"[place] for place in places)

    assert found.explained
    assert found.sentence.startswith(f"in {names} of Keras, the running mean and the")
    assert "no known order" not in found.sentence


def test_a_wrong_kernel_drags_no_padding_in():
    """The cropping after Keras's layer is PyTorch's padding: no cause."""

    class Transposed(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(2)
            self.up = nn.ConvTranspose2d(2, 2, 3, stride=2, padding=1, output_padding=1)

        def forward(self, x):
            return self.up(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)

    first = Transposed()
    up = keras.layers.Conv2DTranspose(2, 3, strides=2)
    crop = keras.layers.Cropping2D(((1, 0), (1, 0)))
    second = keras.Sequential([keras.Input(X.shape[1:]), up, crop])
    compare.transfer(first, second)
    assert compare.check(first, second, X).verdict == "same"

    kernel, bias = up.get_weights()
    up.set_weights([kernel.swapaxes(2, 3), bias])
    found = cause(first, second, None)

    assert found.explained
    assert "padding" not in found.sentence
    assert "cropping" not in found.sentence
