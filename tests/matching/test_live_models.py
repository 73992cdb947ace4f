"""Live models whose layers have other names are matched and carried."""

import numpy as np
import pytest

from compare import transfer

FEATURES, HIDDEN = 4, 6
DIRECTIONS = ["to_keras", "to_torch"]


@pytest.fixture
def models(torch, keras):
    """A nested PyTorch model and a Sequential one of Keras; no names in common."""
    nn, layers = torch.nn, keras.layers
    nested = nn.Module()
    nested.encoder = nn.Module()
    nested.encoder.rnn = nn.LSTM(FEATURES, HIDDEN, 2, batch_first=True)
    nested.head = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 2))
    sequential = keras.Sequential(
        [
            layers.Input((None, FEATURES)),
            layers.LSTM(HIDDEN, return_sequences=True, name="first"),
            layers.LSTM(HIDDEN, name="second"),
            layers.Dense(HIDDEN, name="middle"),
            layers.Dense(2, name="last"),
        ]
    )
    return nested, sequential


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_layers_of_other_names_are_matched_and_moves_give_both_names(models, direction):
    nested, sequential = models
    moves = transfer(*(models if direction == "to_keras" else models[::-1]))
    last = nested.head[1].weight.detach().numpy()

    assert np.array_equal(sequential.get_layer("last").kernel.numpy().T, last)
    pairs = [(m.source, m.target) for m in moves]
    stack = ("encoder.rnn.weight_hh_l1",), ("second.recurrent_kernel",)
    assert (stack if direction == "to_keras" else stack[::-1]) in pairs


def test_a_table_of_names_goes_before_the_order(torch, keras, models):
    nested, sequential = models
    nested.head[1] = torch.nn.Linear(HIDDEN, HIDDEN)
    sequential.pop()
    sequential.add(keras.layers.Dense(HIDDEN, name="last"))
    transfer(nested, sequential, names={"head.0": "last", "head.1": "middle"})
    first = nested.head[0].weight.detach().numpy()

    assert np.array_equal(sequential.get_layer("last").kernel.numpy().T, first)
