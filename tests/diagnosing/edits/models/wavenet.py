"""A gated WaveNet: dilated causal convolutions, tanh times sigmoid, skip sums."""

import keras
import torch
from keras import layers
from torch import nn
from torch.nn import functional as F


class GatedBlock(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.pad = 2 * dilation
        self.filter = nn.Conv1d(channels, channels, 3, dilation=dilation)
        self.gate = nn.Conv1d(channels, channels, 3, dilation=dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, 5, 1)

    def forward(self, x):
        padded = F.pad(x, (self.pad, 0))
        h = torch.tanh(self.filter(padded)) * torch.sigmoid(self.gate(padded))
        return x + self.residual(h), self.skip(h)


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.start = nn.Conv1d(2, 4, 1)
        self.blocks = nn.ModuleList([GatedBlock(4, 2**i) for i in range(3)])
        self.end1 = nn.Conv1d(5, 6, 1)
        self.end2 = nn.Conv1d(6, 3, 1)

    def forward(self, x):
        x = self.start(x.transpose(1, 2))
        total = 0
        for block in self.blocks:
            x, skip = block(x)
            total = total + skip
        y = F.relu(self.end1(F.relu(total)))
        return self.end2(y).transpose(1, 2)


def in_torch():
    return InPyTorch()


def in_keras():
    inputs = keras.Input((None, 2))
    x = layers.Conv1D(4, 1, name="start")(inputs)
    skips = []
    for i in range(3):
        options = {"padding": "causal", "dilation_rate": 2**i}
        f = layers.Conv1D(4, 3, activation="tanh", name=f"filter{i}", **options)(x)
        g = layers.Conv1D(4, 3, activation="sigmoid", name=f"gate{i}", **options)(x)
        h = layers.Multiply()([f, g])
        skips.append(layers.Conv1D(5, 1, name=f"skip{i}")(h))
        x = layers.Add()([x, layers.Conv1D(4, 1, name=f"residual{i}")(h)])
    y = layers.Add()(skips)
    y = layers.Activation("relu")(y)
    y = layers.Conv1D(6, 1, activation="relu", name="end1")(y)
    y = layers.Conv1D(3, 1, name="end2")(y)
    return keras.Model(inputs, y)


def transfer(torch_model, keras_model):
    pairs = [("start", torch_model.start)]
    for i, block in enumerate(torch_model.blocks):
        for name in ("filter", "gate", "skip"):
            pairs.append((f"{name}{i}", getattr(block, name)))
        if i < 2:
            pairs.append((f"residual{i}", block.residual))
    pairs += [("end1", torch_model.end1), ("end2", torch_model.end2)]
    for name, conv in pairs:
        kernel = conv.weight.detach().numpy().transpose(2, 1, 0)
        keras_model.get_layer(name).set_weights([kernel, conv.bias.detach().numpy()])


def inputs(rng):
    return rng.normal(0, 1, (3, 21, 2)).astype("float32")
