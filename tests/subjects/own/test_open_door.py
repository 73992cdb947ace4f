"""Any two models get a verdict as they are, whatever they are made of."""

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

IMAGES = np.random.default_rng(0).normal(size=(4, 7, 7, 2)).astype(np.float32)


class Mixed(nn.Module):
    """A layer of the user's own, whose weight is (inputs, outputs)."""

    def __init__(self):
        super().__init__()
        self.mixing = nn.Parameter(torch.zeros(2, 3))

    def forward(self, x):
        return x @ self.mixing


class MixedInKeras(keras.layers.Layer):
    """The same, of (outputs, inputs), so that no rule says which number is which."""

    def build(self, shape):
        self.blend = self.add_weight(shape=(3, 2), name="blend")

    def call(self, x):
        return x @ keras.ops.transpose(self.blend)


class Images(nn.Module):
    def __init__(self):
        super().__init__()
        self.mixed = Mixed()
        self.head = nn.Linear(3, 2)

    def forward(self, x):  # (batch, height, width, channels), as in Keras
        return self.head(torch.relu(self.mixed(x)).mean((1, 2)))


def images(slope=0.0):
    """Both models, their weights set by hand."""
    layers = keras.layers
    in_torch = Images().eval()
    in_keras = keras.Sequential(
        [
            keras.Input((7, 7, 2)),
            MixedInKeras(name="blended"),
            layers.LeakyReLU(slope),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    with torch.no_grad():
        in_torch.mixed.mixing.uniform_(-1, 1)
    mixing, weight, bias = (
        tensor.detach().numpy() for tensor in in_torch.state_dict().values()
    )
    in_keras.set_weights([mixing.T, weight.T, bias])
    return in_torch, in_keras


def test_layers_without_a_rule_are_judged_with_the_weights_that_they_have():
    evidence = compare.check(*images(), IMAGES)

    assert evidence.verdict == "same"
    (note,) = (note for note in evidence.notes if "Not looked into" in note)
    for name in ("mixed", "blended"):
        assert name in note
    (sensitivity,) = evidence.sensitivity
    assert sensitivity.noticed == sensitivity.faults > 0


def test_layers_without_a_rule_that_compute_otherwise_are_different():
    assert compare.check(*images(slope=0.1), IMAGES).verdict == "different"


def test_a_transfer_of_layers_without_a_rule_is_refused():
    with pytest.raises(compare.BadInput, match="mixed"):
        compare.check(*images(), IMAGES, "to_keras")


def attention():
    """A multi-head attention of both frameworks, its weights set by hand."""
    heads, size = 2, 4
    in_torch = nn.MultiheadAttention(heads * size, heads, batch_first=True)
    x = keras.Input((5, heads * size))
    layer = keras.layers.MultiHeadAttention(heads, size)
    in_keras = keras.Model(x, layer(x, x))
    with torch.no_grad():
        in_torch.in_proj_bias.uniform_(-1, 1)
        in_torch.out_proj.bias.uniform_(-1, 1)
    weights = in_torch.in_proj_weight.detach().numpy()
    biases = in_torch.in_proj_bias.detach().numpy()
    arrays = []
    for weight, bias in zip(np.split(weights, 3), np.split(biases, 3), strict=True):
        arrays += [weight.T.reshape(-1, heads, size), bias.reshape(heads, size)]
    out = in_torch.out_proj
    arrays.append(out.weight.detach().numpy().T.reshape(heads, size, -1))
    arrays.append(out.bias.detach().numpy())
    return in_torch, in_keras, layer, arrays


class SelfAttention(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


@pytest.mark.parametrize(("exchanged", "verdict"), [(0, "same"), (2, "different")])
def test_attention_is_judged_as_it_is(exchanged, verdict):
    """Query and key in each other's place are another function."""
    in_torch, in_keras, layer, arrays = attention()
    layer.set_weights([*arrays[exchanged:4], *arrays[:exchanged], *arrays[4:]])
    x = np.random.default_rng(1).normal(size=(3, 5, 8)).astype(np.float32)

    evidence = compare.check(SelfAttention(in_torch).eval(), in_keras, x)

    assert evidence.verdict == verdict
