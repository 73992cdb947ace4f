"""Attention that users write by hand in PyTorch, against one layer of Keras."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import compare

FEATURES, HEADS, SIZE = 8, 4, 2


SHOWN = torch.ones(5, 5).tril().bool()  # by a causal mask, to its rows' queries
MASKS = {
    "inverted": ~SHOWN,
    "transposed": SHOWN.T,
    "late": torch.ones(5, 5).tril(1).bool(),
}


class Attention(nn.Module):
    """Four linear layers; `groups` heads of keys and values.

    Args:
        groups: how many heads keys and values have.
        wrong: what is done otherwise; empty for nothing.
    """

    def __init__(self, groups: int = HEADS, wrong: str = "") -> None:
        super().__init__()
        self.groups, self.wrong = groups, wrong
        self.k_proj = nn.Linear(FEATURES, groups * SIZE)  # not in the order of Keras
        self.q_proj = nn.Linear(FEATURES, FEATURES)
        self.v_proj = nn.Linear(FEATURES, groups * SIZE)
        self.out_proj = nn.Linear(FEATURES, FEATURES)

    def projected(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Queries, keys and values, (batch, time, heads * size) each."""
        return self.q_proj(x), self.k_proj(x), self.v_proj(x)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, time, _ = x.shape
        if self.wrong == "cut without swapping":
            query, key, value = (
                part.view(batch, HEADS, time, SIZE) for part in self.projected(x)
            )
        else:
            query, key, value = (
                part.view(batch, time, -1, SIZE).transpose(1, 2)
                for part in self.projected(x)
            )
        repeats = HEADS // self.groups
        if self.wrong == "groups by turns":
            key, value = (part.repeat(1, repeats, 1, 1) for part in (key, value))
        else:
            key = key.repeat_interleave(repeats, 1)
            value = value.repeat_interleave(repeats, 1)
        scale = 1.0 if self.wrong == "scale" else SIZE**-0.5
        mask = MASKS.get(self.wrong)
        attended = functional.scaled_dot_product_attention(
            query, key, value, mask, scale=scale, is_causal=self.wrong == "causal"
        )
        if self.wrong != "time and heads":
            attended = attended.transpose(1, 2)
        return self.out_proj(attended.reshape(batch, time, FEATURES))


class Packed(Attention):
    """One linear layer for queries, keys and values; `wrong` may be how it is cut."""

    def __init__(self, wrong: str = "") -> None:
        super().__init__(HEADS, wrong)
        del self.q_proj, self.k_proj, self.v_proj, self.out_proj
        self.qkv = nn.Linear(FEATURES, 3 * FEATURES)
        self.out_proj = nn.Linear(FEATURES, FEATURES)

    def projected(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        packed = self.qkv(x)
        if self.wrong == "heads first":
            cut = packed.view(*x.shape[:2], HEADS, 3, SIZE).movedim(3, 0)
            return tuple(part.flatten(2) for part in cut)
        query, key, value = packed.chunk(3, -1)
        if self.wrong == "keys first":
            return key, query, value
        return query, key, value


class Named(Attention):
    """Four linear layers with names in the plural, those of values first."""

    def __init__(self, wrong: str = "") -> None:
        super().__init__(HEADS, wrong)
        del self.q_proj, self.k_proj, self.v_proj
        self.values = nn.Linear(FEATURES, FEATURES)
        self.keys = nn.Linear(FEATURES, FEATURES)
        self.queries = nn.Linear(FEATURES, FEATURES)

    def projected(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        value = self.values(x)
        return self.queries(x), self.keys(x), value


def in_torch(attention: nn.Module) -> nn.Module:
    """A model around attention, with random biases."""
    model = nn.Sequential(nn.Linear(6, FEATURES), attention, nn.Linear(FEATURES, 2))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter)
    return model


def in_keras(groups: int = HEADS, causal: bool = False) -> keras.Model:
    """A model around one layer of Keras."""
    x = keras.Input((5, 6))
    h = keras.layers.Dense(FEATURES)(x)
    if groups < HEADS:
        attention = keras.layers.GroupQueryAttention(SIZE, HEADS, groups)
    else:
        attention = keras.layers.MultiHeadAttention(HEADS, SIZE)
    attended = attention(h, h, use_causal_mask=causal)
    return keras.Model(x, keras.layers.Dense(2)(attended))


@pytest.fixture
def x() -> np.ndarray:
    torch.manual_seed(3)
    keras.utils.set_random_seed(3)
    return np.random.default_rng(3).normal(size=(3, 5, 6)).astype("float32")


RIGHT = {
    "four layers": (Attention, HEADS),
    "one layer for three": (Packed, HEADS),
    "two heads of keys for four of queries": (lambda: Attention(2), 2),
    "one head of keys for four of queries": (lambda: Attention(1), 1),
    "names in the plural, values first": (Named, HEADS),
}


@pytest.mark.parametrize("name", RIGHT)
def test_attention_by_hand_is_the_same_as_one_layer_of_keras(name, x):
    """Its layers are matched by their names, whatever their order, and moved."""
    attention, groups = RIGHT[name]
    evidence = compare.check(
        in_torch(attention()), in_keras(groups), x, transfer="to_keras"
    )

    assert evidence.verdict == "same", evidence.explain()


@pytest.mark.parametrize("name", RIGHT)
def test_its_weights_are_moved_there_and_back(name, x):
    attention, groups = RIGHT[name]
    torch_model, keras_model = in_torch(attention()), in_keras(groups)
    again = in_torch(attention())

    compare.transfer(torch_model, keras_model)
    compare.transfer(keras_model, again)

    expected = torch_model(torch.from_numpy(x)).detach().numpy()
    assert np.allclose(keras_model(x), expected, atol=1e-5)
    for key, tensor in torch_model.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[key]), key


WRONG = {
    "scale": (Attention(wrong="scale"), HEADS, False, "the scores are not divided"),
    "by turns": (Attention(2, "groups by turns"), 2, False, "repeated by turns"),
    "heads": (Packed("time and heads"), HEADS, False, "without swapping time and"),
    "no mask": (Attention(), HEADS, True, "the causal mask is forgotten"),
    "a mask": (Attention(wrong="causal"), HEADS, False, "do not see later steps"),
    "in groups": (Attention(2, "scale"), 2, False, "the scores are not divided"),
    "in the plural": (Named("scale"), HEADS, False, "the scores are not divided"),
    "cut": (Attention(wrong="cut without swapping"), HEADS, False, "is cut into heads"),
    "inverted": (Attention(wrong="inverted"), HEADS, True, "it is inverted"),
    "transposed": (Attention(wrong="transposed"), HEADS, True, "is transposed"),
    "late": (Attention(wrong="late"), HEADS, True, "one step after its own"),
    "heads first": (Packed("heads first"), HEADS, False, "as (heads, 3, size)"),
    "keys first": (Packed("keys first"), HEADS, False, "key, query, value"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_attention_by_hand_does_otherwise_is_named_and_proved(name, x):
    attention, groups, causal, sentence = WRONG[name]
    evidence = compare.check(
        in_torch(attention), in_keras(groups, causal), x, transfer="to_keras"
    )

    assert evidence.verdict == "different"
    because = evidence.explain().split("because")[1].splitlines()
    assert sentence in because[0], evidence.explain()
    assert because[1].strip().startswith("proof")


class Around(nn.Module):
    """A model that is one layer of attention, of keys as wide as they are to be."""

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        super().__init__()
        self.attention = attention

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        key = x[..., : self.attention.kdim]
        return self.attention(x, key, key)[0]


UNLIKE = {
    "biases": ({"bias": False}, {"key_dim": 2}, "use_bias=True in Keras"),
    "size of a head": ({}, {"key_dim": 8}, "build Keras's with key_dim=2"),
    "size of values": ({}, {"key_dim": 2, "value_dim": 3}, "and no value_dim"),
    "features of keys": ({"kdim": 6, "vdim": 6}, {"key_dim": 2}, "its kdim and vdim"),
}


@pytest.mark.parametrize("name", UNLIKE)
def test_one_layer_that_has_no_twin_is_told_what_to_build_otherwise(name, x):
    in_pytorch, settings, advice = UNLIKE[name]
    inputs = keras.Input((5, FEATURES))
    attended = keras.layers.MultiHeadAttention(HEADS, **settings)(inputs, inputs)
    torch_model = nn.MultiheadAttention(FEATURES, HEADS, batch_first=True, **in_pytorch)

    with pytest.raises(compare.BadInput) as refused:
        compare.check(
            Around(torch_model),
            keras.Model(inputs, attended),
            np.zeros((3, 5, FEATURES), "float32"),
            transfer="to_keras",
        )

    assert advice in str(refused.value)
