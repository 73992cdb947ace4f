"""Layers of one size in branches are paired as the models are the same."""

from functools import partial

import keras
import numpy as np
import pytest
import torch
from own_cases import FEATURES, X, check, in_pytorch, said

import compare
from compare import cli


def branched():
    """Two branches of the same sizes, which are not used alike."""
    return in_pytorch(
        lambda m, x: m.value(x[:, -1]) * torch.sigmoid(m.gate(x[:, -1])),
        value=torch.nn.Linear(FEATURES, 3),
        gate=torch.nn.Linear(FEATURES, 3),
    )


def branched_twin():
    """Keras computes the deeper branch first, though it was made second."""
    layers = keras.layers
    x = keras.Input((None, FEATURES))
    value = layers.Dense(3, name="first")(x[:, -1])
    gate = layers.Dense(3, name="second")(x[:, -1])
    made = layers.Multiply()([value, layers.Activation("sigmoid")(gate)])
    return keras.Model(x, made)


@pytest.mark.parametrize("transfer", ["to_keras", "to_torch", "random"])
def test_branches_of_one_size_are_paired_as_the_models_are_the_same(transfer):
    evidence = check(branched(), branched_twin(), X, transfer)

    assert evidence.verdict == "same"
    assert "value = first; gate = second" in said(evidence)
    assert "in order of execution they are not" in said(evidence)


def test_a_port_with_weights_in_the_right_branches_is_the_same_as_it_is():
    first, second = branched(), branched_twin()
    compare.transfer(first, second, {"value": "first", "gate": "second"})

    assert check(first, second, transfer=None).verdict == "same"


def test_a_port_with_weights_in_the_wrong_branches_is_different():
    first, second = branched(), branched_twin()
    compare.transfer(first, second, {"value": "second", "gate": "first"})
    evidence = check(first, second, transfer=None)

    assert evidence.verdict == "different"
    assert "what differs is in the weights alone" in said(evidence)


def test_layers_of_the_same_name_keep_their_twins():
    """Else a port with its two results swapped would pass."""
    linear, layers = partial(torch.nn.Linear, FEATURES, 3), keras.layers
    first = in_pytorch(
        lambda m, x: (m.mean(x), m.spread(x)), mean=linear(), spread=linear()
    )
    x = keras.Input((None, FEATURES))
    made = [layers.Dense(3, name=name)(x) for name in ("spread", "mean")]

    assert check(first, keras.Model(x, made)).verdict == "different"


def in_parts(*order):
    """A dense layer in a part of each name, put together in this order."""
    x = keras.Input((None, FEATURES))
    parts = {
        name: keras.Sequential([keras.layers.Dense(3)], name=name)(x)
        for name in sorted(order, reverse=True)
    }
    return keras.Model(x, keras.layers.Concatenate()([parts[name] for name in order]))


@pytest.mark.parametrize(("order", "verdict"), [("ab", "same"), ("ba", "different")])
def test_layers_in_parts_of_one_name_keep_their_twins(order, verdict):
    linear = partial(torch.nn.Linear, FEATURES, 3)
    first = in_pytorch(
        lambda m, x: torch.cat([m.a(x), m.b(x)], -1),
        **{name: torch.nn.Sequential(linear()) for name in "ab"},
    )

    assert check(first, in_parts(*order)).verdict == verdict


def test_branches_are_paired_where_models_are_made_anew_as_well(tmp_path, monkeypatch):
    """Keras then gives its layers other names each time."""
    text = f"""
import keras
import torch
from torch import nn

class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.value, self.gate = nn.Linear({FEATURES}, 3), nn.Linear({FEATURES}, 3)

    def forward(self, x):
        return WRONG * self.value(x[:, -1]) * torch.sigmoid(self.gate(x[:, -1]))

def in_keras():
    layers, x = keras.layers, keras.Input((None, {FEATURES}))
    value, gate = layers.Dense(3)(x[:, -1]), layers.Dense(3)(x[:, -1])
    gate = layers.Activation("sigmoid")(gate)
    return keras.Model(x, layers.Multiply()([value, gate]))

torch_model, keras_model, input_shape = InPyTorch, in_keras, ("batch", 5, {FEATURES})
"""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "right.py").write_text(f"WRONG = 1{text}")
    (tmp_path / "wrong.py").write_text(f"WRONG = 2{text}")

    assert cli.main(["run", "right.py"]) == 0
    assert cli.main(["explain", "wrong.py"]) == 1


def test_where_no_pairing_fits_a_table_of_names_is_asked_for():
    first = in_pytorch(
        lambda m, x: m.value(x[:, -1]) - m.gate(x[:, -1]),
        value=torch.nn.Linear(FEATURES, 3),
        gate=torch.nn.Linear(FEATURES, 3),
    )
    evidence = check(first, branched_twin())

    assert evidence.verdict == "different"
    assert "value, gate have twins of the same kind and sizes" in said(evidence)


ATTENTIONS = 2


def attentions(end=lambda x: x):
    """Attention by hand, twice; all eight layers have the same sizes."""
    linear = partial(torch.nn.Linear, FEATURES, FEATURES)
    layers = {}
    for number in range(ATTENTIONS):
        for name in ("queries", "keys", "values", "ends"):
            layers[f"{name}{number}"] = linear()

    def forward(m, x):
        for number in range(ATTENTIONS):
            q, k, v, last = [
                getattr(m, f"{name}{number}")
                for name in ("queries", "keys", "values", "ends")
            ]
            x = last(torch.softmax(q(x) @ k(x).transpose(1, 2), -1) @ v(x))
        return end(x)

    return in_pytorch(forward, **layers)


def attentions_twin():
    """Keras computes the keys before the queries, since it transposes them."""
    dense, ops = partial(keras.layers.Dense, FEATURES), keras.ops
    x = first = keras.Input((None, FEATURES))
    for _ in range(ATTENTIONS):
        scores = ops.matmul(dense()(x), ops.transpose(dense()(x), (0, 2, 1)))
        x = dense()(ops.matmul(ops.softmax(scores), dense()(x)))
    return keras.Model(first, x)


def test_keys_and_queries_of_several_attentions_are_paired():
    """There are 40,320 ways to pair eight layers, of which two exchanges are one."""
    evidence = check(attentions(), attentions_twin(), X, "to_keras")

    assert evidence.verdict == "same", evidence.explain()
    assert "in order of execution they are not" in said(evidence)


def test_they_are_paired_beside_a_mistake():
    """Else the first thing told is that layers have each other's weights."""
    evidence = check(attentions(torch.tanh), attentions_twin(), X, "to_keras")

    assert evidence.verdict == "different"
    assert "with which most of them make the same" in said(evidence)
    explanation = next(r.explanation for r in evidence.results if r.explanation)
    assert explanation.explained
    assert "tanh" in explanation.sentence
    assert "weights" not in explanation.sentence


class Translator(torch.nn.Module):
    """A source is encoded, and a target decoded from there."""

    def __init__(self):
        super().__init__()
        self.source = torch.nn.Embedding(20, 5)
        self.target = torch.nn.Embedding(20, 5)
        self.encoder = torch.nn.LSTM(5, 6, batch_first=True)
        self.decoder = torch.nn.LSTM(5, 6, batch_first=True)

    def forward(self, source, target):
        encoded, state = self.encoder(self.source(source))
        decoded, _ = self.decoder(self.target(target), state)
        weights = torch.softmax(decoded @ encoded.mT, -1)
        return torch.cat([weights @ encoded, decoded], -1)


def translator():
    """Its decoder begins with zeros, and Keras computes its layers in another order."""
    layers = keras.layers
    source, target = (keras.Input((None,), dtype="int32") for _ in range(2))
    encode = layers.LSTM(6, return_sequences=True)
    decode = layers.LSTM(6, return_sequences=True)
    encoded = encode(layers.Embedding(20, 5)(source))
    decoded = decode(layers.Embedding(20, 5)(target))
    attended = layers.Attention()([decoded, encoded])
    joined = layers.Concatenate()([attended, decoded])
    return keras.Model([source, target], joined)


def test_layers_are_paired_as_most_of_them_make_the_same_where_models_differ():
    """No pairing makes the models the same, and in order encoder and decoder cross."""
    rng = np.random.default_rng(0)
    words = [rng.integers(0, 20, (3, steps)) for steps in (7, 5)]
    evidence = check(Translator(), translator(), words)
    text = evidence.explain()

    assert evidence.verdict == "different"
    assert "decoder begins with h = h of encoder" in text
    assert "the weights of" not in text
    assert "with which most of them make the same" in text


def test_layers_whose_names_have_one_word_are_no_twins_of_others():
    """Else two functions that are exchanged are told as exchanged weights."""
    linear = partial(torch.nn.Linear, FEATURES, FEATURES)
    layers = {"block_0_gate": linear(), "block_0_filter": linear()}
    first = in_pytorch(
        lambda m, x: torch.sigmoid(m.block_0_gate(x)) * torch.tanh(m.block_0_filter(x)),
        **layers,
    )
    x = keras.Input((None, FEATURES))
    gate, squashed = (
        keras.layers.Dense(FEATURES, name=name)(x) for name in ("gate0", "filter0")
    )
    second = keras.Model(x, keras.ops.tanh(gate) * keras.ops.sigmoid(squashed))
    compare.transfer(first, second, {"block_0_gate": "gate0"})
    evidence = compare.check(first, second, X)

    assert evidence.verdict == "different"
    explanation = next(r.explanation for r in evidence.results if r.explanation)
    assert "tanh" in explanation.sentence
    assert "has the weights of" not in explanation.sentence
