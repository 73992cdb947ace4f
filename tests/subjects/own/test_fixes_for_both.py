"""A fix is printed for each side, and works in the framework that it names."""

import keras
import numpy as np
import pytest
import torch
from own_cases import FEATURES, X, check, in_pytorch

import compare

layers, ops = keras.layers, keras.ops
WORDS = np.random.default_rng(0).integers(0, 12, (4, 6))


def typed(kind_in_torch, kind_in_keras):
    """Words with a type each, one of two, as both sides say it."""

    def forward(model, words):
        kinds = torch.full_like(words, kind_in_torch)
        return model.head(model.word(words) + model.kind(kinds))

    first = in_pytorch(
        forward,
        word=torch.nn.Embedding(12, 5),
        kind=torch.nn.Embedding(2, 5),
        head=torch.nn.Linear(5, 3),
    )
    words = keras.Input((None,), dtype="int32")
    kinds = layers.Embedding(2, 5)(ops.zeros_like(words) + kind_in_keras)
    summed = layers.Embedding(12, 5)(words) + kinds
    return first, keras.Model(words, layers.Dense(3)(summed))


@pytest.mark.parametrize(
    ("kinds", "in_torch", "in_keras"),
    [((0, 1), "low", "high"), ((1, 0), "high", "low")],
)
def test_shifted_indices_of_two_rows_are_told_in_the_right_direction(
    kinds, in_torch, in_keras
):
    """With the first row after the last, either direction would make the other."""
    text = check(*typed(*kinds), WORDS).explain()

    asked = "the indices that the embedding is asked for are one too"
    assert f"kind of PyTorch, {asked} {in_torch}" in text
    assert f"of Keras, {asked} {in_keras}" in text
    assert text.count("one too") == 2


def attending(in_torch, *in_keras):
    first = in_pytorch(
        lambda m, x: m.attention(x, x, x)[0],
        attention=torch.nn.MultiheadAttention(8, in_torch, batch_first=True),
    )
    x = keras.Input((None, 8))
    return first, keras.Model(x, layers.MultiHeadAttention(*in_keras)(x, x))


def test_other_heads_in_keras_have_another_size_as_well():
    """With num_heads alone its arrays would be of other shapes than before."""
    x = np.random.default_rng(0).normal(size=(4, 5, 8)).astype("float32")
    text = check(*attending(4, 2, 4), x).explain()

    assert "PyTorch: num_heads=2 or" in text
    assert "of Keras: num_heads=4, key_dim=2" in text
    assert check(*attending(2, 2, 4), x).verdict == "same"
    assert check(*attending(4, 4, 2), x).verdict == "same"


def ending(in_torch, in_keras):
    first = in_pytorch(
        lambda m, x: torch.softmax(m.head(x), in_torch),
        head=torch.nn.Linear(FEATURES, 3),
    )
    x = keras.Input((FEATURES,))
    return first, keras.Model(x, layers.Softmax(axis=in_keras)(layers.Dense(3)(x)))


@pytest.mark.parametrize("axes", [(0, -1), (-1, 0)])
def test_a_softmax_over_the_batch_at_the_end_is_mended_on_either_side(axes):
    text = check(*ending(*axes), X[:, 0]).explain()

    assert "a softmax over the batch" in text
    torch_fix, keras_fix = "torch.softmax(x, dim=-1)", "Softmax(axis=0)"
    if axes == (-1, 0):
        torch_fix, keras_fix = "torch.softmax(x, dim=0)", 'activation="softmax"'
    assert torch_fix in text
    assert keras_fix in text
    assert check(*ending(-1, -1), X[:, 0]).verdict == "same"
    assert check(*ending(0, 0), X[:, 0]).verdict == "same"


def test_arrays_of_several_layers_go_by_the_names_of_these():
    """They were called 0.kernel, 1.kernel and 2.kernel, which nobody wrote."""
    first = in_pytorch(
        lambda m, x: m.together(x) ** 2, together=torch.nn.Linear(FEATURES, 6)
    )
    x = keras.Input((None, FEATURES))
    names = ("left", "right")
    apart = [layers.Dense(3, name=name) for name in names]
    second = keras.Model(x, layers.Concatenate()([part(x) for part in apart]) ** 2)
    compare.transfer(first, second)
    weights = [part.get_weights() for part in apart]
    for part, held in zip(apart, reversed(weights), strict=True):
        part.set_weights(held)
    text = check(first, second, transfer=None).explain()

    assert "left.kernel holds what belongs in right.kernel" in text
    assert "left.kernel, right.kernel = right.kernel, left.kernel" in text
    assert "0.kernel" not in text


def test_a_number_of_heads_by_hand_may_be_wrong_on_either_side():
    def forward(model, x):
        def cut(made):
            return made.unflatten(-1, (2, 4)).transpose(1, 2)

        parts = (cut(made) for made in (model.q(x), model.k(x), model.v(x)))
        mixed = torch.nn.functional.scaled_dot_product_attention(*parts)
        return model.out(mixed.transpose(1, 2).flatten(2))

    first = in_pytorch(forward, **{n: torch.nn.Linear(8, 8) for n in ("q", "k", "v")})
    first.out = torch.nn.Linear(8, 8)
    x = keras.Input((None, 8))
    second = keras.Model(x, layers.MultiHeadAttention(4, 2)(x, x))
    inputs = np.random.default_rng(0).normal(size=(4, 5, 8)).astype("float32")
    text = check(first, second, inputs).explain()

    assert "another number of heads: half as many" in text
    assert "num_heads must be Keras's" in text
    assert "num_heads must be PyTorch's" in text
