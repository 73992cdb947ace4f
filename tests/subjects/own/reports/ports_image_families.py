"""Ports of well-known networks of images, each wrong in one usual way."""

import keras
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import (
    Net,
    Port,
    channels_first,
    channels_last,
    drawn,
    family,
    ported,
)
from torch import nn

IMAGES = drawn(3, 8, 8, 3)
SEQUENCES = drawn(4, 7, 5)


def inception(right: bool) -> Port:
    """Branches are joined, one of them over in another order."""
    first = keras.Input((8, 8, 3))
    one = layers.Conv2D(4, 1, activation="relu", name="one")(first)
    three = layers.Conv2D(2, 1, activation="relu", name="reduce")(first)
    three = layers.Conv2D(4, 3, padding="same", activation="relu", name="three")(three)
    pool = layers.MaxPooling2D(3, 1, padding="same")(first)
    pool = layers.Conv2D(4, 1, activation="relu", name="pool")(pool)
    joined = layers.Concatenate()([one, three, pool])
    head = layers.Dense(3, name="head")(layers.GlobalAveragePooling2D()(joined))

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        x = channels_first(x)
        a = F.relu(net.one(x))
        b = F.relu(net.three(F.relu(net.reduce(x))))
        c = F.relu(net.pool(F.max_pool2d(x, 3, stride=1, padding=1)))
        parts = [a, b, c] if right else [a, c, b]
        return net.head(torch.cat(parts, 1).mean((2, 3)))

    return ported(
        compute,
        keras.Model(first, head),
        IMAGES,
        one=nn.Conv2d(3, 4, 1),
        reduce=nn.Conv2d(3, 2, 1),
        three=nn.Conv2d(2, 4, 3, padding=1),
        pool=nn.Conv2d(3, 4, 1),
        head=nn.Linear(12, 3),
    )


def generator(right: bool) -> Port:
    """The latent image is reshaped as channels last and read as channels first."""
    first = keras.Input((6,))
    h = layers.Dense(2 * 2 * 4, name="dense")(first)
    h = layers.LeakyReLU(negative_slope=0.2)(h)
    h = layers.Reshape((2, 2, 4))(h)
    h = layers.Conv2DTranspose(3, 4, strides=2, padding="same", name="up")(h)
    out = layers.Activation("tanh")(h)

    def compute(net: Net, z: torch.Tensor) -> torch.Tensor:
        h = F.leaky_relu(net.dense(z), 0.2)
        image = h.view(-1, 4, 2, 2)
        if right:
            image = h.view(-1, 2, 2, 4).permute(0, 3, 1, 2)
        return channels_last(torch.tanh(net.up(image)))

    return ported(
        compute,
        keras.Model(first, out),
        drawn(3, 6),
        dense=nn.Linear(6, 16),
        up=nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1),
    )


def dense_block(right: bool) -> Port:
    """New features go before the old ones."""
    first = h = keras.Input((8, 8, 3))
    for number in range(2):
        y = layers.BatchNormalization(epsilon=1e-5, name=f"norm{number}")(h)
        y = layers.ReLU()(y)
        y = layers.Conv2D(2, 3, padding="same", use_bias=False, name=f"conv{number}")(y)
        h = layers.Concatenate()([h, y])
    out = layers.Dense(3, name="head")(layers.GlobalAveragePooling2D()(h))

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = channels_first(x)
        for norm, conv in ((net.norm0, net.conv0), (net.norm1, net.conv1)):
            y = conv(F.relu(norm(h)))
            h = torch.cat([h, y] if right else [y, h], 1)
        return net.head(h.mean((2, 3)))

    return ported(
        compute,
        keras.Model(first, out),
        IMAGES,
        norm0=nn.BatchNorm2d(3),
        conv0=nn.Conv2d(3, 2, 3, padding=1, bias=False),
        norm1=nn.BatchNorm2d(5),
        conv1=nn.Conv2d(5, 2, 3, padding=1, bias=False),
        head=nn.Linear(7, 3),
    )


def inverted_residual(right: bool) -> Port:
    """The projection of MobileNet is linear; here it ends with a relu6."""
    first = keras.Input((8, 8, 3))
    h = layers.Conv2D(6, 1, use_bias=False, name="expand")(first)
    h = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=1e-3, name="norm1")(h))
    h = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depth")(h)
    h = layers.ReLU(6.0)(layers.BatchNormalization(epsilon=1e-3, name="norm2")(h))
    h = layers.Conv2D(3, 1, use_bias=False, name="project")(h)
    h = layers.BatchNormalization(epsilon=1e-3, name="norm3")(h)
    out = layers.Add()([first, h])

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        x = channels_first(x)
        h = F.relu6(net.norm1(net.expand(x)))
        h = F.relu6(net.norm2(net.depth(h)))
        h = net.norm3(net.project(h))
        return channels_last(x + (h if right else F.relu6(h)))

    return ported(
        compute,
        keras.Model(first, out),
        IMAGES,
        expand=nn.Conv2d(3, 6, 1, bias=False),
        norm1=nn.BatchNorm2d(6, eps=1e-3),
        depth=nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False),
        norm2=nn.BatchNorm2d(6, eps=1e-3),
        project=nn.Conv2d(6, 3, 1, bias=False),
        norm3=nn.BatchNorm2d(3, eps=1e-3),
    )


def squeeze_excite(right: bool) -> Port:
    """The gate is added to the features, not multiplied."""
    first = keras.Input((7, 5))
    h = layers.Conv1D(6, 3, padding="same", activation="relu", name="conv")(first)
    s = layers.GlobalAveragePooling1D(keepdims=True)(h)
    s = layers.Dense(3, activation="relu", name="squeeze")(s)
    s = layers.Dense(6, activation="sigmoid", name="excite")(s)
    out = layers.Dense(2, name="head")(layers.GlobalMaxPooling1D()(h * s))

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = F.relu(net.conv(x.transpose(1, 2))).transpose(1, 2)
        s = torch.sigmoid(net.excite(F.relu(net.squeeze(h.mean(1, keepdim=True)))))
        return net.head((h * s if right else h + s).amax(1))

    return ported(
        compute,
        keras.Model(first, out),
        SEQUENCES,
        conv=nn.Conv1d(5, 6, 3, padding=1),
        squeeze=nn.Linear(6, 3),
        excite=nn.Linear(3, 6),
        head=nn.Linear(6, 2),
    )


def patches(right: bool) -> Port:
    """Patches are flattened column by column."""
    first = keras.Input((8, 8, 3))
    h = layers.Conv2D(6, 4, strides=4, name="patch")(first)
    h = layers.Reshape((4, 6))(h)
    h = layers.LayerNormalization(epsilon=1e-6, name="norm")(h)
    out = layers.Dense(3, name="head")(layers.Flatten()(h))

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = net.patch(channels_first(x))
        h = h if right else h.transpose(2, 3)
        h = h.flatten(2).transpose(1, 2)
        return net.head(net.norm(h).flatten(1))

    return ported(
        compute,
        keras.Model(first, out),
        IMAGES,
        patch=nn.Conv2d(3, 6, 4, stride=4),
        norm=nn.LayerNorm(6, eps=1e-6),
        head=nn.Linear(24, 3),
    )


def mixer(right: bool) -> Port:
    """The sum around the mix of channels begins before the mix of tokens."""
    first = keras.Input((6, 6))
    h = layers.LayerNormalization(epsilon=1e-6, name="norm1")(first)
    h = layers.Permute((2, 1))(h)
    h = layers.Dense(6, activation="gelu", name="tokens")(h)
    h = layers.Permute((2, 1))(h)
    mixed = layers.Add()([first, h])
    h = layers.LayerNormalization(epsilon=1e-6, name="norm2")(mixed)
    h = layers.Dense(6, activation="gelu", name="channels")(h)
    out = layers.Add()([mixed, h])

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = F.gelu(net.tokens(net.norm1(x).transpose(1, 2))).transpose(1, 2)
        mixed = x + h
        h = F.gelu(net.channels(net.norm2(mixed)))
        return (mixed if right else x) + h

    return ported(
        compute,
        keras.Model(first, out),
        drawn(4, 6, 6),
        norm1=nn.LayerNorm(6, eps=1e-6),
        tokens=nn.Linear(6, 6),
        norm2=nn.LayerNorm(6, eps=1e-6),
        channels=nn.Linear(6, 6),
    )


def film(right: bool) -> Port:
    """Features are scaled by gamma, not by one more than gamma."""
    images, condition = keras.Input((8, 8, 3)), keras.Input((5,))
    h = layers.Conv2D(4, 3, padding="same", name="conv")(images)
    gamma = layers.Dense(4, name="gamma")(condition)[:, None, None, :]
    beta = layers.Dense(4, name="beta")(condition)[:, None, None, :]
    out = ops.relu(h * (1 + gamma) + beta)

    def compute(net: Net, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        h = net.conv(channels_first(x))
        gamma = net.gamma(condition)[:, :, None, None]
        beta = net.beta(condition)[:, :, None, None]
        scale = 1 + gamma if right else gamma
        return channels_last(F.relu(h * scale + beta))

    return ported(
        compute,
        keras.Model([images, condition], out),
        [IMAGES, drawn(3, 5, seed=2)],
        conv=nn.Conv2d(3, 4, 3, padding=1),
        gamma=nn.Linear(5, 4),
        beta=nn.Linear(5, 4),
    )


def unet(right: bool) -> Port:
    """Images are enlarged with their corners aligned."""
    first = keras.Input((8, 8, 3))
    down = layers.Conv2D(4, 3, padding="same", activation="relu", name="down")(first)
    h = layers.MaxPooling2D(2)(down)
    h = layers.Conv2D(4, 3, padding="same", activation="relu", name="middle")(h)
    h = layers.UpSampling2D(2, interpolation="bilinear")(h)
    h = layers.Concatenate()([h, down])
    out = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="up")(h)

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        down = F.relu(net.down(channels_first(x)))
        h = F.relu(net.middle(F.max_pool2d(down, 2)))
        h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=not right)
        return channels_last(torch.sigmoid(net.up(torch.cat([h, down], 1))))

    return ported(
        compute,
        keras.Model(first, out),
        IMAGES,
        down=nn.Conv2d(3, 4, 3, padding=1),
        middle=nn.Conv2d(4, 4, 3, padding=1),
        up=nn.Conv2d(8, 1, 3, padding=1),
    )


REPORTS = (
    family("inception", "join one, three, pool", r"join|order|cat", inception),
    family("generator", "view and permute", r"order|permute|reshape|read", generator),
    family("dense block", "old features first", r"join|order|cat", dense_block),
    family("inverted residual", "linear projection", r"relu", inverted_residual),
    family("squeeze and excite", "multiply", r"multiplies.*adds", squeeze_excite),
    family("patches", "row by row", r"transpose|order|axes", patches),
    family("mixer", "the mixed tokens", r"\+|sum|takes", mixer),
    family("FiLM", "1 + gamma", r"`\+`", film),
    family("U-Net", "corners not aligned", r"corner|interpol|align", unet),
)
