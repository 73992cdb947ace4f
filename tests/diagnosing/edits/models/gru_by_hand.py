"""A GRU written step by step in PyTorch, the layer in Keras."""

import keras
import numpy as np
import torch
from torch import nn

FEATURES, SIZE = 4, 5


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.x2h = nn.Linear(FEATURES, 3 * SIZE)
        self.h2h = nn.Linear(SIZE, 3 * SIZE)

    def forward(self, x, h):
        x_r, x_z, x_n = self.x2h(x).chunk(3, dim=-1)
        h_r, h_z, h_n = self.h2h(h).chunk(3, dim=-1)
        r = torch.sigmoid(x_r + h_r)
        z = torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        return z * h + (1 - z) * n


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = Cell()
        self.dense = nn.Linear(SIZE, 3)

    def forward(self, x):
        h = torch.zeros(x.shape[0], SIZE, dtype=x.dtype)
        states = []
        for step in x.unbind(1):
            h = self.cell(step, h)
            states.append(h)
        h = torch.stack(states, dim=1)
        return self.dense(h.mean(dim=1))


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.gru = keras.layers.GRU(SIZE, return_sequences=True)
        self.dense = keras.layers.Dense(3)

    def call(self, x):
        h = self.gru(x)
        h = keras.ops.mean(h, axis=1)
        return self.dense(h)


def in_torch():
    return InPyTorch()


def in_keras():
    return InKeras()


def transfer(torch_model, keras_model):
    def in_order(array):
        r, z, n = np.split(array.detach().numpy(), 3)
        return np.concatenate([z, r, n])

    cell = torch_model.cell
    kernel = in_order(cell.x2h.weight).T
    recurrent = in_order(cell.h2h.weight).T
    bias = np.stack([in_order(cell.x2h.bias), in_order(cell.h2h.bias)])
    keras_model.gru.set_weights([kernel, recurrent, bias])
    weight = torch_model.dense.weight.detach().numpy()
    bias = torch_model.dense.bias.detach().numpy()
    keras_model.dense.set_weights([weight.T, bias])


def inputs(rng):
    return rng.normal(0, 1, (4, 6, FEATURES)).astype("float32")
