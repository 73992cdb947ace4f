"""The states with which a recurrent layer begins: what they are on either side."""

from functools import partial

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, SIZE, X

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import Input
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

Y = np.random.default_rng(3).normal(0, 1, (3, 4, FEATURES)).astype(np.float32)


def in_pytorch(states, kind="LSTM", **options):
    """An encoder, a second one and a decoder that begins with what `states` says."""

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            layer = partial(getattr(torch.nn, kind), FEATURES, SIZE, batch_first=True)
            self.encoder, self.second = layer(**options), layer(**options)
            self.decoder = layer(**options)

        def forward(self, x, y):
            _, first = self.encoder(x)
            _, second = self.second(x)
            given = states(first, second)
            return self.decoder(y)[0] if given is None else self.decoder(y, given)[0]

    return Model


def in_keras(states, kind="LSTM", both_ways=False):
    """The same in Keras; `states` takes and returns lists."""

    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            layer = partial(getattr(keras.layers, kind), SIZE, return_sequences=True)
            layers = [layer(return_state=True), layer(return_state=True), layer()]
            if both_ways:
                layers = [keras.layers.Bidirectional(inner) for inner in layers]
            self.encoder, self.second, self.decoder = layers

        def call(self, x, y):
            _, *first = self.encoder(x)
            _, *second = self.second(x)
            return self.decoder(y, initial_state=states(first, second))

    return Model


def twins(in_torch, of_keras):
    inputs = [
        Input("x", (None, None, FEATURES)),
        Input("y", (None, None, FEATURES)),
    ]
    built = Twins(dict(torch=in_torch, keras=of_keras), inputs, ["y"])
    built.load("to_keras", partial(fresh_weights, seed=[2]))
    return built


def of_first(first, second):
    return first


CASES = {
    "none": (lambda first, second: None, "zeros"),
    "exchanged": (
        lambda first, second: first[::-1],
        "h = c of encoder and c = h of encoder",
    ),
    "h alone": (
        lambda first, second: [first[0], 0 * first[1]],
        "h = h of encoder and c = zeros",
    ),
    "of another layer": (
        lambda first, second: second,
        "h = h of second and c = c of second",
    ),
    "twice of another": (
        lambda first, second: [2 * state for state in first],
        "h = 2 times h of encoder and c = 2 times c of encoder",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_states_of_either_side_are_named(case):
    states, words = CASES[case]
    found = diagnose(twins(in_pytorch(of_first), in_keras(states)), (X, Y))

    assert found.explained, found
    assert found.sentence == (
        "decoder begins with h = h of encoder and c = c of encoder in PyTorch, with "
        f"{words} in Keras"
    )
    assert found.layer == "decoder"


def test_states_that_pytorch_alone_leaves_out_are_named():
    def none(first, second):
        return None

    built = twins(in_pytorch(none, "GRU"), in_keras(of_first, "GRU"))
    found = diagnose(built, (X, Y))

    assert found.explained, found
    assert "begins with zeros in PyTorch, with h = h of encoder in Keras" in (
        found.sentence
    )
    assert "decoder of Keras: give it no initial_state" in found.fix


def test_both_directions_are_told_apart():
    def crossed(first, second):
        forward_h, forward_c, backward_h, backward_c = first
        return [backward_h, forward_c, forward_h, backward_c]

    model = in_pytorch(of_first, bidirectional=True)
    found = diagnose(twins(model, in_keras(crossed, both_ways=True)), (X, Y))

    assert found.explained, found
    assert found.sentence.startswith("decoder begins with h of part 1 = ")


class TwoWaysInKeras(keras.Model):
    """A decoder that begins with the ends of both directions of an encoder."""

    def __init__(self):
        super().__init__()
        encoder = keras.layers.LSTM(SIZE, return_state=True)
        self.encoder = keras.layers.Bidirectional(encoder)
        self.decoder = keras.layers.LSTM(2 * SIZE, return_sequences=True)

    def call(self, x, y):
        _, *states = self.encoder(x)
        given = [keras.ops.concatenate(states[letter::2], -1) for letter in (0, 1)]
        return self.decoder(y, initial_state=given)


def two_ways_in_pytorch(join):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            lstm = partial(torch.nn.LSTM, FEATURES, batch_first=True)
            self.encoder = lstm(SIZE, bidirectional=True)
            self.decoder = lstm(2 * SIZE)

        def forward(self, x, y):
            _, states = self.encoder(x)
            return self.decoder(y, tuple(join(state)[None] for state in states))[0]

    return Model


@pytest.mark.parametrize(
    ("join", "words"),
    [
        (
            lambda s: torch.cat([s[1], s[0]], 1),
            "the end of each direction, backward first",
        ),
        (
            lambda s: torch.cat([s[0], s[0]], 1),
            "two copies of the forward direction's end",
        ),
        (lambda s: s.reshape(len(X), -1), "the states with samples mixed by a view"),
    ],
)
def test_states_of_both_directions_that_are_joined_are_named(join, words):
    built = twins(two_ways_in_pytorch(join), TwoWaysInKeras)
    found = diagnose(built, (X, Y))

    assert found.explained, found
    ends = "the end of each direction"
    in_keras = f"h = {ends} of encoder and c = {ends} of c of encoder"
    assert found.sentence == (
        f"decoder begins with h = {words} of encoder and c = {words} of c of encoder "
        f"in PyTorch, with {in_keras} in Keras"
    )


def test_a_layer_that_begins_alike_is_looked_into():
    """What it computes is held to the states that it is given."""
    made_in_keras = in_keras(of_first)

    class Model(made_in_keras):
        def __init__(self):
            super().__init__()
            self.decoder = keras.layers.LSTM(
                SIZE, return_sequences=True, recurrent_activation="hard_sigmoid"
            )

    found = diagnose(twins(in_pytorch(of_first), Model), (X, Y))

    assert found.explained, found
    assert found.faults == ("hard sigmoid x / 6",)


def test_other_states_and_another_gate_are_found_together():

    class Model(in_keras(lambda first, second: first[::-1])):
        def __init__(self):
            super().__init__()
            self.decoder = keras.layers.LSTM(
                SIZE, return_sequences=True, recurrent_activation="hard_sigmoid"
            )

    found = diagnose(twins(in_pytorch(of_first), Model), (X, Y))

    assert found.explained, found
    assert found.faults == ("hard sigmoid x / 6",)
    assert "decoder begins with" in found.sentence
