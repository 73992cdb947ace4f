"""A small DenseNet: layers that join what they make to what they read."""

import keras
import torch
from keras import layers
from torch import nn
from torch.nn import functional as F


class DenseLayer(nn.Module):
    def __init__(self, size, growth):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(size)
        self.conv1 = nn.Conv2d(size, 2 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(2 * growth)
        self.conv2 = nn.Conv2d(2 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.conv1(F.relu(self.norm1(x)))
        y = self.conv2(F.relu(self.norm2(y)))
        return torch.cat([x, y], 1)


class Transition(nn.Module):
    def __init__(self, size, out):
        super().__init__()
        self.norm = nn.BatchNorm2d(size)
        self.conv = nn.Conv2d(size, out, 1, bias=False)

    def forward(self, x):
        x = self.conv(torch.relu(self.norm(x)))
        return F.avg_pool2d(x, 2)


class DenseNet(nn.Module):
    def __init__(self, growth=3, classes=5):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.block1 = nn.Sequential(DenseLayer(4, growth), DenseLayer(7, growth))
        self.transition = Transition(10, 6)
        self.block2 = nn.Sequential(DenseLayer(6, growth), DenseLayer(9, growth))
        self.norm = nn.BatchNorm2d(12)
        self.classifier = nn.Linear(12, classes)

    def forward(self, x):
        x = self.stem(x.permute(0, 3, 1, 2))
        x = F.max_pool2d(x, 3, stride=2, padding=1)
        x = self.transition(self.block1(x))
        x = F.relu(self.norm(self.block2(x)))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return F.log_softmax(self.classifier(x), dim=1)


def dense_layer(x, growth, name):
    y = layers.BatchNormalization(epsilon=1e-5, name=f"{name}_norm1")(x)
    y = layers.Activation("relu")(y)
    y = layers.Conv2D(2 * growth, 1, use_bias=False, name=f"{name}_conv1")(y)
    y = layers.BatchNormalization(epsilon=1e-5, name=f"{name}_norm2")(y)
    y = layers.Activation("relu")(y)
    y = layers.Conv2D(growth, 3, padding="same", use_bias=False, name=f"{name}_conv2")(
        y
    )
    return layers.Concatenate(axis=-1)([x, y])


def transition(x, out):
    x = layers.BatchNormalization(epsilon=1e-5, name="transition_norm")(x)
    x = layers.Activation("relu")(x)
    x = layers.Conv2D(out, 1, use_bias=False, name="transition_conv")(x)
    return layers.AveragePooling2D(2)(x)


def in_torch():
    return DenseNet()


def in_keras():
    image = keras.Input((16, 24, 3))
    x = layers.ZeroPadding2D(1)(image)
    x = layers.Conv2D(4, 3, strides=2, name="stem")(x)
    low = -float("inf")
    x = keras.ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)], constant_values=low)
    x = layers.MaxPooling2D(3, strides=2)(x)
    for i in range(2):
        x = dense_layer(x, 3, f"block1_{i}")
    x = transition(x, 6)
    for i in range(2):
        x = dense_layer(x, 3, f"block2_{i}")
    x = layers.BatchNormalization(epsilon=1e-5, name="norm")(x)
    x = layers.Activation("relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(5, name="classifier")(x)
    return keras.Model(image, keras.ops.log_softmax(x))


def inputs(rng):
    return rng.normal(0, 1, (4, 16, 24, 3)).astype("float32")
