"""Norms before a sublayer on one side and after its residual on the other."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import compare

SIZE, HEADS = 8, 2


class Block(nn.Module):
    """A transformer block as tutorials write it.

    Args:
        norm_first: whether norms stand before attention and feed-forward.
        activation: of the feed-forward.
    """

    def __init__(self, norm_first: bool, activation: str = "relu") -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(SIZE, HEADS, batch_first=True)
        self.norm1, self.norm2 = nn.LayerNorm(SIZE), nn.LayerNorm(SIZE)
        self.linear1, self.linear2 = nn.Linear(SIZE, 12), nn.Linear(12, SIZE)
        self.norm_first, self.activation = norm_first, getattr(functional, activation)

    def attended(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, need_weights=False)[0]

    def fed_forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear2(self.activation(self.linear1(x)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.norm_first:
            x = x + self.attended(self.norm1(x))
            return x + self.fed_forward(self.norm2(x))
        x = self.norm1(x + self.attended(x))
        return self.norm2(x + self.fed_forward(x))


def in_torch(norm_first: bool, head: bool, activation: str = "relu") -> nn.Module:
    torch.manual_seed(3)
    layers = [nn.Linear(6, SIZE), Block(norm_first, activation)]
    model = (
        nn.Sequential(*layers, nn.Linear(SIZE, 2)) if head else nn.Sequential(*layers)
    )
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


def in_keras(norm_first: bool, head: bool) -> keras.Model:
    inputs = keras.Input((4, 6))
    x = keras.layers.Dense(SIZE)(inputs)
    attention = keras.layers.MultiHeadAttention(HEADS, SIZE // HEADS)
    norm1 = keras.layers.LayerNormalization(epsilon=1e-5)
    norm2 = keras.layers.LayerNormalization(epsilon=1e-5)
    linear1 = keras.layers.Dense(12, activation="relu")
    linear2 = keras.layers.Dense(SIZE)
    if norm_first:
        normed = norm1(x)
        x = x + attention(normed, normed)
        x = x + linear2(linear1(norm2(x)))
    else:
        x = norm1(x + attention(x, x))
        x = norm2(x + linear2(linear1(x)))
    return keras.Model(inputs, keras.layers.Dense(2)(x) if head else x)


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(3, 4, 6)).astype("float32")


@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("norm_first", [True, False])
def test_norms_that_stand_elsewhere_are_named_and_proved(norm_first, head, x):
    evidence = compare.check(
        in_torch(norm_first, head), in_keras(not norm_first, head), x, "to_keras"
    )

    places = {
        True: "before each branch, within the residual (pre-norm)",
        False: "after each residual is added (post-norm)",
    }
    because = evidence.explain().split("because")[1].splitlines()
    assert (
        because[0]
        .strip()
        .startswith(
            f"the norms `1.norm1` and `1.norm2` stand {places[norm_first]} in PyTorch"
        )
    )
    assert because[0].endswith(f"{places[not norm_first]} in Keras")
    assert because[1].strip().startswith("proof")


def test_what_else_differs_is_told_beside_the_norms(x):
    evidence = compare.check(
        in_torch(True, True, "gelu"), in_keras(False, True), x, "to_keras"
    )

    because = evidence.explain().split("because")[1].splitlines()[0]
    assert "the norms 1.norm1 and 1.norm2 stand" in because
    assert "Keras has a relu, PyTorch has a gelu" in because


def test_norms_that_stand_alike_are_no_difference(x):
    for norm_first in (True, False):
        evidence = compare.check(
            in_torch(norm_first, True), in_keras(norm_first, True), x, "to_keras"
        )

        assert evidence.verdict == "same", evidence.explain()
