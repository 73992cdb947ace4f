"""Live models whose layers have other names are matched and carried."""

import numpy as np
import pytest

from compare import transfer

FEATURES, HIDDEN = 4, 6
DIRECTIONS = ["to_keras", "to_torch"]


def carry(direction, torch, keras):
    return transfer(*((torch, keras) if direction == "to_keras" else (keras, torch)))


def nested(harness):
    """A nested PyTorch model and a Sequential one of Keras; no names in common."""
    nn, layers = harness.in_pytorch.torch.nn, harness.in_keras.keras.layers
    torch = nn.Module()
    torch.encoder = nn.Module()
    torch.encoder.rnn = nn.LSTM(FEATURES, HIDDEN, 2, batch_first=True)
    torch.head = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 2))
    keras = harness.in_keras.keras.Sequential(
        [
            layers.Input((None, FEATURES)),
            layers.LSTM(HIDDEN, return_sequences=True, name="first"),
            layers.LSTM(HIDDEN, name="second"),
            layers.Dense(HIDDEN, name="middle"),
            layers.Dense(2, name="last"),
        ]
    )
    return torch, keras


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_layers_of_other_names_are_matched_and_moves_give_both_names(
    harness, direction
):
    torch, keras = nested(harness)
    moves = carry(direction, torch, keras)
    last = torch.head[1].weight.detach().numpy()

    assert np.array_equal(keras.get_layer("last").kernel.numpy().T, last)
    pairs = [(m.source, m.target) for m in moves]
    stack = ("encoder.rnn.weight_hh_l1",), ("second.recurrent_kernel",)
    assert (stack if direction == "to_keras" else stack[::-1]) in pairs


def test_a_table_of_names_goes_before_the_order(harness):
    torch, keras = nested(harness)
    torch.head[1] = harness.in_pytorch.torch.nn.Linear(HIDDEN, HIDDEN)
    keras.pop()
    keras.add(harness.in_keras.keras.layers.Dense(HIDDEN, name="last"))
    transfer(torch, keras, names={"head.0": "last", "head.1": "middle"})
    first = torch.head[0].weight.detach().numpy()

    assert np.array_equal(keras.get_layer("last").kernel.numpy().T, first)
