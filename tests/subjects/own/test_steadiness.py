"""A model that gives another result when it is called again is told."""

import keras
import numpy as np
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


DRAWING = [keras.layers.Dropout(0.5), keras.layers.GaussianNoise(0.5)]


def functional(drawing, training):
    x = keras.Input((None, FEATURES))
    hidden = drawing(keras.layers.Dense(4)(x), training=training)
    return keras.Model(x, keras.layers.Dense(3)(hidden))


def two_dense():
    return torch.nn.Sequential(torch.nn.Linear(FEATURES, 4), torch.nn.Linear(4, 3))


@pytest.mark.parametrize("drawing", DRAWING, ids=lambda layer: type(layer).__name__)
def test_a_layer_of_a_functional_model_that_always_draws_is_named(drawing):
    """`model.predict(x)` leaves the training=True out, and `model(x)` does not."""
    found = explained(check(two_dense(), functional(drawing, True)))

    assert f"in `{drawing.name}` ({type(drawing).__name__})" in found.sentence
    assert found.fix.startswith(f"Keras: call {drawing.name} without training=True")


@pytest.mark.parametrize("drawing", DRAWING, ids=lambda layer: type(layer).__name__)
def test_a_layer_of_a_functional_model_that_draws_in_training_is_none(drawing):
    assert check(two_dense(), functional(drawing, None)).verdict == "same"


def test_a_dropout_of_pytorch_that_is_left_in_training_is_named():
    def forward(m, x):
        return m.head(m.drop.train()(x))

    drop, head = torch.nn.Dropout(0.5), torch.nn.Linear(FEATURES, 3)
    first = in_pytorch(forward, drop=drop, head=head)
    found = explained(check(first, sequential(keras.layers.Dense(3))))

    assert "in `drop` (Dropout)" in found.sentence
    assert found.fix == "PyTorch: model.eval(), and no drop.train() in forward"


def test_a_function_of_pytorch_that_always_drops_is_told_as_code():
    def forward(m, x):
        return m.head(torch.nn.functional.dropout(x, 0.5))

    first = in_pytorch(forward, head=torch.nn.Linear(FEATURES, 3))
    found = explained(check(first, sequential(keras.layers.Dense(3))))

    assert "in the code between the layers" in found.sentence
    assert "training=self.training" in found.fix


def norms(training):
    """The same batch norm in both, but for how Keras's is called."""
    x = keras.Input((None, FEATURES))
    hidden = keras.layers.Dense(4)(x)
    norm = keras.layers.BatchNormalization(name="norm")
    second = keras.Model(x, norm(hidden, training=training))
    first = in_pytorch(
        lambda m, x: m.norm(m.hidden(x).transpose(1, 2)).transpose(1, 2),
        hidden=torch.nn.Linear(FEATURES, 4),
        norm=torch.nn.BatchNorm1d(4, eps=1e-3),
    )
    with torch.no_grad():
        first.norm.running_mean.uniform_(-1, 1)
        first.norm.running_var.uniform_(0.5, 2)
    return first, second


def test_a_batch_norm_of_a_functional_model_that_always_learns_is_named_alone():
    evidence = check(*norms(True))
    found = evidence.results[0].explanation

    assert evidence.verdict == "different"
    assert found.faults == ("statistics of the batch for learnt statistics",)
    assert found.explained


def test_a_batch_norm_of_a_functional_model_that_learns_in_training_is_right():
    assert check(*norms(None)).verdict == "same"


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


@pytest.mark.parametrize("training", [True, False])
def test_a_function_of_pytorch_that_takes_the_statistics_of_the_batch_is_named(
    training,
):
    torch.manual_seed(0)
    norm = torch.nn.BatchNorm2d(5)
    with torch.no_grad():
        norm.running_mean.uniform_(-1, 1)
        norm.running_var.uniform_(0.5, 2)

    def forward(m, x):
        arrays = m.norm.running_mean, m.norm.running_var, m.norm.weight, m.norm.bias
        return torch.nn.functional.batch_norm(m.conv(x), *arrays, training, 0.1, 1e-3)

    first = in_pytorch(forward, conv=torch.nn.Conv2d(3, 5, 3), norm=norm)
    layers = [keras.layers.Conv2D(5, 3), keras.layers.BatchNormalization()]
    images = np.random.default_rng(1).normal(size=(4, 3, 8, 8)).astype(np.float32)
    second = sequential(*layers, shape=(8, 8, 3))
    evidence = check(first, second, images, "random")
    if not training:
        assert evidence.verdict == "same"
        return
    found = evidence.results[0].explanation

    assert evidence.verdict == "different"
    assert found.sentence.startswith("in batch_norm (test_steadiness.py:")
    assert " of PyTorch, mean and variance are" in found.sentence
