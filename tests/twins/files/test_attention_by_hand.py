"""Files of attention that is linear layers in PyTorch and one layer in Keras."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from compare.errors import BadInput
from compare.twins.files.transfer import transfer_files

FEATURES, HEADS, SIZE = 8, 4, 2


class Separate(nn.Module):
    """Four linear layers, those of keys before those of queries."""

    def __init__(self, groups: int = HEADS, letters: str = "qkv") -> None:
        super().__init__()
        outputs = {"q": FEATURES, "k": groups * SIZE, "v": groups * SIZE}
        self.names = {}
        for letter, name in zip(
            "kqv", (letters[1], letters[0], letters[2]), strict=True
        ):
            self.names[letter] = f"{name}_proj"
            setattr(self, self.names[letter], nn.Linear(FEATURES, outputs[letter]))
        self.out_proj = nn.Linear(FEATURES, FEATURES)

    def projected(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [getattr(self, self.names[letter])(x) for letter in "qkv"]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        heads = []
        for part in self.projected(x):
            heads.append(part.view(*x.shape[:2], -1, SIZE).transpose(1, 2))
        attended = functional.scaled_dot_product_attention(*heads, enable_gqa=True)
        return self.out_proj(attended.transpose(1, 2).reshape(x.shape))


class Packed(Separate):
    """One linear layer for queries, keys and values."""

    def __init__(self) -> None:
        super().__init__()
        del self.q_proj, self.k_proj, self.v_proj
        self.qkv = nn.Linear(FEATURES, 3 * FEATURES)

    def projected(self, x: torch.Tensor) -> list[torch.Tensor]:
        return list(self.qkv(x).chunk(3, -1))


def in_torch(attention: nn.Module) -> nn.Module:
    torch.manual_seed(3)
    model = nn.Module()
    model.first, model.attention = nn.Linear(6, FEATURES), attention
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


def in_keras(groups: int = HEADS) -> keras.Model:
    keras.utils.set_random_seed(4)
    x = keras.Input((5, 6))
    h = keras.layers.Dense(FEATURES, name="first")(x)
    if groups < HEADS:
        layer = keras.layers.GroupQueryAttention(
            SIZE, HEADS, groups, bias_initializer="normal", name="attention"
        )
    else:
        layer = keras.layers.MultiHeadAttention(
            HEADS, SIZE, bias_initializer="normal", name="attention"
        )
    return keras.Model(x, layer(h, h))


def assert_same(torch_model: nn.Module, keras_model: keras.Model) -> None:
    x = np.random.default_rng(5).normal(size=(3, 5, 6)).astype("float32")
    with torch.no_grad():
        by_torch = torch_model.attention(torch_model.first(torch.from_numpy(x)))
    assert np.abs(by_torch.numpy() - keras_model(x)).max() < 1e-5


CASES = {
    "four layers": (Separate, HEADS, ".keras"),
    "four layers, weights alone": (Separate, HEADS, ".weights.h5"),
    "one layer for three": (Packed, HEADS, ".keras"),
    "heads that share keys": (lambda: Separate(2), 2, ".keras"),
    "heads that share keys, weights alone": (lambda: Separate(2), 2, ".weights.h5"),
}


@pytest.mark.parametrize("name", CASES)
def test_linear_layers_go_into_a_file_of_one_layer_and_back(name: str, tmp_path: Path):
    attention, groups, ending = CASES[name]
    source, target = in_torch(attention()), in_keras(groups)
    torch_file, keras_file = tmp_path / "torch.pt", tmp_path / f"keras{ending}"
    torch.save(source.state_dict(), torch_file)
    save = target.save if ending == ".keras" else target.save_weights
    save(keras_file)

    transfer_files(str(torch_file), str(keras_file))
    target.load_weights(keras_file)
    assert_same(source, target)

    rng = np.random.default_rng(7)
    target.set_weights([rng.normal(0, 0.3, w.shape) for w in target.get_weights()])
    save(keras_file)
    transfer_files(str(keras_file), str(torch_file))
    source.load_state_dict(torch.load(torch_file))
    assert_same(source, target)


def test_names_that_do_not_tell_are_refused_and_told_by_the_user(tmp_path: Path):
    """Four layers of one size: the advice, followed, moves them."""
    source, target = in_torch(Separate(letters="abc")), in_keras()
    torch_file, keras_file = str(tmp_path / "a.pt"), str(tmp_path / "a.keras")
    torch.save(source.state_dict(), torch_file)
    target.save(keras_file)
    with pytest.raises(BadInput, match="--names"):
        transfer_files(torch_file, keras_file)

    names = {
        "out_proj": "output",
        "a_proj": "query",
        "b_proj": "key",
        "c_proj": "value",
    }
    full = {f"attention.{own}": f"attention.{twin}" for own, twin in names.items()}
    transfer_files(torch_file, keras_file, names=full)
    target.load_weights(keras_file)

    assert_same(source, target)
