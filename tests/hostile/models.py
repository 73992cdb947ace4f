"""Two small models that are the same after a transfer, and their input."""

from __future__ import annotations

import keras
import numpy as np
import torch

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


class Port(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = torch.nn.LSTM(3, 4, batch_first=True)
        self.head = torch.nn.Linear(4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, time, 3) to (batch, 2)."""
        return self.head(self.rnn(x)[0][:, -1])


def port() -> Port:
    """The PyTorch side, with random weights."""
    torch.manual_seed(0)
    return Port()


def original() -> keras.Model:
    """The Keras side, with other random weights."""
    keras.utils.set_random_seed(1)
    layers = [keras.layers.LSTM(4), keras.layers.Dense(2)]
    return keras.Sequential([keras.Input((None, 3)), *layers])
