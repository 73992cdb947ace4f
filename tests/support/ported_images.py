"""Networks of images, right and in wrong ports of one line."""

from __future__ import annotations

import keras
import torch
import torch.nn.functional as F
from keras import layers
from ported_bases import IMAGES, Module
from torch import nn

# ------------------------------------------------------------------------ residual CNN


def block(order="post", joined=True, source="x", scale=None):
    def forward(m, x):
        x = x.permute(0, 3, 1, 2)
        y = torch.relu(m.conv1(x))
        z = m.conv2(y)
        if joined:
            z = z + (m.skip(x) if source == "x" else y)
        if scale is not None:
            z = scale * z
        z = torch.relu(z) if order == "post" else z
        return m.fc(z.mean((2, 3)))

    return Module(
        forward,
        conv1=nn.Conv2d(3, 4, 3, padding=1),
        conv2=nn.Conv2d(4, 4, 3, padding=1),
        skip=nn.Conv2d(3, 4, 1),
        fc=nn.Linear(4, 2),
    )


def block_in_keras():
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv1")(x)
    z = layers.Conv2D(4, 3, padding="same", name="conv2")(y)
    z = layers.Add()([z, layers.Conv2D(4, 1, name="skip")(x)])
    z = layers.ReLU()(z)
    z = layers.GlobalAveragePooling2D()(z)
    return keras.Model(x, layers.Dense(2, name="fc")(z))


# -------------------------------------------------------------------- squeeze, excite


def squeeze_excite(squeeze=None, gate=None):
    def forward(m, x):
        x = torch.relu(m.conv(x.permute(0, 3, 1, 2)))
        s = x.mean((2, 3)) if squeeze is None else squeeze(x)
        w = torch.sigmoid(m.up(torch.relu(m.down(s))))[:, :, None, None]
        y = x * w if gate is None else gate(x, w)
        return m.fc(y.amax((2, 3)))

    return Module(
        forward,
        conv=nn.Conv2d(3, 6, 3),
        down=nn.Linear(6, 5),
        up=nn.Linear(5, 6),
        fc=nn.Linear(6, 2),
    )


def squeeze_excite_in_keras():
    i = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(i)
    s = layers.GlobalAveragePooling2D()(x)
    w = layers.Dense(5, activation="relu", name="down")(s)
    w = layers.Dense(6, activation="sigmoid", name="up")(w)
    y = layers.Multiply()([x, layers.Reshape((1, 1, 6))(w)])
    y = layers.GlobalMaxPooling2D()(y)
    return keras.Model(i, layers.Dense(2, name="fc")(y))


# --------------------------------------------------------------------- U-Net, upsampled


def unet(up=None, join=None):
    def forward(m, x):
        x = x.permute(0, 3, 1, 2)
        a = torch.relu(m.enc(x))
        b = torch.relu(m.mid(F.max_pool2d(a, 2)))
        u = F.interpolate(b, scale_factor=2) if up is None else up(b)
        y = torch.cat([a, u], 1) if join is None else join(a, u)
        return m.dec(y).permute(0, 2, 3, 1)

    return Module(
        forward,
        enc=nn.Conv2d(3, 4, 3, padding=1),
        mid=nn.Conv2d(4, 4, 3, padding=1),
        dec=nn.Conv2d(8, 2, 1),
    )


def unet_in_keras():
    i = keras.Input((8, 8, 3))
    a = layers.Conv2D(4, 3, padding="same", activation="relu", name="enc")(i)
    b = layers.MaxPooling2D()(a)
    b = layers.Conv2D(4, 3, padding="same", activation="relu", name="mid")(b)
    u = layers.UpSampling2D()(b)
    y = layers.Concatenate()([a, u])
    return keras.Model(i, layers.Conv2D(2, 1, name="dec")(y))


# ---------------------------------------------------------------------------- the table


def swapped(a, b):
    return torch.cat([b, a], 1)


# By what is wrong: PyTorch's model, Keras's, the input, and words of the sentence.
PORTS = {
    "residual: left out": (
        lambda: block(joined=False),
        block_in_keras,
        IMAGES,
        "`skip` (Conv2D) and",
    ),
    "residual: from another place": (
        lambda: block(source="y"),
        block_in_keras,
        IMAGES,
        "skip",
    ),
    "residual: last relu left out": (
        lambda: block(order="none"),
        block_in_keras,
        IMAGES,
        "ReLU",
    ),
    "residual: halved": (
        lambda: block(scale=0.5),
        block_in_keras,
        IMAGES,
        "`*`",
    ),
    "squeeze: largest for the mean": (
        lambda: squeeze_excite(lambda x: x.amax((2, 3))),
        squeeze_excite_in_keras,
        IMAGES,
        "the largest over axes 2 and 3",
    ),
    "squeeze: 1 - w": (
        lambda: squeeze_excite(gate=lambda x, w: x * (1 - w)),
        squeeze_excite_in_keras,
        IMAGES,
        "`-`",
    ),
    "squeeze: added, not multiplied": (
        lambda: squeeze_excite(gate=lambda x, w: x + w),
        squeeze_excite_in_keras,
        IMAGES,
        "PyTorch has a sigmoid and adds",
    ),
    "squeeze: w * w": (
        lambda: squeeze_excite(gate=lambda x, w: x * w * w),
        squeeze_excite_in_keras,
        IMAGES,
        "`*`",
    ),
    "unet: bilinear": (
        lambda: unet(lambda b: F.interpolate(b, scale_factor=2, mode="bilinear")),
        unet_in_keras,
        IMAGES,
        "interpolate",
    ),
    "unet: skip joined after": (
        lambda: unet(join=swapped),
        unet_in_keras,
        IMAGES,
        "order",
    ),
    "unet: skip of the pooled": (
        lambda: unet(join=lambda a, u: torch.cat([u, u], 1)),
        unet_in_keras,
        IMAGES,
        "cat",
    ),
    "unet: flipped": (
        lambda: unet(lambda b: F.interpolate(b, scale_factor=2).flip(-1)),
        unet_in_keras,
        IMAGES,
        "flip",
    ),
}
