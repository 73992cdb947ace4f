"""Images that one side alone reads as BGR."""

import keras
import numpy as np
import pytest
import torch

import compare

X = np.random.default_rng(8).normal(size=(2, 3, 8, 8)).astype("float32")


class Model(torch.nn.Module):
    def __init__(self, is_reversed):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.is_reversed = is_reversed

    def forward(self, x):
        return torch.relu(self.conv(x[:, [2, 1, 0]] if self.is_reversed else x))


def in_keras(is_reversed):
    conv = keras.layers.Conv2D(4, 3, activation="relu")
    x = keras.Input((8, 8, 3))
    return keras.Model(x, conv(x[..., ::-1] if is_reversed else x))


@pytest.mark.parametrize("side", ["torch", "keras"])
def test_the_channels_are_named_with_the_code_of_either_side(side):
    first, second = Model(side == "torch"), in_keras(side == "keras")
    text = compare.check(first, second, X, "to_keras").explain()

    assert "the channels reversed, as BGR for RGB" in text
    fix = "x[..., ::-1]" if side == "torch" else "x.flip(1)"
    assert f"have the channels reversed, {fix}" in text
