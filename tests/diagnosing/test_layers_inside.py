"""A model that holds parameters beside its layers is no place among them."""

import keras
import numpy as np
import torch
from keras import layers
from torch import nn

import compare
from compare.judging.evidence import Evidence

X = np.random.default_rng(0).normal(0, 1, (4, 6, 5)).astype("float32")


class InPyTorch(nn.Module):
    """Positions that the model itself holds, then a norm, and a dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.randn(1, 6, 5))
        self.norm = nn.LayerNorm(5)
        self.head = nn.Linear(5, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(x + self.positions))


class Positions(layers.Layer):
    def build(self, shape: tuple[int, ...]) -> None:
        self.positions = self.add_weight(shape=(1, *shape[1:]), name="positions")

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        return x + self.positions


def evidence(epsilon: float) -> Evidence:
    torch.manual_seed(0)
    first = InPyTorch()
    second = keras.Sequential(
        [
            keras.Input((6, 5)),
            Positions(),
            layers.LayerNormalization(epsilon=epsilon),
            layers.Dense(3),
        ]
    )
    return compare.check(first, second, X, "to_keras")


def test_what_differs_in_a_layer_is_the_whole_cause():
    explanation = evidence(epsilon=0.1).results[0].explanation

    assert explanation.explained
    assert explanation.sentence.startswith("in norm, the epsilon")


def test_a_right_pair_is_the_same():
    assert evidence(epsilon=1e-5).verdict == "same"
