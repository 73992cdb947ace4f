"""A user's models are copied, and come back untouched."""

import copy

import keras
import numpy as np
import pytest
import torch
from own_pairs import (
    DIFFERENT,
    KINDS,
    X,
    nested,
    sequential,
)
from torch import nn

import compare
from compare import BadInput


@pytest.mark.parametrize("kind", KINDS)
def test_models_come_back_untouched(kind):
    model, twin = nested(), KINDS[kind]()
    model.train()
    model.encoder.eval()
    before = copy.deepcopy(model.state_dict()), twin.get_weights()
    states = torch.get_rng_state(), np.random.get_state()[1].copy()

    compare.check(model, twin, X, "to_keras")

    assert (model.training, model.encoder.training, model.head.training) == (
        True,
        False,
        True,
    )
    assert all(torch.equal(before[0][n], t) for n, t in model.state_dict().items())
    assert all(map(np.array_equal, before[1], twin.get_weights()))
    assert {w.dtype for w in twin.weights} == {"float32"}
    assert keras.config.dtype_policy().name == keras.config.floatx() == "float32"
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(states[0], torch.get_rng_state())
    assert np.array_equal(states[1], np.random.get_state()[1])
    # PyTorch has no public list of a module's hooks.
    assert not any(module._forward_pre_hooks for module in model.modules())  # noqa: SLF001
    assert twin(X).shape == (5, 3)


def test_model_that_computes_in_float32_is_judged_there_and_says_so():
    class Narrow(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = nested()

        def forward(self, x):
            return self.model(x).float().to(x.dtype)

    evidence = compare.check(Narrow(), sequential(), X, "to_keras")

    assert evidence.verdict == "same in float32"
    assert evidence.as_expected
    assert "pair file" in " ".join(evidence.notes)


def test_keras_model_that_casts_to_float32_is_judged_there():
    layers = keras.layers
    x = keras.Input((None, 8))
    h = keras.ops.cast(layers.LSTM(6)(x), "float32")
    body = layers.Dense(5, activation="relu")(h)
    twin = keras.Model(x, layers.Dense(3)(body))

    evidence = compare.check(nested(), twin, X, "to_keras")

    assert evidence.verdict == "same in float32"


def hidden():
    """A model that reaches a layer of its own by a function that a copy shares."""

    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(8, 6, batch_first=True)
            self.head = head = nn.Linear(6, 3)
            self.function = lambda h: head(h)

        def forward(self, x):
            return self.function(self.rnn(x)[0][:, -1])

    return Hidden()


def last_step():
    layers = keras.layers
    return keras.Sequential([keras.Input((None, 8)), layers.LSTM(6), layers.Dense(3)])


def test_model_that_cannot_be_copied_is_judged_in_float32():
    model, twin = hidden(), last_step()
    compare.transfer(twin, model)

    evidence = compare.check(model, twin, X)

    assert evidence.verdict == "same in float32"
    assert not model.training or model.head.training


def test_wrong_weight_is_seen_in_float32_as_well():
    model, twin = hidden(), last_step()
    compare.transfer(twin, model)
    with torch.no_grad():
        model.head.weight[1, 2] += 1e-3

    assert compare.check(model, twin, X).verdict == DIFFERENT


def test_weights_of_a_model_that_cannot_be_copied_are_not_replaced():
    with pytest.raises(BadInput, match="models that can be copied"):
        compare.check(hidden(), last_step(), X, "to_torch")
