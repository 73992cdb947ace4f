"""Masks of attention: which is wrong is told, also where a query sees no key."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import compare

WORDS, SIZE, HEADS, TIME = 7, 8, 2, 5
INDICES = np.array([[1, 2, 3, 4, 5], [6, 1, 2, 0, 0], [3, 5, 0, 0, 0]])


class InPyTorch(nn.Module):
    """An embedding and an attention; the first step goes into the head.

    Args:
        mask: what is hidden.
        by_hand: whether the attention is four linear layers.
    """

    def __init__(self, mask: str, by_hand: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, SIZE)
        if by_hand:
            for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
                setattr(self, name, nn.Linear(SIZE, SIZE))
        else:
            self.attention = nn.MultiheadAttention(SIZE, HEADS, batch_first=True)
        self.head = nn.Linear(SIZE, 2)
        self.mask, self.by_hand = mask, by_hand

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.embedding(x)
        later = torch.ones(TIME, TIME).triu(1).bool()
        padding = {"padding": x == 0, "inverted": x != 0}.get(self.mask)
        if self.by_hand:
            return self.head(self.attended(h, padding)[:, 0])
        of_queries = {"causal inverted": ~later, "transposed": later.T}.get(self.mask)
        if self.mask == "ones added to what is hidden":
            of_queries = later.to(h.dtype)
        attended = self.attention(
            h, h, h, key_padding_mask=padding, attn_mask=of_queries, need_weights=False
        )[0]
        return self.head(attended[:, 0])

    def attended(self, h: torch.Tensor, padding: torch.Tensor | None) -> torch.Tensor:
        heads = []
        for layer in (self.q_proj, self.k_proj, self.v_proj):
            heads.append(layer(h).unflatten(-1, (HEADS, -1)).transpose(1, 2))
        shown = None if padding is None else ~padding[:, None, None]
        result = functional.scaled_dot_product_attention(*heads, attn_mask=shown)
        return self.out_proj(result.transpose(1, 2).flatten(2))


def in_keras(mask_zero: bool, causal: bool) -> keras.Model:
    x = keras.Input((TIME,), dtype="int64")
    h = keras.layers.Embedding(WORDS, SIZE, mask_zero=mask_zero)(x)
    layer = keras.layers.MultiHeadAttention(HEADS, SIZE // HEADS, name="attention")
    attended = layer(h, h, use_causal_mask=causal)
    return keras.Model(x, keras.layers.Dense(2)(attended[:, 0]))


def checked(torch_model: nn.Module, keras_model: keras.Model) -> compare.Evidence:
    torch.manual_seed(3)
    for parameter in torch_model.parameters():
        nn.init.normal_(parameter, std=0.7)
    return compare.check(torch_model, keras_model, INDICES, transfer="to_keras")


WRONG = {
    ("inverted", True, False): "it is inverted",
    ("causal inverted", False, True): "it is inverted",
    ("transposed", False, True): "the mask is transposed",
    ("ones added to what is hidden", False, True): "added to the scores as 1 where it",
    ("padding", False, False): "queries see the padding",
    ("", True, False): "queries see the padding",
    ("padding", True, True): "the causal mask is forgotten",
}


@pytest.mark.parametrize(("case", "sentence"), WRONG.items(), ids=str)
def test_a_wrong_mask_is_named_and_proved(case, sentence):
    mask, mask_zero, causal = case
    evidence = checked(InPyTorch(mask), in_keras(mask_zero, causal))

    assert evidence.verdict == "different"
    because = evidence.explain().split("because")[1].splitlines()
    assert sentence in because[0], evidence.explain()
    assert because[1].strip().startswith("proof")


BY_HAND = {
    ("", True): "queries see the padding",
    ("padding", False): "queries see the padding",
    ("inverted", True): "it is inverted",
}


@pytest.mark.parametrize(("case", "sentence"), BY_HAND.items(), ids=str)
def test_a_padding_mask_by_hand_is_named_and_proved(case, sentence):
    mask, mask_zero = case
    evidence = checked(InPyTorch(mask, by_hand=True), in_keras(mask_zero, False))

    assert evidence.verdict == "different"
    because = evidence.explain().split("because")[1].splitlines()
    assert sentence in because[0], evidence.explain()
    assert because[1].strip().startswith("proof")


@pytest.mark.parametrize("by_hand", [False, True])
def test_padding_that_both_sides_hide_is_no_difference(by_hand):
    evidence = checked(InPyTorch("padding", by_hand), in_keras(True, False))

    assert evidence.verdict == "same", evidence.explain()
