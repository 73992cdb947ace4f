"""Masks of attention that are neither causal nor of padding: what they hide is told."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

SIZE, HEADS, TIME, WORDS = 8, 2, 7, 9
DISTANCES = np.arange(TIME)[:, None] - np.arange(TIME)  # (query, key)
INDICES = np.array([[1, 2, 3, 4, 5, 6, 7], [8, 1, 2, 3, 0, 0, 0]])
SHOWN = {
    "all": None,
    "near": abs(DISTANCES) <= 2,
    "nearer": abs(DISTANCES) <= 1,
    "later": DISTANCES <= 0,
    "one ahead": DISTANCES >= -1,
    "causal": DISTANCES >= 0,
    "past": (DISTANCES >= 0) & (DISTANCES <= 2),
    "others": DISTANCES != 0,
}


class InPyTorch(nn.Module):
    """An embedding and an attention.

    Args:
        shown: by its name in SHOWN, what a query sees.
        hides_padding: whether words of 0 are hidden.
    """

    def __init__(self, shown: str, hides_padding: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(WORDS, SIZE)
        self.attention = nn.MultiheadAttention(SIZE, HEADS, batch_first=True)
        self.shown, self.hides_padding = SHOWN[shown], hides_padding

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.embedding(x)
        hidden = None if self.shown is None else torch.as_tensor(~self.shown)
        padding = (x == 0) if self.hides_padding else None
        attended, _ = self.attention(
            h, h, h, attn_mask=hidden, key_padding_mask=padding
        )
        return attended


class InKeras(keras.Model):
    """The same; arguments as above."""

    def __init__(self, shown: str, hides_padding: bool = False) -> None:
        super().__init__()
        self.embedding = keras.layers.Embedding(WORDS, SIZE)
        self.attention = keras.layers.MultiHeadAttention(HEADS, SIZE // HEADS)
        self.shown, self.hides_padding = SHOWN[shown], hides_padding

    def call(self, x):
        h = self.embedding(x)
        mask = None if self.shown is None else keras.ops.array(self.shown[None])
        if self.hides_padding:
            keys = keras.ops.not_equal(x, 0)[:, None]
            mask = keys if mask is None else keras.ops.logical_and(mask, keys)
        return self.attention(h, h, attention_mask=mask)


def explained(torch_model: nn.Module, keras_model: keras.Model) -> str:
    torch.manual_seed(3)
    for parameter in torch_model.parameters():
        nn.init.normal_(parameter, std=0.7)
    keras_model(INDICES)
    evidence = compare.check(torch_model, keras_model, INDICES, transfer="to_keras")
    assert evidence.verdict == "different"
    text = str(evidence.explain())
    assert "  proof " in text, text
    return text


FORGOTTEN = {
    "near": "hides steps farther than 2 from the query's own",
    "later": "hides earlier steps",
    "one ahead": "hides steps more than 1 after the query's own",
    "past": "hides later steps, and steps more than 2 before the query's own",
    "others": "hides a query's own step",
}


@pytest.mark.parametrize(("shown", "words"), FORGOTTEN.items(), ids=str)
def test_a_mask_that_a_side_lacks_is_told_by_what_it_hides(shown, words):
    text = explained(InPyTorch(shown), InKeras("all"))

    because = text.split("because")[1].splitlines()[0]
    assert f"of Keras, the attention mask is forgotten that {words}" in because, text
    assert "give no attention mask" in text.split("or else")[1]
    assert "the padding" not in text


@pytest.mark.parametrize("shown", FORGOTTEN)
def test_the_mask_that_is_printed_for_either_side_is_the_one_that_is_missing(shown):
    text = explained(InPyTorch(shown), InKeras("all"))
    code = text.split("attention_mask=")[1].split(", with i")[0]
    mask = eval(code, {"i": np.arange(TIME)})
    np.testing.assert_array_equal(mask, SHOWN[shown][None])

    text = explained(InPyTorch("all"), InKeras(shown))
    code = text.split("attn_mask=")[1].split(", with i")[0]
    mask = eval(code, {"i": torch.arange(TIME)})
    np.testing.assert_array_equal(mask, ~SHOWN[shown])


def test_a_window_is_forgotten_where_both_sides_hide_the_padding():
    text = explained(InPyTorch("near", True), InKeras("all", True))

    because = text.split("because")[1].splitlines()[0]
    assert "of Keras, the attention mask is forgotten that hides steps" in because
    assert "and hide the padding too" in text
    assert "give a mask of the padding alone" in text


def test_two_masks_that_are_unlike_are_told_each():
    text = explained(InPyTorch("near"), InKeras("nearer"))

    because = text.split("because")[1].splitlines()[0]
    assert "PyTorch's hides steps farther than 2" in because, text
    assert "Keras's hides steps farther than 1" in because


def test_a_causal_mask_off_by_one_is_not_mended_by_giving_none():
    text = explained(InPyTorch("one ahead"), InKeras("causal"))

    assert "the causal mask is off by one" in text.split("because")[1].splitlines()[0]
    assert "leave out use_causal_mask" not in text


def test_a_padding_mask_forgotten_beside_a_causal_one_is_the_only_reading():
    text = explained(InPyTorch("causal"), InKeras("causal", True))

    assert "queries see the padding" in text.split("because")[1].splitlines()[0]
    assert "key_padding_mask alone" not in text


def test_later_steps_that_one_side_alone_hides_may_be_shown_there():
    """The alternative that is true stays: the rest of the masks is of padding."""
    text = explained(InPyTorch("all", True), InKeras("causal", True))

    assert "the causal mask is forgotten" in text.split("because")[1].splitlines()[0]
    assert "leave out use_causal_mask" in text.split("or else")[1]
