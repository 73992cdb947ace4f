"""Convolutions that one side pads with other numbers, some of them before the layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import compare

KL = keras.layers
AROUND = ((1, 1), (2, 2))  # before and after each axis
X = np.random.default_rng(0).normal(size=(2, 7, 8, 3)).astype(np.float32)


class InTorch(nn.Module):
    """Images, channels last, padded by the layer or by F.pad before it."""

    def __init__(self, mode: str, before: bool = False):
        super().__init__()
        self.mode, self.before = mode, before
        if before:
            self.conv = nn.Conv2d(3, 4, (3, 5))
        else:
            self.conv = nn.Conv2d(3, 4, (3, 5), padding=(1, 2), padding_mode=mode)
        self.head = nn.Conv2d(4, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.permute(0, 3, 1, 2)
        if self.before:
            x = F.pad(x, (2, 2, 1, 1), mode=self.mode)
        return self.head(torch.relu(self.conv(x))).permute(0, 2, 3, 1)


class InKeras(keras.Model):
    """The same, padded before the layer, or by the layer where no mode is given."""

    def __init__(self, mode: str):
        super().__init__()
        self.mode = mode
        padding = "valid" if mode else "same"
        self.conv = KL.Conv2D(4, (3, 5), padding=padding, activation="relu")
        self.head = KL.Conv2D(2, 1)

    def call(self, x):
        if self.mode:
            x = keras.ops.pad(x, ((0, 0), *AROUND, (0, 0)), mode=self.mode)
        return self.head(self.conv(x))


def cause(in_torch: str, in_keras: str) -> str:
    words = f'is "{in_torch}" in PyTorch, "{in_keras}" in Keras'
    return f"because   in conv, what is padded with {words}\n"


def checked(in_torch: nn.Module, mode: str) -> compare.Evidence:
    in_keras = InKeras(mode)
    in_keras(X)
    return compare.check(in_torch, in_keras, X, "to_keras")


@pytest.mark.parametrize(
    ("of_torch", "of_keras", "word"),
    [
        ("zeros", "reflect", "reflect"),
        ("zeros", "symmetric", "symmetric"),
        ("reflect", "symmetric", "symmetric"),
        ("reflect", "constant", "zeros"),
        ("circular", "reflect", "reflect"),
        ("replicate", "symmetric", "symmetric"),
    ],
)
def test_what_is_padded_with_before_a_layer_of_keras_is_named(of_torch, of_keras, word):
    evidence = checked(InTorch(of_torch), of_keras)

    assert evidence.verdict == "different"
    assert cause(of_torch, word) in str(evidence.explain())


def test_what_is_padded_with_before_a_layer_of_pytorch_is_named():
    evidence = checked(InTorch("reflect", before=True), "")

    assert cause("reflect", "zeros") in str(evidence.explain())


@pytest.mark.parametrize(
    ("of_torch", "of_keras"),
    [
        ("reflect", "constant"),
        ("constant", "symmetric"),
        ("reflect", "symmetric"),
        ("replicate", "symmetric"),
        ("circular", "reflect"),
    ],
)
def test_what_both_are_padded_with_before_the_layer_is_named(of_torch, of_keras):
    explained = str(checked(InTorch(of_torch, before=True), of_keras).explain())

    words = [mode.replace("constant", "zeros") for mode in (of_torch, of_keras)]
    assert cause(*words) in explained


@pytest.mark.parametrize("before", [False, True])
def test_reflecting_before_the_layer_and_in_it_are_the_same(before):
    assert checked(InTorch("reflect", before), "reflect").verdict == "same"


def test_the_fix_of_a_mirrored_padding_does_that_in_pytorch():
    explained = str(checked(InTorch("zeros"), "symmetric").explain())
    start, end = explained.index("x = torch.cat"), explained.index(" before it")
    lines = explained[start:end].split(" and ")
    given = {"x": torch.from_numpy(X).permute(0, 3, 1, 2), "torch": torch}
    for line in lines:
        exec(line, given)

    right = np.pad(X, ((0, 0), *AROUND, (0, 0)), mode="symmetric")
    assert np.array_equal(given["x"].permute(0, 2, 3, 1).numpy(), right)
