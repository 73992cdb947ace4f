"""No run sees an array that another may have changed."""

import keras
import numpy as np
import pytest
import torch
from own_cases import in_pytorch, sequential
from torch import nn

import compare

X = np.random.default_rng(0).normal(size=(4, 6, 3)).astype(np.float32)


def add_one(x):
    x += 1


def clamp(x):
    x.clamp_(0, 1)


def zero(x):
    x[..., 0] = 0


class InPlace(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.change = change
        self.rnn = nn.LSTM(3, 4, batch_first=True)

    def forward(self, x):
        self.change(x)
        return self.rnn(x)[0]


def in_keras(offset=0.0):
    layers = [keras.layers.Rescaling(1.0, offset)]
    layers.append(keras.layers.LSTM(4, return_sequences=True))
    return keras.Sequential([keras.Input((None, 3)), *layers])


def as_array(x):
    return x


def as_list(x):
    return [x]


HANDED_OVER = {"array": as_array, "tensor": torch.tensor, "list": as_list}


@pytest.mark.parametrize("hand", HANDED_OVER.values(), ids=HANDED_OVER)
@pytest.mark.parametrize("change", [clamp, zero])
def test_the_other_side_gets_the_input_as_it_was(change, hand):
    x = X.copy()

    evidence = compare.check(InPlace(change), in_keras(), hand(x), "to_keras")

    assert evidence.verdict == "different"
    assert np.array_equal(x, X)


def test_a_right_twin_is_the_same_and_the_change_is_told():
    evidence = compare.check(InPlace(add_one), in_keras(1.0), X, "to_keras")

    assert evidence.verdict == "same"
    assert any("changes its input in place (x)" in note for note in evidence.notes)


def test_gradients_are_of_the_input_as_it_was(tmp_path):
    """What has a gradient cannot be changed in place; a copy of it can."""
    from compare.judging.arrays import Input
    from compare.twins.twins import Twins
    from compare.twins.weights import load_random

    makers = {"torch": lambda: InPlace(add_one), "keras": lambda: in_keras(1.0)}
    calls = {side: lambda model, tensors: model(*tensors) for side in makers}
    twins = Twins(makers, [Input("x", (None, None, 3))], None, calls=calls)
    twins.match((X,))
    load_random(twins, "to_keras", [0])

    judgement = twins.gradients("mean_squared_error", (X,), [np.zeros((4, 6, 4), "f4")])

    assert judgement.verdict == "same"


@pytest.mark.parametrize("is_copied", [False, True])
def test_numbers_that_one_side_alone_sets_are_the_cause(is_copied):
    """The layer after it was told to be in Keras alone, which is a false cause."""

    def forward(model, x):
        x = x.clone() if is_copied else x
        x[..., 0] = 0
        return model.head(torch.relu(model.hidden(x)))

    first = in_pytorch(
        forward, hidden=torch.nn.Linear(3, 5), head=torch.nn.Linear(5, 3)
    )
    second = sequential(
        keras.layers.Dense(5, activation="relu"),
        keras.layers.Dense(3),
        shape=(None, 3),
    )
    text = compare.check(first, second, X, "to_keras").explain()

    assert "PyTorch has `[..., 0] = 0` (setitem) of the input x" in text
    assert "leave out `[..., 0] = 0` (setitem)" in text
    assert "Dense" not in text
