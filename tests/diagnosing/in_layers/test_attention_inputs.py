"""What attention is asked about: itself in the place of another sequence."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

SIZE, HEADS = 8, 2


class InPyTorch(nn.Module):
    """An attention of x to another sequence, or to itself."""

    def __init__(self, to_itself: bool) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(SIZE, HEADS, batch_first=True)
        self.head = nn.Linear(SIZE, 2)
        self.to_itself = to_itself

    def forward(self, x: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        key = x if self.to_itself else other
        return self.head(self.attention(x, key, key)[0] + other)


def in_keras(keys: str) -> keras.Model:
    x, other = keras.Input((4, SIZE)), keras.Input((4, SIZE))
    given = {"other": (other,), "itself": (x,), "x, other": (other, x)}
    given["other, x"] = (x, other)
    layer = keras.layers.MultiHeadAttention(HEADS, SIZE // HEADS)
    attended = layer(x, *given[keys])  # value, then key
    return keras.Model([x, other], keras.layers.Dense(2)(attended + other))


WRONG = {
    (True, "other"): "the attention looks at itself",
    (False, "itself"): "the attention looks at itself",
    (False, "x, other"): "takes its queries for keys too",
    (False, "other, x"): "takes its queries for values too",
}


@pytest.mark.parametrize(("case", "sentence"), WRONG.items(), ids=str)
def test_what_is_given_in_the_place_of_the_other_sequence_is_named(case, sentence):
    to_itself, keys = case
    rng = np.random.default_rng(2)
    arrays = [rng.normal(size=(3, 4, SIZE)).astype("float32") for _ in range(2)]
    evidence = compare.check(
        InPyTorch(to_itself), in_keras(keys), arrays, transfer="to_keras"
    )

    assert evidence.verdict == "different"
    because = evidence.explain().split("because")[1].splitlines()
    assert sentence in because[0], evidence.explain()
    assert because[1].strip().startswith("proof")
