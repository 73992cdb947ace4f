"""Recurrent layers of two directions, written in PyTorch."""

import keras
import numpy as np
import pytest
import torch
from keras import layers

from tests.porting.test_recurrent_source import (
    CLOSE,
    FEATURES,
    LAYERS,
    assert_same,
    model_of,
    sequences,
)
from tests.support.ports import drawn, port_of, widest_gap

MODES = ("concat", "sum", "mul", "ave", None)


@pytest.mark.parametrize("layer", [layers.LSTM, layers.GRU])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sequence", [True, False])
def test_each_merge_mode_is_the_same(layer, mode, sequence):
    """Both directions are one layer of PyTorch, put together in any way."""
    inner = layer(5, return_sequences=sequence)
    model = model_of(layers.Bidirectional(inner, merge_mode=mode))
    assert "bidirectional=True" in port_of(model).source
    assert_same(model)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("mode", ["concat", "ave"])
@pytest.mark.parametrize("sequence", [True, False])
def test_cells_written_out_are_the_same_in_both_directions(layer, mode, sequence):
    """Cells that PyTorch has no layer for run forward and backward."""
    inner = layer(5, activation="softsign", return_sequences=sequence)
    assert_same(model_of(layers.Bidirectional(inner, merge_mode=mode)))


@pytest.mark.parametrize("layer", [layers.LSTM, layers.SimpleRNN])
@pytest.mark.parametrize("activation", ["tanh", "softsign"])
@pytest.mark.parametrize("sequence", [True, False])
@pytest.mark.parametrize("mode", ["concat", None])
def test_states_of_both_directions_are_the_same(layer, activation, sequence, mode):
    """States of all directions are returned, and begin another layer."""
    settings = {"activation": activation, "return_state": True}
    inputs = keras.Input((None, FEATURES))
    first = layers.Bidirectional(layer(5, **settings))
    _, *states = first(inputs)
    second = layers.Bidirectional(
        layer(5, return_sequences=sequence, **settings), merge_mode=mode
    )
    results = second(inputs, initial_state=states)
    model = drawn(keras.Model(inputs, [*results, states[-1]]))
    for length in (1, 7):
        assert widest_gap(model, sequences(length)) < CLOSE


@pytest.mark.parametrize("sequence", [True, False])
@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        ({"units": 5}, {"units": 4}),
        ({"units": 5, "use_bias": False}, {"units": 5}),
        ({"units": 5, "activation": "elu"}, {"units": 5}),
    ],
    ids=str,
)
def test_directions_of_unlike_layers_are_the_same(forward, backward, sequence):
    """Each direction may have settings of its own."""
    settings = {"return_sequences": sequence}
    wrapped = layers.Bidirectional(
        layers.LSTM(**forward, **settings),
        backward_layer=layers.LSTM(**backward, **settings, go_backwards=True),
    )
    assert_same(model_of(wrapped))


def test_a_wrapped_layer_that_reads_backwards_is_the_same():
    """Where the layers are exchanged, Keras flips the second all the same."""
    settings = {"units": 5, "return_sequences": True}
    wrapped = layers.Bidirectional(
        layers.GRU(**settings, go_backwards=True),
        backward_layer=layers.LSTM(**settings),
    )
    assert_same(model_of(wrapped))


def test_directions_of_unlike_kinds_are_the_same():
    """A layer of another class may go backward."""
    wrapped = layers.Bidirectional(
        layers.GRU(5), backward_layer=layers.SimpleRNN(5, go_backwards=True)
    )
    assert_same(model_of(wrapped))


def test_a_layer_of_both_directions_is_one_line():
    """The lines are those that one would write oneself."""
    model = model_of(
        layers.Bidirectional(layers.LSTM(6, return_sequences=True), name="first"),
        layers.Bidirectional(layers.GRU(5), name="second"),
    )
    source = port_of(model).source
    forward = source[source.index("def forward") :].splitlines()[1:]
    assert [line.strip() for line in forward] == [
        "h, _ = self.first(x)  # (batch, time, 12)",
        "_, h_n = self.second(h)",
        "return torch.cat([h_n[0], h_n[1]], dim=-1)  # (batch, 10)",
    ]


@pytest.mark.parametrize("activation", ["tanh", "softsign"])
def test_stateful_directions_go_on(activation):
    """Each direction begins where it ended in the call before."""
    inner = layers.LSTM(5, activation=activation, stateful=True)
    model = model_of(layers.Bidirectional(inner), batch=4)
    x = sequences(7)
    port = port_of(model)
    with torch.no_grad():
        results = [port(torch.from_numpy(x)).numpy() for _ in range(2)]
    for result in results:
        np.testing.assert_allclose(result, model(x), atol=1e-5)
    assert np.abs(results[0] - results[1]).max() > 1e-3
