"""Layers that Keras alone has: their settings, and what is said without a twin."""

from __future__ import annotations

from inspect import Parameter, signature

import keras
import numpy as np
import pytest
import torch
from by_hand_layers import Attention, GroupQueryAttention
from torch import nn

import compare
from compare.kinds import IN_KERAS_ALONE
from compare.kinds.option import REQUIRED

X = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
OPTIONS = [
    pytest.param(kind, option, id=f"{kind.name} {option.name}")
    for kind in IN_KERAS_ALONE
    for option in kind.options
]
SIZES = {
    "GroupQueryAttention": {
        "head_dim": 4,
        "num_query_heads": 4,
        "num_key_value_heads": 2,
    }
}


@pytest.mark.parametrize(("kind", "option"), OPTIONS)
def test_a_setting_is_read_and_has_another_way_in_pytorch(kind, option):
    cls = getattr(keras.layers, kind.name)
    if option.keras not in signature(cls.__init__).parameters:
        pytest.skip(f"Keras {keras.__version__} has no {option.keras}")
    default = signature(cls.__init__).parameters[option.keras].default
    settings = SIZES.get(kind.name, {})
    plain = option.of_layer("keras", cls(**settings))
    changed = {**settings, option.keras: option.sample[1]}

    if option.keras_default == REQUIRED:
        assert default is Parameter.empty
    else:
        assert default == option.keras_default
        assert plain == option.read(default)
    assert option.of_layer("keras", cls(**changed)) != plain
    assert len(option.instead) > 5


class InPyTorch(nn.Module):
    """Attention, then a dense layer."""

    def __init__(self, attention: nn.Module) -> None:
        super().__init__()
        self.attention, self.head = attention, nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result = self.attention(x, x, x)
        return self.head(result[0] if isinstance(result, tuple) else result)


def in_keras(layer: keras.Layer) -> keras.Model:
    x = keras.Input(X.shape[1:])
    scored = isinstance(layer, keras.layers.Attention)
    attended = layer([x, x]) if scored else layer(x, x)
    return keras.Model(x, keras.layers.Dense(2)(attended))


def checked(attention: nn.Module, layer: keras.Layer) -> compare.Evidence:
    return compare.check(InPyTorch(attention), in_keras(layer), X, transfer="to_keras")


def grouped(groups: int, **options: bool) -> keras.Layer:
    return keras.layers.GroupQueryAttention(4, 2, groups, **options)


def test_attention_of_pytorch_is_the_same_as_groups_of_one_head():
    attention = nn.MultiheadAttention(8, 2, batch_first=True)

    assert checked(attention, grouped(2)).verdict == "same"


def test_other_heads_of_the_same_sizes_in_all_are_named():
    """Sizes alone do not tell 2 heads of 4 features from 4 heads of 2."""
    evidence = checked(nn.MultiheadAttention(8, 4, batch_first=True), grouped(2))

    assert evidence.verdict == "different"
    assert "heads" in evidence.explain().split("because")[1].splitlines()[0]


REFUSED = {
    "fewer keys": (
        lambda: nn.MultiheadAttention(8, 2, batch_first=True),
        lambda: grouped(1),
        "2 heads of queries and 1 of keys and values.*enable_gqa=True",
    ),
    "a gate": (
        lambda: GroupQueryAttention(8, 4, 2, 1),
        lambda: grouped(1, use_gate=True),
        r"has a gate \(use_gate=True\).*a fifth Linear",
    ),
    "a scale": (
        Attention,
        lambda: keras.layers.Attention(use_scale=True),
        r"holds scale.*nn.Parameter\(torch.ones\(\(\)\)\).*use_scale=False",
    ),
    "a weight of scores": (
        Attention,
        lambda: keras.layers.Attention(score_mode="concat"),
        r"holds concat_score_weight.*torch.tanh.*score_mode=.dot",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_pytorch_lacks_is_said_with_what_to_write(name):
    attention, layer, words = REFUSED[name]
    if (
        name == "a gate"
        and "use_gate"
        not in signature(keras.layers.GroupQueryAttention.__init__).parameters
    ):
        pytest.skip("this Keras has no gate")
    with pytest.raises(compare.BadInput, match=words):
        checked(attention(), layer())
