"""Layers without arrays that are unlike are named, with what differs in them."""

from __future__ import annotations

import keras
import pytest
import torch
from bare_pairs import twins_of
from torch import nn

from compare.diagnosing.diagnosis import diagnose
from compare.judging.result import SAME

L = keras.layers
F = torch.nn.functional


def chain(*layers):
    """What makes these layers, one after another, in PyTorch."""
    return lambda: nn.Sequential(*layers)


def layers(*made):
    """What makes these layers in Keras, each time anew and in the twin's precision."""

    def make():
        copies = []
        for layer in made:
            config = layer.get_config()
            del config["dtype"]
            copies.append(layer.from_config(config))
        return copies

    return make


class Applied(nn.Module):
    """A function in the place of a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


POOL, POOL_IN_KERAS = nn.MaxPool2d(2), L.MaxPooling2D(2)

# Layers of PyTorch and of Keras, and what the explanation says of them.
WRONG = {
    "a padding of numbers for same": (
        chain(nn.MaxPool2d(3, 2, padding=1)),
        layers(L.MaxPooling2D(3, 2, "same")),
        'padding is 1 in PyTorch, "same" in Keras',
    ),
    "a padding that counts": (
        chain(nn.AvgPool2d(3, 1, padding=1)),
        layers(L.AveragePooling2D(3, 1, "same")),
        "padding counted is True in PyTorch, False in Keras",
    ),
    "a window of another size": (
        chain(nn.MaxPool2d(3, 1, padding=1)),
        layers(L.MaxPooling2D(2, 1, "same")),
        "size is (3, 3) in PyTorch, (2, 2) in Keras",
    ),
    "the mean for the largest": (
        chain(nn.AvgPool2d(2)),
        layers(L.MaxPooling2D(2)),
        "is AvgPool2d in PyTorch, MaxPooling2D in Keras",
    ),
    "a global mean for the largest of all": (
        chain(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        layers(L.GlobalMaxPooling2D()),
        "is AdaptiveAvgPool2d in PyTorch, GlobalMaxPooling2D in Keras",
    ),
    "the slope of a leaky relu": (
        chain(nn.LeakyReLU(), POOL),
        layers(L.LeakyReLU(), POOL_IN_KERAS),
        "slope is 0.01 in PyTorch, 0.3 in Keras",
    ),
    "the slope of a leaky relu by name": (
        chain(nn.LeakyReLU(), POOL),
        layers(L.Activation("leaky_relu"), POOL_IN_KERAS),
        "slope is 0.01 in PyTorch, 0.2 in Keras",
    ),
    "a relu6 for a relu": (
        chain(nn.ReLU6(), POOL),
        layers(L.ReLU(), POOL_IN_KERAS),
        "is ReLU6 in PyTorch, ReLU in Keras",
    ),
    "a silu for a hard silu": (
        chain(nn.SiLU(), POOL),
        layers(L.Activation("hard_silu"), POOL_IN_KERAS),
        "is SiLU in PyTorch, Activation(hard_silu) in Keras",
    ),
    "an elu for a selu": (
        chain(nn.ELU()),
        layers(L.Activation("selu")),
        "is ELU in PyTorch, Activation(selu) in Keras",
    ),
    "another form of gelu": (
        chain(nn.GELU(approximate="tanh"), POOL),
        layers(L.Activation("gelu"), POOL_IN_KERAS),
        'approximate is "tanh" in PyTorch, "none" in Keras',
    ),
    "the beta of a softplus": (
        chain(nn.Softplus(beta=2.0), POOL),
        layers(L.Activation("softplus"), POOL_IN_KERAS),
        "beta is 2.0 in PyTorch, 1.0 in Keras",
    ),
    "the bounds of a hard tanh": (
        chain(nn.Hardtanh(-0.5, 0.5), POOL),
        layers(L.Activation("hard_tanh"), POOL_IN_KERAS),
        "low is -0.5 in PyTorch, -1.0 in Keras",
    ),
    "corners aligned": (
        chain(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)),
        layers(L.UpSampling2D(2, interpolation="bilinear")),
        "corners aligned is True in PyTorch, False in Keras",
    ),
    "another interpolation": (
        chain(nn.Upsample(scale_factor=2, mode="bilinear")),
        layers(L.UpSampling2D(2)),
        'interpolation is "bilinear" in PyTorch, "nearest" in Keras',
    ),
    "a cubic interpolation": (
        chain(nn.Upsample(scale_factor=2, mode="bicubic")),
        layers(L.UpSampling2D(2, interpolation="bicubic")),
        'interpolation is "bicubic of PyTorch" in PyTorch, "bicubic" in Keras',
    ),
    "zeros on other sides": (
        chain(nn.ZeroPad2d((1, 0, 0, 1))),
        layers(L.ZeroPadding2D(((1, 0), (0, 1)))),
        "steps around is ((0, 1), (1, 0)) in PyTorch, ((1, 0), (0, 1)) in Keras",
    ),
    "a reflection for zeros": (
        chain(nn.ReflectionPad2d(1)),
        layers(L.ZeroPadding2D(1)),
        "is ReflectionPad2d in PyTorch, ZeroPadding2D in Keras",
    ),
    "other steps cut off": (
        chain(nn.ZeroPad2d((-1, -1, -1, 0))),
        layers(L.Cropping2D(((0, 1), (1, 1)))),
        "steps around is ((-1, 0), (-1, -1)) in PyTorch",
    ),
}


@pytest.mark.parametrize(
    ("in_torch", "in_keras", "words"), WRONG.values(), ids=list(WRONG)
)
def test_what_differs_in_a_layer_without_arrays_is_named(in_torch, in_keras, words):
    twins, arrays = twins_of(in_torch, in_keras, size=20.0 if "ReLU6" in words else 1.0)
    explanation = diagnose(twins, arrays)

    assert explanation.explained
    assert words in explanation.sentence
    assert "in Keras" in explanation.sentence
    assert explanation.fix.startswith("either between.")


def test_two_of_them_are_named_together():
    twins, arrays = twins_of(
        chain(nn.LeakyReLU(), nn.AvgPool2d(3, 1, padding=1)),
        layers(L.LeakyReLU(), L.AveragePooling2D(3, 1, "same")),
    )
    sentence = diagnose(twins, arrays).sentence

    assert "slope is 0.01 in PyTorch, 0.3 in Keras" in sentence
    assert "padding counted is True" in sentence


def test_one_is_named_beside_a_layer_with_arrays():
    """A batch norm's epsilon is the library's, and counts beside it."""
    twins, arrays = twins_of(
        chain(nn.LeakyReLU()), layers(L.LeakyReLU()), has_norm=True
    )
    explanation = diagnose(twins, arrays)

    assert explanation.explained
    assert "slope is 0.01 in PyTorch, 0.3 in Keras" in explanation.sentence
    assert "epsilon" in explanation.sentence


# Unlike layers of models that make up for it elsewhere.
RIGHT = {
    "padded by hand": (
        chain(
            Applied(lambda x: F.pad(x, (0, 1, 0, 1), value=-1e9)), nn.MaxPool2d(2, 1)
        ),
        layers(L.MaxPooling2D(2, 1, "same")),
    ),
    "flattened after a global pool": (
        chain(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        layers(L.GlobalAveragePooling2D()),
    ),
    "an adaptive pool for windows": (
        chain(nn.AdaptiveAvgPool2d((7, 4))),
        layers(L.AveragePooling2D((1, 2))),
    ),
    "a relu for a leaky relu of slope 0": (
        chain(nn.ReLU(), POOL),
        layers(L.LeakyReLU(negative_slope=0.0), POOL_IN_KERAS),
    ),
    "rounded up for same": (
        chain(nn.MaxPool2d(2, ceil_mode=True)),
        layers(L.MaxPooling2D(2, padding="same")),
    ),
}


@pytest.mark.parametrize(("in_torch", "in_keras"), RIGHT.values(), ids=list(RIGHT))
def test_right_models_are_the_same_and_nothing_is_named(in_torch, in_keras):
    twins, arrays = twins_of(in_torch, in_keras)
    stages, refusals = twins.run(*arrays)

    assert not refusals
    assert twins.judge(stages, arrays).verdict == SAME
    assert not diagnose(twins, arrays).explained


@pytest.mark.parametrize(("in_torch", "in_keras"), RIGHT.values(), ids=list(RIGHT))
def test_what_is_made_up_for_is_not_named_beside_a_cause(in_torch, in_keras):
    """A tanh after it in one model alone is the only cause."""
    twins, arrays = twins_of(
        lambda: nn.Sequential(in_torch(), Applied(torch.tanh)), in_keras
    )
    sentence = diagnose(twins, arrays).sentence

    assert "padding is" not in sentence
    assert "is AdaptiveAvgPool2d" not in sentence
    assert "is ReLU in PyTorch" not in sentence
