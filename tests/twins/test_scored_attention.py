"""Attention without projections: by hand in PyTorch, Attention or AdditiveAttention."""

from __future__ import annotations

import re
from collections.abc import Callable

import keras
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import compare

SIZE = 6


class Scored(nn.Module):
    """Values weighed by how queries fit keys, which are the values.

    Args:
        score: "dot", "concat" or "additive", as Keras's layers compute them.
        scaled: whether it holds a scale.
        causal: whether later steps are hidden.
        divided: whether the scores are divided by the root of the size.
    """

    def __init__(
        self,
        score: str = "dot",
        scaled: bool = False,
        causal: bool = False,
        divided: bool = False,
    ) -> None:
        super().__init__()
        self.score, self.causal, self.divided = score, causal, divided
        if scaled:
            shape = (SIZE,) if score == "additive" else ()
            self.scale = nn.Parameter(torch.rand(shape) + 0.5)
        else:
            self.scale = 1.0
        if score == "concat":
            self.concat_score_weight = nn.Parameter(torch.rand(()) + 0.5)

    def forward(self, query: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        if self.divided:
            return functional.scaled_dot_product_attention(
                query, value, value, is_causal=self.causal
            )
        added = query[:, :, None] + value[:, None]
        if self.score == "additive":
            scores = (self.scale * torch.tanh(added)).sum(-1)
        elif self.score == "concat":
            scores = self.concat_score_weight * torch.tanh(self.scale * added).sum(-1)
        else:
            scores = self.scale * (query @ value.transpose(1, 2))
        if self.causal:
            later = torch.ones_like(scores[0]).triu(1).bool()
            scores = scores.masked_fill(later, -torch.inf)
        return scores.softmax(-1) @ value


class InPyTorch(nn.Module):
    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.query, self.value = nn.Linear(4, SIZE), nn.Linear(4, SIZE)
        self.attention = attention
        self.head = nn.Linear(SIZE, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.attention(self.query(x), self.value(x)))


def in_keras(layer: keras.Layer, causal: bool = False) -> keras.Model:
    x = keras.Input((5, 4))
    query, value = keras.layers.Dense(SIZE)(x), keras.layers.Dense(SIZE)(x)
    attended = layer([query, value], use_causal_mask=causal)
    return keras.Model(x, keras.layers.Dense(2)(attended))


def checked(attention: nn.Module, keras_model: keras.Model) -> compare.Evidence:
    torch.manual_seed(3)
    model = InPyTorch(attention)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.7)
    x = np.random.default_rng(3).normal(size=(3, 5, 4)).astype("float32")
    return compare.check(model, keras_model, x, transfer="to_keras")


DOT, ADDITIVE = keras.layers.Attention, keras.layers.AdditiveAttention
Make = Callable[[], keras.Layer]
RIGHT: dict[str, tuple[Scored, Make, bool]] = {
    "dot": (Scored(), DOT, False),
    "dot, causal": (Scored(causal=True), DOT, True),
    "dot with a scale": (Scored(scaled=True), lambda: DOT(use_scale=True), False),
    "dot with a scale, causal": (
        Scored(scaled=True, causal=True),
        lambda: DOT(use_scale=True),
        True,
    ),
    "concat": (Scored("concat"), lambda: DOT(score_mode="concat"), False),
    "concat with a scale": (
        Scored("concat", scaled=True),
        lambda: DOT(score_mode="concat", use_scale=True),
        False,
    ),
    "additive": (Scored("additive"), lambda: ADDITIVE(use_scale=False), False),
    "additive with scales": (Scored("additive", scaled=True), ADDITIVE, False),
    "additive with scales, causal": (
        Scored("additive", scaled=True, causal=True),
        ADDITIVE,
        True,
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_attention_by_hand_is_the_same_with_the_scales_that_it_holds(name):
    attention, layer, causal = RIGHT[name]
    evidence = checked(attention, in_keras(layer(), causal))

    assert evidence.verdict == "same", evidence.explain()


WRONG: dict[str, tuple[Scored, Make, bool, str]] = {
    "divided": (Scored(divided=True), DOT, False, r"query value\^T / sqrt\(size\)"),
    "causal in Keras": (Scored(), DOT, True, "Keras takes .*without later steps,"),
    "causal in PyTorch": (
        Scored(causal=True),
        DOT,
        False,
        "PyTorch takes .*without later steps$",
    ),
    "other scores": (
        Scored(),
        lambda: ADDITIVE(use_scale=False),
        False,
        "the sum of tanh",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_scored_attention_does_otherwise_is_told_and_proved(name):
    attention, layer, causal, words = WRONG[name]
    evidence = checked(attention, in_keras(layer(), causal))

    assert evidence.verdict == "different"
    because = evidence.explain().split("because")[1].splitlines()
    assert re.search(words, because[0]), because[0]
    assert because[1].strip().startswith("proof")
