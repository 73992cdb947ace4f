"""A convolutional LSTM: a cell by hand in PyTorch, the layer in Keras."""

import keras
import numpy as np
import torch
from torch import nn

SIZE = 3


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.gates = nn.Conv2d(2 + SIZE, 4 * SIZE, 3, padding=1)

    def forward(self, x, h, c):
        gates = self.gates(torch.cat([x, h], dim=1))
        i, f, o, g = torch.chunk(gates, 4, dim=1)
        i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
        g = torch.tanh(g)
        c = f * c + i * g
        h = o * torch.tanh(c)
        return h, c


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = Cell()
        self.head = nn.Linear(SIZE, 2)

    def forward(self, x):
        x = x.permute(0, 1, 4, 2, 3)
        h = c = x.new_zeros(x.shape[0], SIZE, *x.shape[3:])
        for step in range(x.shape[1]):
            h, c = self.cell(x[:, step], h, c)
        return self.head(h.amax(dim=(2, 3)))


def in_torch():
    return InPyTorch()


def in_keras():
    return keras.Sequential(
        [
            keras.Input((4, 6, 5, 2)),
            keras.layers.ConvLSTM2D(
                SIZE, 3, padding="same", recurrent_activation="sigmoid", name="lstm"
            ),
            keras.layers.GlobalMaxPooling2D(),
            keras.layers.Dense(2, name="head"),
        ]
    )


def transfer(torch_model, keras_model):
    gates = torch_model.cell.gates
    weight = gates.weight.detach().numpy().reshape(4, SIZE, 2 + SIZE, 3, 3)
    bias = gates.bias.detach().numpy().reshape(4, SIZE)
    order = [0, 1, 3, 2]  # Keras: i, f, g, o
    weight = weight[order].reshape(4 * SIZE, 2 + SIZE, 3, 3)
    weight = np.transpose(weight, (2, 3, 1, 0))
    bias = bias[order].reshape(-1)
    lstm = keras_model.get_layer("lstm")
    lstm.set_weights([weight[:, :, :2], weight[:, :, 2:], bias])
    head = torch_model.head
    weight, bias = head.weight.detach().numpy(), head.bias.detach().numpy()
    keras_model.get_layer("head").set_weights([weight.T, bias])


def inputs(rng):
    return rng.normal(0, 1, (3, 4, 6, 5, 2)).astype("float32")
