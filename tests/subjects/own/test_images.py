"""Models of images: each gets them in its own layout, and what differs is named."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from images import (
    CHANNELS,
    IMAGES,
    IMAGES_FIRST,
    ToImages,
    in_keras,
    in_pytorch,
    to_images_in_keras,
)

import compare


def explained(evidence) -> str:
    """The sentence of a run that is different."""
    assert evidence.verdict == "different"
    sentences = {r.explanation.sentence for r in evidence.results if r.explanation}
    (sentence,) = sentences
    return sentence


# ----------------------------------------------------------------------------- layouts


@pytest.mark.parametrize("transfer", ["to_keras", "to_torch"])
def test_a_model_that_permutes_is_given_what_the_user_gives(transfer):
    evidence = compare.check(in_pytorch(permutes=True), in_keras(), IMAGES, transfer)

    assert evidence.verdict == "same"
    assert not any("channels" in note for note in evidence.notes)


@pytest.mark.parametrize(
    ("x", "words"),
    [(IMAGES, "its last axis second"), (IMAGES_FIRST, "channels last")],
    ids=["last", "second"],
)
def test_each_model_is_given_images_in_its_own_layout(x, words):
    """Whichever of the two the user gives; a note says what was done."""
    evidence = compare.check(in_pytorch(), in_keras(), x, "to_keras")

    assert evidence.verdict == "same"
    (note,) = (note for note in evidence.notes if "PyTorch's model" in note)
    assert words in note


def test_images_that_models_return_are_compared_with_the_channels_last():
    evidence = compare.check(ToImages(), to_images_in_keras(), IMAGES_FIRST, "to_torch")

    assert evidence.verdict == "same"


def test_images_that_fit_neither_layout_are_refused():
    x = np.zeros((2, 5, 7, 6), np.float32)

    with pytest.raises(compare.BadInput, match="to have 4 channels, but got 5"):
        compare.check(in_pytorch(), in_keras(), x)


class Normed(ToImages):
    """Images that go through a norm that Keras's twin does not have."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.GroupNorm(1, CHANNELS)

    def forward(self, x):
        return super().forward(self.norm(x))


def test_a_layer_without_a_twin_is_told_whatever_the_layout():
    """Not that Keras's model does not take images with the channels second."""
    with pytest.raises(compare.BadInput, match="norm GroupNorm"):
        compare.check(Normed(), to_images_in_keras(), IMAGES_FIRST, "to_keras")


# --------------------------------------------------------------------------- mistakes


def test_flattening_with_channels_in_another_place_is_named():
    """PyTorch flattens channel by channel, Keras position by position."""
    right = in_pytorch(flattens=True, channels_last=True)
    wrong = in_pytorch(flattens=True)
    keras = in_keras(flattens=True)

    assert compare.check(right, keras, IMAGES, "to_keras").verdict == "same"
    sentence = explained(compare.check(wrong, keras, IMAGES, "to_keras"))
    assert "PyTorch takes all positions, channel by channel" in sentence


@pytest.mark.parametrize(
    ("in_torch", "of_keras", "words"),
    [
        ({"stride": 2}, {}, "stride is (2, 2) in PyTorch, (1, 1) in Keras"),
        ({}, {"strides": (1, 2)}, "stride is (1, 1) in PyTorch, (1, 2) in Keras"),
        ({}, {"dilation_rate": 2}, "dilation is (1, 1) in PyTorch, (2, 2) in Keras"),
        ({}, {"padding": "same"}, "padding is"),
        (
            {"padding": 1, "stride": 2},
            {"padding": "same", "strides": 2},
            "((0, 1), (1, 1)) before and after each axis",
        ),
        (
            {"padding": 1, "padding_mode": "circular"},
            {"padding": "same"},
            'what is padded with is "circular" in PyTorch, "zeros" in Keras',
        ),
    ],
)
def test_a_setting_of_a_convolution_that_is_another_is_named(in_torch, of_keras, words):
    torch, keras = in_pytorch(**in_torch), in_keras(**of_keras)

    assert words in explained(compare.check(torch, keras, IMAGES, "to_keras"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda kernel: kernel.swapaxes(0, 1), "has height and width exchanged"),
        (lambda kernel: kernel[::-1], "is reversed in height"),
        (lambda kernel: kernel[:, ::-1], "is reversed in width"),
        (lambda kernel: kernel[::-1, ::-1], "is reversed in height and width"),
    ],
)
def test_a_kernel_that_is_misread_is_named(change, words):
    torch, keras = in_pytorch(), in_keras()
    compare.transfer(torch, keras)
    conv = keras.get_layer("conv")
    kernel, bias = conv.get_weights()
    conv.set_weights([change(kernel), bias])

    assert words in explained(compare.check(torch, keras, IMAGES))
