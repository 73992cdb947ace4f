"""Recurrent layers of Keras, written in PyTorch: without masks."""

import keras
import numpy as np
import pytest
import torch
from keras import layers

from tests.support.ports import drawn, port_of, widest_gap

FEATURES = 3
CLOSE = 1e-12
LAYERS = (layers.LSTM, layers.GRU, layers.SimpleRNN)
LENGTHS = (1, 7)


def sequences(length, features=FEATURES, batch=4):
    rng = np.random.default_rng(length)
    return rng.normal(0, 1, (batch, length, features)).astype("float32")


def model_of(*stack, batch=None):
    """A model of layers one after the other, for sequences of any length."""
    inputs = x = keras.Input((None, FEATURES), batch_size=batch)
    for layer in stack:
        x = layer(x)
    return drawn(keras.Model(inputs, x))


def assert_same(model):
    """The port computes what the model does, at one step and at several."""
    for length in LENGTHS:
        assert widest_gap(model, sequences(length)) < CLOSE


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"return_sequences": True},
        {"use_bias": False},
        {"go_backwards": True},
        {"go_backwards": True, "return_sequences": True},
        {"return_state": True},
        {"return_state": True, "return_sequences": True, "go_backwards": True},
        {"activation": "relu", "return_sequences": True},
        {"activation": "linear", "use_bias": False},
        {"activation": "softmax", "return_state": True},
        {"activation": "log_softmax"},
    ],
    ids=str,
)
def test_a_layer_is_the_same(layer, settings):
    """Each setting gives the same in the port."""
    assert_same(model_of(layer(5, **settings)))


@pytest.mark.parametrize("layer", [layers.LSTM, layers.GRU])
@pytest.mark.parametrize(
    ("activation", "gate"),
    [
        ("tanh", "hard_sigmoid"),
        ("elu", "sigmoid"),
        ("softsign", "linear"),
        ("sigmoid", "tanh"),
        ("softplus", "silu"),
        ("tanh", "relu6"),
        ("hard_tanh", "softmax"),
    ],
)
def test_any_activations_are_the_same(layer, activation, gate):
    """Cells with activations that PyTorch's layers do not have are written out."""
    settings = {"activation": activation, "recurrent_activation": gate}
    assert_same(model_of(layer(5, **settings, return_sequences=True)))


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("gate", ["sigmoid", "hard_sigmoid"])
def test_a_reset_gate_before_the_product_is_the_same(use_bias, gate):
    """GRU(reset_after=False), the only one before Keras 2.1, is written out."""
    layer = layers.GRU(
        5, reset_after=False, use_bias=use_bias, recurrent_activation=gate
    )
    assert_same(model_of(layer))


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_one_after_the_other_are_the_same(layer):
    """The second takes the sequence of the first; a class is written out once."""
    first = layer(5, activation="softsign", return_sequences=True)
    second = layer(4, activation="elu")
    model = model_of(first, second)
    assert_same(model)
    assert port_of(model).source.count("(RecurrentLayer):") == 1


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", ["tanh", "softsign"])
def test_states_of_a_layer_begin_another(layer, activation):
    """An encoder hands its states to a decoder, as `initial_state`."""
    question = keras.Input((None, FEATURES))
    answer = keras.Input((None, 2))
    _, *states = layer(5, activation=activation, return_state=True)(question)
    decoder = layer(5, activation=activation, return_sequences=True, return_state=True)
    h, *ended = decoder(answer, initial_state=states)
    model = drawn(keras.Model([question, answer], [h, *ended]))
    assert widest_gap(model, sequences(7), sequences(4, 2)) < CLOSE


@pytest.mark.parametrize("layer", LAYERS)
def test_outputs_that_nothing_reads_are_left_out(layer):
    """Of an encoder that is asked for its states alone, no output is computed."""
    question = keras.Input((None, FEATURES))
    _, *states = layer(5, return_state=True, name="encoder")(question)
    model = drawn(keras.Model(question, states[0]))
    source = port_of(model).source
    assert "_, " in source
    assert "[:, -1]" not in source
    assert widest_gap(model, sequences(7)) < CLOSE


def test_states_that_nothing_reads_are_left_out():
    """Of a layer that returns its states, but is asked for its output, they are _."""
    inputs = keras.Input((None, FEATURES))
    x, *_ = layers.LSTM(5, return_state=True)(inputs)
    model = drawn(keras.Model(inputs, x))
    assert "h, _ = self.lstm" in port_of(model).source
    assert widest_gap(model, sequences(7)) < CLOSE


def test_a_plain_layer_is_one_line():
    """The lines are those that one would write oneself."""
    model = model_of(
        layers.LSTM(64, return_sequences=True, name="lstm_1"),
        layers.GRU(5, name="gru"),
    )
    source = port_of(model).source
    assert "self.lstm_1 = nn.LSTM(3, 64, batch_first=True)\n" in source
    forward = source[source.index("def forward") :].splitlines()[1:]
    assert [line.strip() for line in forward] == [
        "h, _ = self.lstm_1(x)  # (batch, time, 64)",
        "h, _ = self.gru(h)  # (batch, time, 5)",
        "return h[:, -1]  # (batch, 5)",
    ]


def test_a_shared_layer_is_the_same():
    """One layer that reads two sequences is one module, called twice."""
    first, second = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    layer = layers.GRU(5, return_sequences=True)
    model = drawn(keras.Model([first, second], [layer(first), layer(second)]))
    assert port_of(model).source.count("nn.GRU(") == 1
    assert widest_gap(model, sequences(7), sequences(4)) < CLOSE


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", ["tanh", "softsign"])
def test_a_stateful_layer_goes_on(layer, activation):
    """A second call begins where the first one ended, and can be begun anew."""
    settings = {"activation": activation, "stateful": True}
    stateful = model_of(layer(5, **settings), batch=4)
    plain = model_of(layer(5, activation=activation))
    plain.set_weights(stateful.get_weights())
    whole = sequences(7)

    port = port_of(stateful)
    with torch.no_grad():
        port(torch.from_numpy(whole[:, :3]))
        second = port(torch.from_numpy(whole[:, 3:])).numpy()
        for module in port.modules():
            if hasattr(module, "reset_states"):
                module.reset_states()
        anew = port(torch.from_numpy(whole[:, 3:])).numpy()
    np.testing.assert_allclose(second, plain(whole), atol=1e-5)
    np.testing.assert_allclose(anew, plain(whole[:, 3:]), atol=1e-5)
    assert np.abs(second - anew).max() > 1e-3


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", ["tanh", "softsign"])
def test_states_that_are_kept_can_be_read(layer, activation):
    """A stateful layer may return its states as well."""
    settings = {"activation": activation, "stateful": True, "return_state": True}
    assert widest_gap(model_of(layer(5, **settings), batch=4), sequences(7)) < CLOSE


def test_dropout_of_a_layer_is_told():
    """A port does not drop in training what Keras does, and says so."""
    model = model_of(layers.LSTM(5, dropout=0.2, recurrent_dropout=0.4))
    source = port_of(model).source
    assert "drops 20 % of the inputs" in source
    assert "drops 40 % of the states" in source
    assert_same(model)


@pytest.mark.parametrize("activation", ["tanh", "softsign"])
def test_what_a_port_does_not_use_stays_away(activation):
    """Masks and states stand in a port if a layer of its is given them, once for all.

    The larger class or function then takes the place of the smaller one.
    """
    inputs, other = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    x = inputs
    if activation == "tanh":
        x = layers.Masking(-1.0)(inputs)
    x, state = layers.GRU(
        5, activation=activation, return_sequences=True, return_state=True
    )(x)
    plain = port_of(drawn(keras.Model(inputs, layers.Dense(2)(x)))).source
    second = layers.GRU(5, activation=activation)
    x = second(other, initial_state=state, mask=keras.ops.any(other != -1.0, -1))
    both = port_of(drawn(keras.Model([inputs, other], x))).source
    taken = "def run_masked(" if activation == "tanh" else "class RecurrentLayer("
    assert plain.count(taken) == both.count(taken) == 1
    assert "states=None" not in plain
    assert "states=None" in both
