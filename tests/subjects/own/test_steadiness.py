"""A model that gives another result when it is called again is told."""

import keras
import pytest
import torch
from own_cases import BATCH, FEATURES, X, check, in_pytorch, sequential

import compare


def explained(evidence):
    assert evidence.verdict == "different"
    explanation = evidence.results[0].explanation
    assert "gives another result when it is called again" in explanation.sentence
    return explanation


def test_dropout_that_is_active_in_pytorch_is_named():
    first = in_pytorch(
        lambda m, x: m.head(torch.nn.functional.dropout(x, 0.5)),
        head=torch.nn.Linear(FEATURES, 3),
    )
    found = explained(check(first, sequential(keras.layers.Dense(3))))

    assert found.faults == ("dropout active",)
    assert found.sentence.startswith("PyTorch's model")


def test_dropout_that_is_active_in_keras_is_named():
    class Dropping(keras.Model):
        def __init__(self):
            super().__init__()
            self.drop, self.head = keras.layers.Dropout(0.5), keras.layers.Dense(3)

        def call(self, x):
            return self.head(self.drop(x, training=True))

    second = Dropping()
    second(X)
    found = explained(check(torch.nn.Linear(FEATURES, 3), second))

    assert found.faults == ("dropout active",)
    assert found.fix.startswith("Keras: ")


def test_states_that_keras_keeps_are_named():
    rnn = torch.nn.LSTM(FEATURES, 3, batch_first=True)
    first = in_pytorch(lambda m, x: m.rnn(x)[0], rnn=rnn)
    layer = keras.layers.LSTM(3, stateful=True, return_sequences=True)
    second = keras.Sequential([keras.Input(batch_shape=(BATCH, None, FEATURES)), layer])

    assert explained(check(first, second)).faults == ("states carried over",)


@pytest.mark.parametrize("forgets", [False, True])
def test_states_that_pytorch_keeps_are_named(forgets):
    """Those that forget soon too: repeated on one input they settle at once."""

    def forward(m, x):
        output, m.states = m.rnn(x, getattr(m, "states", None))
        return output

    rnn = torch.nn.LSTM(FEATURES, 3, batch_first=True)
    if forgets:
        with torch.no_grad():
            rnn.bias_ih_l0[3:6] -= 20
            rnn.weight_hh_l0 /= 50
    first = in_pytorch(forward, rnn=rnn)
    layer = keras.layers.LSTM(3, return_sequences=True)
    second = sequential(layer, batch_size=BATCH)

    assert explained(check(first, second)).faults == ("states carried over",)


def test_a_result_that_is_not_a_number_is_no_other_the_next_time():
    first = in_pytorch(
        lambda m, x: torch.log(m.head(x)), head=torch.nn.Linear(FEATURES, 3)
    )
    evidence = check(first, sequential(keras.layers.Dense(3)))

    assert evidence.verdict == "different"
    assert "called again" not in evidence.explain()


def test_a_model_that_is_only_wrong_is_steady():
    first = in_pytorch(lambda m, x: 2 * m.head(x), head=torch.nn.Linear(FEATURES, 3))
    evidence = check(first, sequential(keras.layers.Dense(3)))

    assert evidence.verdict == "different"
    assert "called again" not in evidence.explain()


@pytest.mark.parametrize("layer_is", ["same", "wrong"])
def test_a_layer_of_a_closure_that_stays_in_float32_is_no_end_of_the_check(layer_is):
    """PyTorch's model calls a layer that it does not hold, so float64 is refused."""
    head = torch.nn.Linear(4, 3)
    factor = 1.0 if layer_is == "same" else 2.0
    first = in_pytorch(
        lambda m, x: factor * head(torch.tanh(m.hidden(x))),
        hidden=torch.nn.Linear(FEATURES, 4),
    )
    hidden, last = keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(3)
    second = sequential(hidden, last)
    for layer, linear in ((hidden, first.hidden), (last, head)):
        kernel, bias = linear.weight.detach().numpy().T, linear.bias.detach().numpy()
        layer.set_weights([kernel, bias])
    evidence = compare.check(first, second, X)

    expected = {"same": "same in float32", "wrong": "different"}
    assert evidence.verdict == expected[layer_is]
    assert "cannot be run in float64" in evidence.explain()
