"""Results in another shape: a port that squeezes, flattens or reshapes them."""

import keras
import numpy as np
import pytest
import torch

import compare

FEATURES, SIZE, TIME = 4, 5, 6
X = np.random.default_rng(6).normal(size=(7, TIME, FEATURES)).astype("float32")


def in_torch(finish, outputs=1):
    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(FEATURES, SIZE, batch_first=True)
            self.head = torch.nn.Linear(SIZE, outputs)

        def forward(self, x):
            return finish(self.head(self.rnn(x)[0][:, -1]))

    return Model()


def in_keras(outputs=1, activation=None):
    return keras.Sequential(
        [
            keras.Input((TIME, FEATURES)),
            keras.layers.LSTM(SIZE),
            keras.layers.Dense(outputs, activation=activation),
        ]
    )


def explained(torch_model, keras_model):
    evidence = compare.check(torch_model, keras_model, X, "to_torch")
    assert evidence.verdict == "different"
    explanation = evidence.results[0].explanation
    assert explanation.explained, evidence.explain()
    return explanation


FINISHES = {
    "squeezed": (lambda y: y.squeeze(-1), 1, "(batch,)", "y.unsqueeze(-1)"),
    "flat": (lambda y: y.flatten(), 1, "(batch,)", "y.unsqueeze(-1)"),
    "one axis more": (lambda y: y[:, None], 3, "(batch, 1, 3)", "y.squeeze(-2)"),
    "cut up": (
        lambda y: y.reshape(-1, 2, 3),
        6,
        "(batch, 2, 3)",
        "y.reshape(len(y), 6)",
    ),
}


@pytest.mark.parametrize("case", FINISHES)
def test_the_shape_is_the_cause_where_the_numbers_are_the_same(case):
    finish, outputs, shape, code = FINISHES[case]
    explanation = explained(in_torch(finish, outputs), in_keras(outputs))

    assert f"PyTorch returns a result in the shape {shape}" in explanation.sentence
    assert code in explanation.fix


@pytest.mark.parametrize("case", FINISHES)
def test_the_fix_of_a_shape_makes_the_models_the_same(case):
    finish, outputs, _, code = FINISHES[case]
    mended = in_torch(lambda y: eval(code, {"y": finish(y)}), outputs)

    evidence = compare.check(mended, in_keras(outputs), X, "to_torch")

    assert evidence.verdict == "same"


def test_a_lost_activation_is_told_beside_the_shape():
    explanation = explained(
        in_torch(lambda y: y.squeeze(-1)), in_keras(activation="sigmoid")
    )

    assert "(batch,)" in explanation.sentence
    assert "sigmoid" in explanation.sentence


def test_a_result_with_steps_before_batch_is_told_as_that():
    """As a loss for unaligned letters takes it: (time, batch, letters)."""

    class Letters(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(FEATURES, SIZE, batch_first=True)
            self.head = torch.nn.Linear(SIZE, 3)

        def forward(self, x):
            y = torch.log_softmax(self.head(self.rnn(x)[0]), dim=-1)
            return y.transpose(0, 1)

    x = keras.Input((TIME, FEATURES))
    steps = keras.layers.LSTM(SIZE, return_sequences=True)(x)
    twin = keras.Model(x, keras.ops.log_softmax(keras.layers.Dense(3)(steps)))

    explanation = explained(Letters(), twin)

    assert "batch and steps, in each other's place" in explanation.sentence
    assert "y.permute(1, 0, 2)" in explanation.fix
