"""Separable convolutions with steps of two: one layer in Keras, two in PyTorch."""

import keras
import torch
from keras import layers
from torch import nn


def separable(size, out):
    return nn.Sequential(
        nn.ZeroPad2d((0, 1, 0, 1)),
        nn.Conv2d(size, size, 3, stride=2, groups=size, bias=False),
        nn.Conv2d(size, out, 1, bias=False),
        nn.BatchNorm2d(out, eps=1e-3),
        nn.ReLU6(),
    )


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = separable(3, 5)
        self.second = separable(5, 7)
        self.head = nn.Linear(7, 3)

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        x = self.second(self.first(x))
        x = torch.amax(x, dim=(2, 3))
        return self.head(x)


def in_torch():
    return InPyTorch()


def block(x, out, number):
    conv = layers.SeparableConv2D(
        out, 3, strides=2, padding="same", use_bias=False, name=f"separable{number}"
    )
    x = conv(x)
    x = layers.BatchNormalization(name=f"norm{number}")(x)
    return layers.ReLU(6.0)(x)


def in_keras():
    image = keras.Input((12, 8, 3))
    x = block(image, 5, 1)
    x = block(x, 7, 2)
    x = layers.GlobalMaxPooling2D()(x)
    return keras.Model(image, layers.Dense(3, name="head")(x))


def array(tensor):
    return tensor.detach().numpy()


def transfer(torch_model, keras_model):
    for number, part in enumerate((torch_model.first, torch_model.second), 1):
        _, depth, point, norm, _ = part
        depthwise = array(depth.weight).transpose(2, 3, 0, 1)
        pointwise = array(point.weight).transpose(2, 3, 1, 0)
        conv = keras_model.get_layer(f"separable{number}")
        conv.set_weights([depthwise, pointwise])
        mean, variance = array(norm.running_mean), array(norm.running_var)
        arrays = [array(norm.weight), array(norm.bias), mean, variance]
        keras_model.get_layer(f"norm{number}").set_weights(arrays)
    head = torch_model.head
    arrays = [array(head.weight).T, array(head.bias)]
    keras_model.get_layer("head").set_weights(arrays)


def inputs(rng):
    return rng.normal(0, 2, (4, 12, 8, 3)).astype("float32")
