"""A port with one mistake: twinproof explain docs/broken_pair.py finds it."""

import keras
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 32, num_layers=2, batch_first=True)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        h, _ = self.rnn(x)
        return self.head(h[:, -1])


class Port(keras.Model):
    def __init__(self):
        super().__init__()
        self.lower = keras.layers.LSTM(32, return_sequences=True)
        self.upper = keras.layers.LSTM(32, return_sequences=True)
        self.head = keras.layers.Dense(3)

    def call(self, x):
        h = self.upper(self.lower(x))
        return self.head(h[:, 0])


torch_model, keras_model = Net, Port
input_shape = ("batch", "time", 8)
