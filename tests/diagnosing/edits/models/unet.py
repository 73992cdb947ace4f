"""A small U-Net: down, up by a transposed convolution and by repetition, with skips."""

import keras
import torch
from keras import layers
from torch import nn
from torch.nn import functional as F


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = nn.Conv2d(2, 3, 3, padding=1)
        self.down2 = nn.Conv2d(3, 4, 3, padding=1)
        self.bottom = nn.Conv2d(4, 4, 3, padding=1)
        self.up = nn.ConvTranspose2d(4, 4, 2, stride=2)
        self.merge = nn.Conv2d(8, 3, 3, padding=1)
        self.last = nn.Conv2d(6, 1, 1)

    def forward(self, x):
        x = x.permute(0, 3, 1, 2)
        one = F.leaky_relu(self.down1(x), 0.1)
        two = F.leaky_relu(self.down2(F.max_pool2d(one, 2)), 0.1)
        low = torch.relu(self.bottom(F.avg_pool2d(two, 2)))
        up = self.up(low)
        up = torch.relu(self.merge(torch.cat([up, two], dim=1)))
        up = F.interpolate(up, scale_factor=2, mode="nearest")
        y = self.last(torch.cat([up, one], dim=1))
        return torch.sigmoid(y).permute(0, 2, 3, 1)


def in_torch():
    return InPyTorch()


def in_keras():
    image = keras.Input((8, 12, 2))
    one = layers.Conv2D(3, 3, padding="same", name="down1")(image)
    one = layers.LeakyReLU(negative_slope=0.1)(one)
    two = layers.MaxPooling2D(2)(one)
    two = layers.Conv2D(4, 3, padding="same", name="down2")(two)
    two = layers.LeakyReLU(negative_slope=0.1)(two)
    low = layers.AveragePooling2D(2)(two)
    low = layers.Conv2D(4, 3, padding="same", activation="relu", name="bottom")(low)
    up = layers.Conv2DTranspose(4, 2, strides=2, name="up")(low)
    up = layers.Concatenate()([up, two])
    up = layers.Conv2D(3, 3, padding="same", activation="relu", name="merge")(up)
    up = layers.UpSampling2D(2)(up)
    up = layers.Concatenate()([up, one])
    y = layers.Conv2D(1, 1, activation="sigmoid", name="last")(up)
    return keras.Model(image, y)


def transfer(torch_model, keras_model):
    for name in ("down1", "down2", "bottom", "merge", "last"):
        conv = getattr(torch_model, name)
        kernel = conv.weight.detach().permute(2, 3, 1, 0).numpy()
        bias = conv.bias.detach().numpy()
        keras_model.get_layer(name).set_weights([kernel, bias])
    up = torch_model.up
    kernel = up.weight.detach().permute(2, 3, 1, 0).numpy()
    keras_model.get_layer("up").set_weights([kernel, up.bias.detach().numpy()])


def inputs(rng):
    return rng.normal(0, 1, (3, 8, 12, 2)).astype("float32")
