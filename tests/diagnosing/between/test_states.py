"""Final states that are handed on in another order are told."""

import keras
import pytest
import torch
from own_models import OUTPUTS, SIZE, X, in_keras, in_pytorch, twins

from compare.diagnosing.diagnosis import diagnose
from compare.mistakes.states import VIEWED


def bidirectional(forward):
    return in_pytorch(forward, bidirectional=True)


def both_states(model, x, first, second):
    h = model.rnn(x)[1][0]
    return model.head(torch.cat([h[first], h[second]], dim=1))


STATES = {
    "backward first": (
        bidirectional(lambda m, x: both_states(m, x, 1, 0)),
        "the end of each direction, backward first for the end of each direction",
    ),
    "states reshaped": (
        bidirectional(lambda m, x: m.head(m.rnn(x)[1][0].reshape(len(x), -1))),
        f"{VIEWED} for the end of each direction",
    ),
    "forward twice": (
        bidirectional(lambda m, x: both_states(m, x, 0, 0)),
        "two copies of the forward direction's end for the end of each direction",
    ),
    "backward twice": (
        bidirectional(lambda m, x: both_states(m, x, 1, 1)),
        "two copies of the backward direction's end for the end of each direction",
    ),
}


@pytest.mark.parametrize("case", STATES)
def test_the_states_of_two_directions_in_another_order_are_told(case):
    torch, name = STATES[case]
    keras = in_keras(lambda m, x: m.head(m.rnn(x)), both_ways=True)
    found = diagnose(twins(torch, keras), (X,))

    assert found.explained, found
    assert found.faults == (name,)


def stack_in_keras():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.rnn = [
                keras.layers.LSTM(SIZE, return_sequences=True),
                keras.layers.LSTM(SIZE),
            ]
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            for rnn in self.rnn:
                x = rnn(x)
            return self.head(x)

    return Model()


def test_the_state_of_the_first_layer_of_a_stack_is_told():
    torch = in_pytorch(lambda m, x: m.head(m.rnn(x)[1][0][0]), num_layers=2)
    found = diagnose(twins(torch, stack_in_keras), (X,))

    assert found.explained, found
    assert found.faults == ("the states of the first layer for the last step",)
