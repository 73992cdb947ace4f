"""A forecaster: scaled by its own past, convolutions, an LSTM, and the last value."""

import keras
import numpy as np
import torch
from keras import ops
from torch import nn


class Forecaster(nn.Module):
    def __init__(self, features=3, channels=5, hidden=6, horizon=4):
        super().__init__()
        self.horizon = horizon
        self.features = features
        self.conv1 = nn.Conv1d(features, channels, 3)
        self.conv2 = nn.Conv1d(channels, channels, 3, dilation=2)
        self.norm = nn.BatchNorm1d(channels)
        self.skip = nn.Conv1d(features, channels, 1)
        self.lstm = nn.LSTM(channels, hidden, num_layers=2, batch_first=True)
        self.fc1 = nn.Linear(hidden + features, 8)
        self.fc2 = nn.Linear(8, horizon * features)

    def forward(self, x):
        mean = x.mean(dim=1, keepdim=True)
        std = torch.sqrt(x.var(dim=1, keepdim=True, unbiased=False) + 1e-5)
        x = (x - mean) / std
        z = x.transpose(1, 2)
        y = torch.relu(self.conv1(nn.functional.pad(z, (2, 0))))
        y = self.norm(self.conv2(nn.functional.pad(y, (4, 0))))
        y = torch.relu(y + self.skip(z))
        y = y.transpose(1, 2)
        out, (h, c) = self.lstm(y)  # noqa: RUF059, for the edits
        last = x[:, -1]
        y = torch.cat([h[-1], last], dim=-1)
        y = self.fc2(nn.functional.leaky_relu(self.fc1(y), 0.2))
        y = y.view(-1, self.horizon, self.features) + last.unsqueeze(1)
        return y * std + mean


class KerasForecaster(keras.Model):
    def __init__(self, features=3, channels=5, hidden=6, horizon=4):
        super().__init__()
        self.horizon = horizon
        self.features = features
        self.conv1 = keras.layers.Conv1D(
            channels, 3, padding="causal", activation="relu"
        )
        self.conv2 = keras.layers.Conv1D(channels, 3, padding="causal", dilation_rate=2)
        self.norm = keras.layers.BatchNormalization(epsilon=1e-5)
        self.skip = keras.layers.Conv1D(channels, 1)
        self.lstm1 = keras.layers.LSTM(hidden, return_sequences=True)
        self.lstm2 = keras.layers.LSTM(hidden)
        self.fc1 = keras.layers.Dense(8)
        self.fc2 = keras.layers.Dense(horizon * features)

    def call(self, x, training=False):
        mean = ops.mean(x, axis=1, keepdims=True)
        std = ops.sqrt(ops.var(x, axis=1, keepdims=True) + 1e-5)
        x = (x - mean) / std
        y = self.conv1(x)
        y = self.norm(self.conv2(y), training=training)
        y = ops.relu(y + self.skip(x))
        h = self.lstm2(self.lstm1(y))
        last = x[:, -1, :]
        y = ops.concatenate([h, last], axis=-1)
        y = self.fc2(ops.leaky_relu(self.fc1(y), negative_slope=0.2))
        y = ops.reshape(y, (-1, self.horizon, self.features))
        y = y + ops.expand_dims(last, 1)
        return y * std + mean


def in_torch():
    return Forecaster()


def in_keras():
    return KerasForecaster()


def transfer(torch_model, keras_model):
    weights = {k: v.detach().numpy() for k, v in torch_model.state_dict().items()}
    for name in ("conv1", "conv2", "skip"):
        kernel = weights[name + ".weight"].transpose(2, 1, 0)
        getattr(keras_model, name).set_weights([kernel, weights[name + ".bias"]])
    norm = ("weight", "bias", "running_mean", "running_var")
    keras_model.norm.set_weights([weights["norm." + name] for name in norm])
    for number, layer in enumerate((keras_model.lstm1, keras_model.lstm2)):
        kernel = weights[f"lstm.weight_ih_l{number}"].T
        recurrent = weights[f"lstm.weight_hh_l{number}"].T
        bias = weights[f"lstm.bias_ih_l{number}"] + weights[f"lstm.bias_hh_l{number}"]
        layer.set_weights([kernel, recurrent, bias])
    for name in ("fc1", "fc2"):
        kernel = np.transpose(weights[name + ".weight"])
        getattr(keras_model, name).set_weights([kernel, weights[name + ".bias"]])


def inputs(rng):
    return rng.normal(1, 2, (5, 12, 3)).astype("float32")
