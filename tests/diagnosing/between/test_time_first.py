"""A layer that takes batch and time for each other is told."""

from functools import partial

import keras
import numpy as np
import pytest
import torch
from own_models import FEATURES, OUTPUTS, SIZE, X, in_keras, in_pytorch, twins
from torch import nn

from compare.diagnosing.diagnosis import diagnose
from compare.judging.arrays import sequences
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights


@pytest.mark.parametrize("batch", [3, 7], ids=["of another size", "square"])
def test_time_first_before_a_head_at_every_step_is_explained(batch):
    """nn.LSTM without batch_first, and a head that does not care."""
    made = twins(
        in_pytorch(lambda m, x: m.head(m.rnn(x)[0]), batch_first=False),
        in_keras(lambda m, x: m.head(m.rnn(x)), return_sequences=True),
    )
    x = np.random.default_rng(3).normal(0, 1, (batch, 7, FEATURES)).astype(np.float32)
    found = diagnose(made, (x,))

    assert found.explained, found
    assert found.faults == ("batch and time confused",)
    assert found.fix == "rnn of PyTorch: batch_first=True"


def test_time_first_in_two_layers_is_explained_in_both():
    class InPyTorch(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.GRU(FEATURES, SIZE)
            self.second = nn.GRU(SIZE, SIZE)
            self.head = nn.Linear(SIZE, OUTPUTS)

        def forward(self, x):
            return self.head(self.second(self.first(x)[0])[0][:, -1])

    class InKeras(keras.Model):
        def __init__(self):
            super().__init__()
            self.first = keras.layers.GRU(SIZE, return_sequences=True)
            self.second = keras.layers.GRU(SIZE)
            self.head = keras.layers.Dense(OUTPUTS)

        def call(self, x):
            return self.head(self.second(self.first(x)))

    found = diagnose(twins(InPyTorch, InKeras), (X,))

    assert found.explained, found
    assert found.faults == ("batch and time confused",)
    assert found.fix == "first and second of PyTorch: batch_first=True"


def test_steps_flattened_time_first_are_explained():
    class InPyTorch(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = torch.nn.LSTM(FEATURES, SIZE)
            self.head = torch.nn.Linear(SIZE * 7, OUTPUTS)

        def forward(self, x):
            return self.head(self.rnn(x.transpose(0, 1))[0].reshape(len(x), -1))

    def call(model, x):
        output = model.rnn(x)
        return model.head(keras.ops.reshape(output, (-1, SIZE * 7)))

    make = dict(torch=InPyTorch, keras=in_keras(call, return_sequences=True))
    made = Twins(make, sequences(7, FEATURES), ["y"])
    made.load("to_keras", partial(fresh_weights, seed=[2]))
    found = diagnose(made, (X,))

    assert found.explained, found
    name = "all steps, samples mixed for all steps, one after another"
    assert found.faults == (name,)
