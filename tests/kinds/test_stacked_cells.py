"""Cells of Keras in one `StackedRNNCells`, as users write them, beside PyTorch's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

X = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")


class InPyTorch(nn.Module):
    def __init__(self, layer: type[nn.RNNBase]) -> None:
        super().__init__()
        self.rnn = layer(4, 3, 2, batch_first=True)
        self.head = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.rnn(x)[0])


CELLS = {
    "LSTM": (nn.LSTM, lambda: keras.layers.LSTMCell(3)),
    "GRU": (nn.GRU, lambda: keras.layers.GRUCell(3)),
    "RNN": (nn.RNN, lambda: keras.layers.SimpleRNNCell(3)),
}


@pytest.mark.parametrize("name", CELLS)
def test_stacked_cells_are_the_same_as_the_layers_of_one_module(name):
    layer, cell = CELLS[name]
    stacked = keras.layers.StackedRNNCells([cell(), cell()])
    x = keras.Input(X.shape[1:])
    hidden = keras.layers.RNN(stacked, return_sequences=True)(x)
    model = keras.Model(x, keras.layers.Dense(2)(hidden))
    evidence = compare.check(InPyTorch(layer), model, X, transfer="to_keras")

    assert evidence.verdict == "same", evidence.explain()
