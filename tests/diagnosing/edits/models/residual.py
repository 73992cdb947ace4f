"""A residual network of one block, with batch norm and a shortcut of its own."""

import keras
import numpy as np
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, size, out):
        super().__init__()
        self.conv1 = nn.Conv2d(size, out, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.down = nn.Conv2d(size, out, 1, stride=2)
        self.relu = nn.ReLU()

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu(y + self.down(x))


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.block = Block(4, 6)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        y = torch.tanh(self.stem(x.permute(0, 3, 1, 2)))
        y = self.block(y)
        return self.head(y.mean(dim=(2, 3)))


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = keras.layers.Conv2D(4, 3, padding="same")
        self.pad = keras.layers.ZeroPadding2D(1)
        self.conv1 = keras.layers.Conv2D(6, 3, strides=2, use_bias=False)
        self.bn1 = keras.layers.BatchNormalization(epsilon=1e-5)
        self.conv2 = keras.layers.Conv2D(6, 3, padding="same", use_bias=False)
        self.bn2 = keras.layers.BatchNormalization(epsilon=1e-5)
        self.down = keras.layers.Conv2D(6, 1, strides=2)
        self.pool = keras.layers.GlobalAveragePooling2D()
        self.head = keras.layers.Dense(3)

    def call(self, x):
        x = keras.ops.tanh(self.stem(x))
        y = self.conv1(self.pad(x))
        y = keras.ops.relu(self.bn1(y))
        y = self.bn2(self.conv2(y))
        shortcut = self.down(x)
        y = keras.ops.relu(y + shortcut)
        return self.head(self.pool(y))


def in_torch():
    return InPyTorch()


def in_keras():
    return InKeras()


def array(tensor):
    return tensor.detach().numpy()


def transfer(torch_model, keras_model):
    block = torch_model.block
    for conv, twin in [
        (torch_model.stem, keras_model.stem),
        (block.conv1, keras_model.conv1),
        (block.conv2, keras_model.conv2),
        (block.down, keras_model.down),
    ]:
        kernel = np.transpose(array(conv.weight), (2, 3, 1, 0))
        weights = [kernel]
        if conv.bias is not None:
            weights.append(array(conv.bias))
        twin.set_weights(weights)
    for norm, twin in [(block.bn1, keras_model.bn1), (block.bn2, keras_model.bn2)]:
        gamma, beta = array(norm.weight), array(norm.bias)
        mean, variance = array(norm.running_mean), array(norm.running_var)
        twin.set_weights([gamma, beta, mean, variance])
    head = torch_model.head
    keras_model.head.set_weights([array(head.weight).T, array(head.bias)])


def inputs(rng):
    return rng.normal(0, 1, (4, 8, 6, 2)).astype("float32")
