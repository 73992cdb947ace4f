"""Inverted residual blocks as MobileNetV2 has them, subclassed on both sides."""

import keras
import torch
from keras import layers, ops
from torch import nn


class Bottleneck(nn.Module):
    def __init__(self, channels, expansion, outputs, stride):
        super().__init__()
        hidden = channels * expansion
        self.use_shortcut = stride == 1 and channels == outputs
        self.conv = nn.Sequential(
            nn.Conv2d(channels, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden, eps=1e-3),
            nn.ReLU6(),
            nn.Conv2d(hidden, hidden, 3, stride, padding=1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden, eps=1e-3),
            nn.ReLU6(),
            nn.Conv2d(hidden, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3),
        )

    def forward(self, x):
        y = self.conv(x)
        if self.use_shortcut:
            y = x + y
        return y


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=1, padding=1)
        self.one = Bottleneck(4, 3, 4, stride=1)
        self.two = Bottleneck(4, 2, 6, stride=1)
        self.classifier = nn.Linear(6, 5)

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        x = torch.clamp(4 * self.stem(x), 0, 6)
        x = self.two(self.one(x))
        x = x.mean([2, 3])
        return torch.softmax(self.classifier(x), dim=1)


class KerasBottleneck(layers.Layer):
    def __init__(self, expansion, outputs, shortcut, **kwargs):
        super().__init__(**kwargs)
        self.expansion = expansion
        self.outputs = outputs
        self.shortcut = shortcut

    def build(self, shape):
        hidden = shape[-1] * self.expansion
        self.expand = layers.Conv2D(hidden, 1, use_bias=False)
        self.expand_norm = layers.BatchNormalization()
        self.depthwise = layers.DepthwiseConv2D(3, padding="same", use_bias=False)
        self.depthwise_norm = layers.BatchNormalization()
        self.project = layers.Conv2D(self.outputs, 1, use_bias=False)
        self.project_norm = layers.BatchNormalization()
        self.expand.build(shape)
        wide = (*shape[:-1], hidden)
        for layer in (self.expand_norm, self.depthwise, self.depthwise_norm):
            layer.build(wide)
        self.project.build(wide)
        self.project_norm.build((*shape[:-1], self.outputs))

    def call(self, x):
        y = ops.relu6(self.expand_norm(self.expand(x)))
        y = ops.relu6(self.depthwise_norm(self.depthwise(y)))
        y = self.project_norm(self.project(y))
        return x + y if self.shortcut else y


class InKeras(keras.Model):
    def __init__(self):
        super().__init__()
        self.stem = layers.Conv2D(4, 3, padding="same")
        self.one = KerasBottleneck(3, 4, True)
        self.two = KerasBottleneck(2, 6, False)
        self.classifier = layers.Dense(5, activation="softmax")

    def call(self, x):
        x = ops.clip(4.0 * self.stem(x), 0.0, 6.0)
        x = self.two(self.one(x))
        x = ops.mean(x, axis=(1, 2))
        return self.classifier(x)


def in_torch():
    return InPyTorch().eval()


def in_keras():
    model = InKeras()
    model(ops.zeros((1, 7, 9, 3)))
    return model


def set_norm(layer, norm):
    layer.set_weights(
        [
            norm.weight.detach().numpy(),
            norm.bias.detach().numpy(),
            norm.running_mean.numpy(),
            norm.running_var.numpy(),
        ]
    )


def transfer(torch_model, keras_model):
    kernel = torch_model.stem.weight.detach().numpy().transpose(2, 3, 1, 0)
    keras_model.stem.set_weights([kernel, torch_model.stem.bias.detach().numpy()])
    for name in ("one", "two"):
        conv = getattr(torch_model, name).conv
        block = getattr(keras_model, name)
        weights = [conv[i].weight.detach().numpy() for i in (0, 3, 6)]
        block.expand.set_weights([weights[0].transpose(2, 3, 1, 0)])
        block.depthwise.set_weights([weights[1].transpose(2, 3, 0, 1)])
        block.project.set_weights([weights[2].transpose(2, 3, 1, 0)])
        set_norm(block.expand_norm, conv[1])
        set_norm(block.depthwise_norm, conv[4])
        set_norm(block.project_norm, conv[7])
    head = torch_model.classifier
    keras_model.classifier.set_weights(
        [head.weight.detach().numpy().T, head.bias.detach().numpy()]
    )


def inputs(rng):
    return rng.normal(0, 1, (4, 7, 9, 3)).astype("float32")
