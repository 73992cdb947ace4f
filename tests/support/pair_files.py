"""A pair file of one LSTM, and the same with a mistake."""

PAIR = """
import keras
import torch
from torch import nn

SCALE = 1.0


class InPyTorch(nn.Module):
    def __init__(self, num_features=4, hidden_size=5):
        super().__init__()
        self.rnn = nn.LSTM(num_features, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, 2)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1]) * SCALE


def in_keras(num_features=4, hidden_size=5):
    return keras.Sequential([keras.layers.LSTM(hidden_size), keras.layers.Dense(2)])


torch_model = InPyTorch
keras_model = in_keras
input_shape = ("batch", "time", 4)
"""
FIRST_STEP = PAIR.replace("[:, -1]", "[:, 0]")
