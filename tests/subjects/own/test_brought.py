"""Models that a user brings, of any kind, against their twins."""

from functools import partial

import keras
import numpy as np
import pytest
import torch
from own_pairs import DIFFERENT, KINDS, SAME, X, drawn, nested, sequential
from torch import nn

import compare
from compare import BadInput


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
def test_keras_model_of_any_kind_against_a_nested_module(kind, direction):
    evidence = compare.check(nested(), KINDS[kind](), X, direction)

    assert evidence.verdict == SAME
    assert {r.length for r in evidence.results} == {"none"}
    assert {r.timesteps for r in evidence.results} == {9, 7, 1}


@pytest.mark.parametrize("named", [False, True])
def test_two_inputs_in_a_list_or_by_name(named):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(8, 6, batch_first=True)
            self.head = nn.Linear(6 + 2, 3)

        def forward(self, x, static):
            return self.head(torch.cat([self.rnn(x)[0][:, -1], static], dim=-1))

    x, static = keras.Input((None, 8), name="x"), keras.Input((2,), name="static")
    both = keras.layers.Concatenate()([keras.layers.GRU(6)(x), static])
    twin = keras.Model([x, static], keras.layers.Dense(3)(both))
    inputs = [X, drawn(5, 2)]
    if named:
        inputs = {"x": X, "static": drawn(5, 2)}

    assert compare.check(Model(), twin, inputs, "to_keras").verdict == SAME


def test_two_outputs_one_of_them_a_tuple_of_states():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 6, batch_first=True)
            self.head = nn.Linear(6, 3)

        def forward(self, x):
            h, (h_n, c_n) = self.rnn(x)
            return {"logits": self.head(h), "states": (h_n[0], c_n[0])}

    x = keras.Input((None, 8))
    h, *states = keras.layers.LSTM(6, return_sequences=True, return_state=True)(x)
    logits = keras.layers.Dense(3)(h)
    twin = keras.Model(x, {"logits": logits, "states": tuple(states)})

    evidence = compare.check(Model(), twin, X, "to_keras")

    assert evidence.verdict == SAME
    stages = {stage.stage for stage in evidence.results[0].stages}
    assert {"output.logits", "output.states.0", "output.states.1"} <= stages


def test_stack_in_one_module_against_two_keras_layers():
    layers = keras.layers
    twin = keras.Sequential(
        [
            keras.Input((None, 8)),
            layers.LSTM(6, return_sequences=True, name="below"),
            layers.LSTM(6, name="above"),
            layers.Dense(5, activation="relu"),
            layers.Dense(3),
        ]
    )

    evidence = compare.check(nested(num_layers=2), twin, X, "to_torch")

    assert evidence.verdict == SAME
    assert "encoder.rnn = below + above" in evidence.notes[0]


def test_bidirectional_module_against_keras_wrapper():
    layers = keras.layers
    twin = keras.Sequential(
        [
            keras.Input((None, 8)),
            layers.Bidirectional(layers.LSTM(6, return_sequences=True)),
            layers.Lambda(lambda h: h[:, -1]),
            layers.Dense(5, activation="relu"),
            layers.Dense(3),
        ]
    )

    evidence = compare.check(nested(bidirectional=True), twin, X, "to_keras")

    assert evidence.verdict == SAME


def convolutional(epsilon):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.front = nn.Sequential(
                nn.Conv1d(8, 7, 3), nn.ReLU(), nn.BatchNorm1d(7, eps=epsilon)
            )
            self.pool = nn.MaxPool1d(2)
            self.rnn = nn.LSTM(7, 6, batch_first=True)
            self.drop = nn.Dropout(0.5)
            self.head = nn.Linear(6, 3)
            self.front[2].running_mean.uniform_(-1, 1)
            self.front[2].running_var.uniform_(0.5, 2)

        def forward(self, x):
            x = self.pool(self.front(x.transpose(1, 2))).transpose(1, 2)
            return self.head(self.drop(self.rnn(x)[0][:, -1]))

    return Model()


def convolutional_twin():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None, 8)),
            layers.Conv1D(7, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling1D(2),
            layers.LSTM(6),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )


@pytest.mark.parametrize("direction", ["to_keras", "to_torch"])
def test_convolutional_front_and_batch_norm_in_evaluation(direction):
    """A step alone is too short for the kernel: both refuse it, as they should."""
    model = convolutional(epsilon=1e-3)

    evidence = compare.check(model, convolutional_twin(), X, direction)

    assert evidence.verdict == SAME
    assert evidence.as_expected
    assert "both refuse" in {result.verdict for result in evidence.results}


def test_frameworks_default_epsilons_are_found_and_named():
    evidence = compare.check(
        convolutional(epsilon=1e-5), convolutional_twin(), X, "to_keras"
    )

    assert evidence.verdict == DIFFERENT
    explained = evidence.results[0].explanation
    assert explained.faults[0].startswith("epsilon")
    assert explained.layer == "front.2"
    assert "front.2 of PyTorch: eps=1e-3" in [e.fix for e in explained.alternatives]


def test_embedding_with_a_mask_against_a_packed_sequence():
    pack = partial(
        nn.utils.rnn.pack_padded_sequence, batch_first=True, enforce_sorted=False
    )

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(11, 7)
            self.rnn = nn.LSTM(7, 6, batch_first=True)
            self.head = nn.Linear(6, 3)

        def forward(self, words):
            lengths = (words != 0).sum(dim=1)
            _, (h_n, _) = self.rnn(pack(self.embedding(words), lengths))
            return self.head(h_n[-1])

    layers = keras.layers
    twin = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(11, 7, mask_zero=True),
            layers.LSTM(6),
            layers.Dense(3),
        ]
    )
    words = np.random.default_rng(0).integers(1, 11, (5, 9))
    for row, length in enumerate((9, 7, 3, 9, 1)):
        words[row, length:] = 0

    evidence = compare.check(Model(), twin, words, "to_keras")

    assert evidence.verdict == SAME


def test_wrong_port_is_explained():
    """Gates stacked i, f, o, g, copied by hand as they are."""
    model, twin = nested(), sequential()
    compare.transfer(model, twin)
    kernel, recurrent, bias = twin.layers[0].get_weights()

    def swapped(array):
        i, f, g, o = np.split(array, 4, axis=-1)
        return np.concatenate([i, f, o, g], axis=-1)

    twin.layers[0].set_weights([swapped(a) for a in (kernel, recurrent, bias)])

    evidence = compare.check(model, twin, X)

    assert evidence.verdict == DIFFERENT
    first = evidence.results[0].explanation
    assert first.explained
    assert "i, f, o, g" in first.sentence
    assert "the weights alone" in evidence.explain()


def test_unmatched_layer_is_refused_with_both_lists():
    layers = keras.layers
    twin = keras.Sequential([keras.Input((None, 8)), layers.LSTM(6), layers.Dense(3)])

    with pytest.raises(BadInput) as error:
        compare.check(nested(), twin, X, "to_keras")

    lines = str(error.value).splitlines()
    assert "2 in PyTorch and 1 in Keras have none" in lines[0]
    assert lines[1].split() == ["PyTorch", "Keras"]
    assert any("* body.0 Linear [5x6, 5]" in line for line in lines)
