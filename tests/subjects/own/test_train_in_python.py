"""`compare.train`: two live models learn in step, or the evidence says why not."""

import json
import signal

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare
from compare import BadInput

FEATURES, SIZE, OUTPUTS, EXAMPLES, TIME = 4, 5, 3, 8, 3
RNG = np.random.default_rng(5)
X = RNG.normal(size=(EXAMPLES, TIME, FEATURES)).astype(np.float32)
TARGET = RNG.normal(size=(EXAMPLES, OUTPUTS)).astype(np.float32)


class InPyTorch(nn.Module):
    def __init__(self, rate=0.0):
        super().__init__()
        self.rnn = nn.LSTM(FEATURES, SIZE, batch_first=True)
        self.drop = nn.Dropout(rate)
        self.head = nn.Linear(SIZE, OUTPUTS)

    def forward(self, x):
        return self.head(self.drop(self.rnn(x)[0][:, -1]))


def in_pytorch(rate=0.0):
    torch.manual_seed(1)
    return InPyTorch(rate)


def in_keras():
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((TIME, FEATURES)), layers.LSTM(SIZE), layers.Dense(OUTPUTS)]
    )


def train(**settings):
    settings = {"epochs": 1, "batch_size": 4} | settings
    return compare.train(in_pytorch(), in_keras(), X, TARGET, **settings)


@pytest.fixture(scope="module")
def native():
    return train(mode="native")


def test_models_learn_in_step():
    evidence = train()

    assert evidence.in_step
    assert evidence.done == 2
    assert "In step: InPyTorch learns the same" in evidence.explain()
    assert json.loads(evidence.to_json())["in_step"] is True


def test_the_models_stay_as_they_are():
    model, twin = in_pytorch(), in_keras()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    weights = twin.get_weights()

    compare.train(model, twin, X, TARGET, epochs=1)

    assert all(map(torch.equal, before, model.parameters()))
    assert all(map(np.array_equal, weights, twin.get_weights()))


def test_training_begins_with_the_weights_of_pytorchs_model():
    """Before the first step the loss is that of the model, on the batch of all."""
    model = in_pytorch()
    with torch.no_grad():
        results = model(torch.from_numpy(X)).numpy()

    evidence = train(batch_size=EXAMPLES)

    loss = np.mean((results - TARGET) ** 2)
    assert evidence.losses["torch32"][0] == pytest.approx(loss, rel=1e-5)
    assert evidence.losses["keras32"][0] == pytest.approx(loss, rel=1e-5)


def test_native_optimizers_drift_apart_and_the_text_says_why(native):
    text = native.explain()

    assert not native.in_step
    assert "They part at step 1" in text
    assert "because   biases: PyTorch adds two biases" in text
    assert "explains" in text


def test_repr_is_three_lines(native):
    ran, shown, more = repr(native).splitlines()

    assert ran == "InPyTorch: 2 of 2 steps of adam, by mean_squared_error"
    assert shown.startswith("They part at step 1")
    assert "evidence.explain()" in more


def test_evidence_is_neither_true_nor_false(native):
    with pytest.raises(TypeError, match=r"write assert evidence\.in_step"):
        bool(native)


def test_causes_named_are_removed_alone():
    evidence = train(align=["biases"], batch_size=EXAMPLES)

    assert evidence.settings["removed"] == ["biases"]
    assert "biases" not in evidence.drift
    assert "epsilon" in evidence.drift


def test_a_step_of_ones_own_is_taken_on_both_sides():
    evidence = train(
        optimizer="sgd", learning_rate=0.5, loss="mean_squared_error", follow="keras"
    )

    assert evidence.in_step
    for side in ("torch", "keras"):
        assert evidence.settings[side]["values"]["learning_rate"] == 0.5
    assert evidence.settings["follow"] == "keras"


def test_signals_stay_the_callers():
    """A program that is told to end is not kept from it by a library."""
    before = signal.getsignal(signal.SIGTERM)
    handlers = []
    model = in_pytorch()
    model.register_forward_pre_hook(
        lambda *_: handlers.append(signal.getsignal(signal.SIGTERM))
    )

    compare.train(model, in_keras(), X, TARGET, epochs=1)

    assert handlers
    assert all(handler == before for handler in handlers)


WRONG = {
    "loss": (dict(loss="mse"), "loss: expected a loss of mean_squared_error, .*'mse'"),
    "optimizer": (dict(optimizer="lion"), "optimizer: .* of sgd, .*'lion'; give its"),
    "rate": (dict(learning_rate=0), "learning_rate: expected a number above 0"),
    "rate of text": (dict(learning_rate="1"), "learning_rate: expected .* got '1'"),
    "epochs": (dict(epochs=0), "epochs: expected a whole number >= 1"),
    "epochs of truth": (dict(epochs=True), "epochs: expected .* got True"),
    "batch": (dict(batch_size=2.5), "batch_size: expected a whole number"),
    "large batch": (dict(batch_size=9), "batch size: expected 1 to 8, .* got 9"),
    "mode": (dict(mode="both"), "mode: expected 'aligned' or 'native', got 'both'"),
    "follow": (dict(follow="pytorch"), "follow: expected 'torch' or 'keras'"),
    "cause": (dict(align=["mood"]), "align: expected some of biases, .* got 'mood'"),
    "cause as text": (dict(align="biases"), "align: expected a list of causes"),
    "both": (dict(align=[], mode="native"), "or align, got both; drop one"),
    "seed": (dict(seed=-1), "seed: expected a whole number from 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_setting_that_is_none_is_refused_in_a_line(name):
    settings, message = WRONG[name]

    with pytest.raises(BadInput, match=message) as error:
        train(**settings)

    assert "\n" not in str(error.value)


def test_dropout_is_refused():
    with pytest.raises(BadInput, match=r"dropout 0\.5 in drop .* see compare\.check"):
        compare.train(in_pytorch(0.5), in_keras(), X, TARGET)


def test_a_target_for_fewer_examples_is_refused():
    with pytest.raises(BadInput, match="a target for each of 8 examples, got 7"):
        compare.train(in_pytorch(), in_keras(), X, TARGET[1:])


def test_models_the_other_way_round_are_refused():
    with pytest.raises(BadInput, match="torch_model: expected a live torch"):
        compare.train(in_keras(), in_pytorch(), X)
