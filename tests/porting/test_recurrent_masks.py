"""Masked sequences in recurrent layers, written in PyTorch."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from compare.kinds.graph import HANDED_ON
from compare.porting.writing.pytorch_source import pytorch_source
from tests.porting.test_recurrent_source import (
    CLOSE,
    FEATURES,
    LAYERS,
    model_of,
    sequences,
)
from tests.support.ports import drawn, plan_of, port_of, widest_gap

PADDING = -1.0
# The steps of each sequence that count: all; padding behind, in front, in the middle,
# on both sides; none; one step.
COUNT = np.array(
    [
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 0, 0, 0],
        [0, 0, 0, 1, 1, 1, 1],
        [1, 0, 1, 0, 0, 1, 1],
        [0, 1, 1, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 0],
    ]
)
SETTINGS = (
    {"return_sequences": True},
    {},
    {"return_sequences": True, "go_backwards": True, "return_state": True},
    {"return_state": True},
)


def padded(length, features=FEATURES):
    """Sequences with padding at any place, cut to a length."""
    x = sequences(COUNT.shape[1], features, len(COUNT))
    x[COUNT == 0] = PADDING
    return x[:, :length]


def masked_model(*stack):
    return model_of(layers.Masking(PADDING), *stack)


def assert_same(model):
    for length in (1, 7):
        assert widest_gap(model, padded(length)) < CLOSE


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", ["tanh", "softsign"])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_steps_that_do_not_count_are_left_out(layer, activation, settings):
    """The state stays, the output is repeated, zeros come before the first step."""
    assert_same(masked_model(layer(5, activation=activation, **settings)))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", ["tanh", "softsign"])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_states_are_those_given_where_no_step_counts(layer, activation, settings):
    """A sequence of padding alone returns the states that it was given, and zeros."""
    inputs, other = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    mask = keras.Input((None,), dtype="bool")
    _, *states = layer(5, return_state=True)(other)
    results = layer(5, activation=activation, **settings)(
        inputs, initial_state=states, mask=mask
    )
    model = drawn(keras.Model([inputs, mask, other], results))
    begin = sequences(3, batch=len(COUNT))
    for length in (1, 7):
        x = padded(length)
        assert widest_gap(model, x, COUNT[:, :length] == 1, begin) < CLOSE


@pytest.mark.parametrize("both", [True, False])
def test_a_mask_beside_states_is_not_in_use(both):
    """Keras 3 does not look at a mask that is handed on where it is given states."""
    inputs, other = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    first = layers.GRU(5, return_state=True)
    second = layers.GRU(5, return_sequences=True)
    if both:
        first, second = layers.Bidirectional(first), layers.Bidirectional(second)
    _, *states = first(other)
    x = layers.Masking(PADDING)(inputs)
    h = second(x, initial_state=states)
    last = layers.LSTM(4)(h)  # which is handed the mask all the same
    model = drawn(keras.Model([inputs, other], [h, last]))
    assert widest_gap(model, padded(7), sequences(3, batch=len(COUNT))) < CLOSE


def test_a_mask_beside_states_can_be_in_use():
    """A model of Keras 2 leaves out padding there too, and its plan says it."""
    inputs, other = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    _, *states = layers.GRU(5, return_state=True)(other)
    x = layers.Masking(PADDING)(inputs)
    model = keras.Model(
        [inputs, other], layers.GRU(5, name="gru")(x, initial_state=states)
    )
    plan, facts, weights = plan_of(drawn(model))
    *calls, last = plan.calls
    last = replace(last, kwargs={**last.kwargs, "mask": HANDED_ON})
    plan = replace(plan, calls=(*calls, last))
    source = pytorch_source(plan, facts, weights, "Port").text
    assert "run_masked(self.gru, x, mask, state)" in source


@pytest.mark.parametrize("layer", [layers.LSTM, layers.GRU])
@pytest.mark.parametrize("activation", ["tanh", "softsign"])
@pytest.mark.parametrize("mode", ["mul", None])
@pytest.mark.parametrize("sequence", [True, False])
@pytest.mark.parametrize("state", [True, False])
def test_both_directions_leave_out_the_same(layer, activation, mode, sequence, state):
    """Backward, the padding behind comes first; in sequences padding gives zeros."""
    inner = layer(
        5, activation=activation, return_sequences=sequence, return_state=state
    )
    assert_same(masked_model(layers.Bidirectional(inner, merge_mode=mode)))


@pytest.mark.parametrize("activation", ["tanh", "softsign"])
@pytest.mark.parametrize("sequence", [True, False])
def test_both_directions_begin_with_states(activation, sequence):
    """A sequence of padding alone gives zeros, whatever states it begins with."""
    inputs, other = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    mask = keras.Input((None,), dtype="bool")
    first = layers.Bidirectional(layers.LSTM(5, return_state=True))
    _, *states = first(other)
    inner = layers.LSTM(
        5, activation=activation, return_sequences=sequence, return_state=True
    )
    layer = layers.Bidirectional(inner)
    results = layer(inputs, initial_state=states, mask=mask)
    model = drawn(keras.Model([inputs, mask, other], results))
    begin = sequences(3, batch=len(COUNT))
    assert widest_gap(model, padded(7), COUNT == 1, begin) < CLOSE


@pytest.mark.parametrize("settings", [{"return_sequences": True}, {}], ids=str)
@pytest.mark.parametrize("backwards", [True, False])
@pytest.mark.parametrize("cell", [layers.LSTMCell(5), layers.GRUCell(5, "softsign")])
def test_zeros_for_padding_are_the_same(cell, settings, backwards):
    """`zero_output_for_mask` has zeros in the place of outputs that are repeated."""
    layer = layers.RNN(
        type(cell).from_config(cell.get_config()),
        zero_output_for_mask=True,
        go_backwards=backwards,
        **settings,
    )
    assert_same(masked_model(layer))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("sequence", [True, False])
def test_unrolled_directions_are_the_same(layer, sequence):
    """Keras zeroes an unrolled backward layer by the mask that is not reversed."""
    inputs = keras.Input((7, FEATURES))
    x = layers.Masking(PADDING)(inputs)
    inner = layer(5, return_sequences=sequence, unroll=True)
    model = drawn(keras.Model(inputs, layers.Bidirectional(inner)(x)))
    assert widest_gap(model, padded(7)) < CLOSE


@pytest.mark.parametrize("activation", ["tanh", "softsign"])
def test_a_mask_goes_on_through_layers(activation):
    """Every layer up to the last one leaves out what the first one does."""
    inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(9, 4, mask_zero=True)(inputs)
    x = layers.Dropout(0.2)(x)
    x = layers.LSTM(5, return_sequences=True, go_backwards=True)(x)
    x = layers.Dense(4, activation="relu")(x)
    x = layers.Bidirectional(
        layers.GRU(5, activation=activation, return_sequences=True)
    )(x)
    model = drawn(keras.Model(inputs, layers.SimpleRNN(4)(x)))
    words = np.random.default_rng(0).integers(1, 9, COUNT.shape) * COUNT
    for length in (1, 7):
        assert widest_gap(model, words[:, :length].astype("int32")) < CLOSE


@pytest.mark.parametrize("value", [0.0, 0.5, -1.0])
def test_a_step_counts_if_one_feature_is_not_padding(value):
    """Masking hands zeros on for padding of any value."""
    x = sequences(7)
    x[0, 1:3] = x[1, 5, 1:] = value
    inputs = keras.Input((None, FEATURES))
    masked = layers.Masking(value)(inputs)
    model = drawn(keras.Model(inputs, [masked, layers.LSTM(4)(masked)]))
    assert widest_gap(model, x) < CLOSE


def test_a_masked_layer_is_one_line():
    """The helper is written once, and each layer is one line."""
    model = masked_model(
        layers.LSTM(5, return_sequences=True, name="first"),
        layers.Bidirectional(layers.LSTM(6, return_sequences=True), name="both"),
        layers.GRU(4, name="last"),
    )
    source = port_of(model).source
    assert source.count("def run_masked(") == 1
    forward = source[source.rindex("def forward") :].splitlines()[1:]
    assert [line.strip() for line in forward] == [
        "mask = (x != -1.0).any(dim=-1)  # (batch, time), the steps that count",
        "x = x * mask.unsqueeze(-1)  # (batch, time, 3)",
        "h, _ = run_masked(self.first, x, mask)  # (batch, time, 5)",
        "h, _ = run_masked(self.both, h, mask)  # (batch, time, 12)",
        "h = h * mask.unsqueeze(-1)",
        "h, _ = run_masked(self.last, h, mask)  # (batch, time, 4)",
        "return h[:, -1]  # (batch, 4)",
    ]
