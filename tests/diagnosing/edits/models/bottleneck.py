"""Bottleneck blocks of grouped convolutions, with channels that are weighed."""

import keras
import numpy as np
import torch
from keras import layers, ops
from torch import nn
from torch.nn import functional as F

MEAN = np.array([0.4, 0.5, 0.6], "float32")
STD = np.array([0.2, 0.3, 0.25], "float32")


def conv_norm(size, out, kernel, **options):
    return nn.Sequential(
        nn.Conv2d(size, out, kernel, bias=False, **options),
        nn.BatchNorm2d(out, eps=1e-3),
    )


class SqueezeExcite(nn.Module):
    def __init__(self, channels, small):
        super().__init__()
        self.reduce = nn.Conv2d(channels, small, 1)
        self.expand = nn.Conv2d(small, channels, 1)

    def forward(self, x):
        s = x.mean((2, 3), keepdim=True)
        s = self.expand(F.relu(self.reduce(s)))
        return x * torch.sigmoid(s)


class Bottleneck(nn.Module):
    def __init__(self, size, middle, out, stride=1):
        super().__init__()
        self.a = conv_norm(size, middle, 1)
        self.b = conv_norm(middle, middle, 3, stride=stride, padding=1, groups=2)
        self.c = conv_norm(middle, out, 1)
        self.se = SqueezeExcite(out, 3)
        self.shortcut = nn.Identity()
        if stride != 1 or size != out:
            self.shortcut = conv_norm(size, out, 1, stride=stride)

    def forward(self, x):
        y = F.relu(self.a(x))
        y = F.relu(self.b(y))
        y = self.se(self.c(y))
        return F.relu(y + self.shortcut(x))


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))
        self.stem = nn.Conv2d(3, 4, 5, stride=2, padding=2)
        self.block1 = Bottleneck(4, 6, 8, stride=2)
        self.block2 = Bottleneck(8, 6, 8)
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        x = (x.permute(0, 3, 1, 2) / 255 - self.mean) / self.std
        x = F.relu(self.stem(x))
        x = self.block2(self.block1(x))
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], dim=1)
        return self.fc(x)


class Block(layers.Layer):
    def __init__(self, middle, out, stride=1, project=False):
        super().__init__()
        self.project = project
        self.conv_a = layers.Conv2D(middle, 1, use_bias=False)
        self.norm_a = layers.BatchNormalization()
        self.pad = layers.ZeroPadding2D(1)
        self.conv_b = layers.Conv2D(middle, 3, strides=stride, groups=2, use_bias=False)
        self.norm_b = layers.BatchNormalization()
        self.conv_c = layers.Conv2D(out, 1, use_bias=False)
        self.norm_c = layers.BatchNormalization()
        self.reduce = layers.Dense(3, activation="relu")
        self.expand = layers.Dense(out, activation="sigmoid")
        if project:
            self.conv_s = layers.Conv2D(out, 1, strides=stride, use_bias=False)
            self.norm_s = layers.BatchNormalization()

    def call(self, x):
        y = ops.relu(self.norm_a(self.conv_a(x)))
        y = ops.relu(self.norm_b(self.conv_b(self.pad(y))))
        y = self.norm_c(self.conv_c(y))
        weights = self.expand(self.reduce(ops.mean(y, axis=(1, 2))))
        y = y * weights[:, None, None, :]
        if self.project:
            x = self.norm_s(self.conv_s(x))
        return ops.relu(y + x)


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.scale = layers.Rescaling(1 / 255)
        self.pad = layers.ZeroPadding2D(2)
        self.stem = layers.Conv2D(4, 5, strides=2, activation="relu")
        self.block1 = Block(6, 8, stride=2, project=True)
        self.block2 = Block(6, 8)
        self.average = layers.GlobalAveragePooling2D()
        self.largest = layers.GlobalMaxPooling2D()
        self.fc = layers.Dense(3)

    def call(self, x):
        x = (self.scale(x) - MEAN) / STD
        x = self.stem(self.pad(x))
        x = self.block2(self.block1(x))
        x = ops.concatenate([self.average(x), self.largest(x)], axis=-1)
        return self.fc(x)


def in_torch():
    return InPyTorch()


def in_keras():
    return InKeras()


def array(tensor):
    return tensor.detach().numpy()


def transfer(torch_model, keras_model):
    def convolution(module, layer):
        weights = [array(module.weight).transpose(2, 3, 1, 0)]
        if module.bias is not None:
            weights.append(array(module.bias))
        layer.set_weights(weights)

    def conv_and_norm(module, conv, norm):
        convolution(module[0], conv)
        statistics = [array(module[1].running_mean), array(module[1].running_var)]
        scale = [array(module[1].weight), array(module[1].bias)]
        norm.set_weights(scale + statistics)

    convolution(torch_model.stem, keras_model.stem)
    for block, twin in (
        (torch_model.block1, keras_model.block1),
        (torch_model.block2, keras_model.block2),
    ):
        conv_and_norm(block.a, twin.conv_a, twin.norm_a)
        conv_and_norm(block.b, twin.conv_b, twin.norm_b)
        conv_and_norm(block.c, twin.conv_c, twin.norm_c)
        if twin.project:
            conv_and_norm(block.shortcut, twin.conv_s, twin.norm_s)
        for name in ("reduce", "expand"):
            conv, dense = getattr(block.se, name), getattr(twin, name)
            kernel = array(conv.weight)[:, :, 0, 0].T
            dense.set_weights([kernel, array(conv.bias)])
    keras_model.fc.set_weights(
        [array(torch_model.fc.weight).T, array(torch_model.fc.bias)]
    )


def inputs(rng):
    return rng.integers(0, 256, (3, 16, 24, 3)).astype("float32")
