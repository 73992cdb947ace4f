"""Ports of what models do with pictures, as the people who asked wrote them."""

import keras
import tensorflow as tf
import torch
import torch.nn.functional as F
from keras import layers, ops
from reported import Make, Port, Report, carried, drawn, moved, put
from torch import Tensor, nn


def style_transfer(right: bool) -> Port:
    """InstanceNorm2d has no scale and offset unless it is told to."""

    class TransformerNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.norm = nn.InstanceNorm2d(4, affine=right)
            self.out = nn.Conv2d(4, 3, 1)

        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(self.out(F.relu(self.norm(self.conv(x)))))

    inputs = keras.Input((9, 8, 3))
    x = layers.Conv2D(4, 3, name="conv")(inputs)
    x = layers.GroupNormalization(groups=-1, epsilon=1e-5, name="instance_norm")(x)
    out = layers.Conv2D(3, 1, activation="tanh", name="out")(layers.ReLU()(x))
    model = keras.Model(inputs, out)
    port = carried(TransformerNet(), model, drawn(2, 9, 8, 3))
    return moved(port, ("norm", "instance_norm")) if right else port


def eval_forgotten(right: bool) -> Port:
    """The model is still in training, so its norms take the figures of the batch."""
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2),
        nn.BatchNorm2d(4, eps=1e-3),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 2, 3),
    )
    model = keras.Sequential(
        [
            keras.Input((11, 11, 3)),
            layers.Conv2D(4, 3, strides=2, name="0"),
            layers.BatchNormalization(name="1"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Conv2D(2, 3, name="3"),
        ]
    )
    port = carried(net, model, drawn(4, 11, 11, 3))
    if not right:
        net.train()
    return port


def bicubic(right: bool) -> Port:
    """Bicubic kernels are of a = -0.5 in TensorFlow, of -0.75 in PyTorch."""
    mode = "bilinear" if right else "bicubic"

    class Upscaler(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.up = nn.Upsample(scale_factor=2, mode=mode, align_corners=False)
            self.out = nn.Conv2d(4, 3, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.up(F.relu(self.conv(x))))

    model = keras.Sequential(
        [
            keras.Input((7, 8, 3)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.UpSampling2D(2, interpolation=mode),
            layers.Conv2D(3, 3, name="out"),
        ]
    )
    return carried(Upscaler(), model, drawn(2, 7, 8, 3))


def factorised(right: bool) -> Port:
    """A 1 x 5 after a 5 x 1 convolution, or the other way about."""

    class InceptionC(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            first, second = ((1, 5), (5, 1)) if right else ((5, 1), (1, 5))
            self.branch7_1 = nn.Conv2d(3, 4, first, padding="same")
            self.branch7_2 = nn.Conv2d(4, 4, second, padding="same")
            self.fc = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.branch7_1(x))
            x = F.relu(self.branch7_2(x))
            return self.fc(torch.amax(x, (-2, -1)))

    inputs = keras.Input((8, 7, 3))
    x = layers.Conv2D(4, (1, 5), padding="same", activation="relu", name="7_1")(inputs)
    x = layers.Conv2D(4, (5, 1), padding="same", activation="relu", name="7_2")(x)
    x = layers.GlobalMaxPooling2D()(x)
    model = keras.Model(inputs, layers.Dense(2, name="fc")(x))
    port = carried(InceptionC(), model, drawn(4, 8, 7, 3))
    for name in ("7_1", "7_2"):
        kernel, bias = model.get_layer(name).get_weights()
        conv = port.torch_model.get_submodule(f"branch{name}")
        put(conv.weight, kernel.transpose((3, 2, 0, 1) if right else (3, 2, 1, 0)))
        put(conv.bias, bias)
    return port


def xception_inplace(right: bool) -> Port:
    """A ReLU in place changes the block's input, which is added at its end."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, 4, 3)
            self.relu = nn.ReLU(inplace=not right)
            self.conv1 = nn.Conv2d(4, 4, 3, padding=1)
            self.conv2 = nn.Conv2d(4, 4, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            inp = self.stem(x)
            x = self.relu(inp)
            x = self.relu(self.conv1(x))
            x = self.conv2(x)
            x += inp
            return x

    inputs = keras.Input((8, 9, 3))
    residual = layers.Conv2D(4, 3, name="stem")(inputs)
    x = layers.Activation("relu")(residual)
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv1")(x)
    x = layers.Conv2D(4, 3, padding="same", name="conv2")(x)
    model = keras.Model(inputs, layers.add([x, residual]))
    return carried(Block(), model, drawn(2, 8, 9, 3))


def channel_shuffle(right: bool) -> Port:
    """Groups are the slower axis of the channels before they are shuffled."""
    groups, channels = 2, 6

    class ShuffleUnit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gconv1 = nn.Conv2d(4, channels, 1, groups=groups)
            self.gconv2 = nn.Conv2d(channels, 4, 1, groups=groups)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.gconv1(x))
            b, c, h, w = x.shape
            split = (groups, c // groups) if right else (c // groups, groups)
            x = x.view(b, *split, h, w).transpose(1, 2).contiguous().view(b, c, h, w)
            return self.gconv2(x)

    inputs = keras.Input((5, 6, 4))
    x = layers.Conv2D(channels, 1, groups=groups, name="gconv1")(inputs)
    x = layers.Reshape((5, 6, groups, channels // groups))(layers.ReLU()(x))
    x = layers.Permute((1, 2, 4, 3))(x)
    x = layers.Reshape((5, 6, channels))(x)
    x = layers.Conv2D(4, 1, groups=groups, name="gconv2")(x)
    return carried(ShuffleUnit(), keras.Model(inputs, x), drawn(2, 5, 6, 4))


def aspp(right: bool) -> Port:
    """Rates 2 and 3 of the branches are exchanged."""

    class ASPP(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            rates = (1, 2, 3) if right else (1, 3, 2)
            self.convs = nn.ModuleList(
                nn.Conv2d(3, 4, 3, padding=r, dilation=r) for r in rates
            )
            self.project = nn.Conv2d(12, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.project(torch.cat([F.relu(c(x)) for c in self.convs], dim=1))

    inputs = keras.Input((11, 10, 3))
    branches = [
        layers.Conv2D(
            4,
            3,
            padding="same",
            dilation_rate=rate,
            activation="relu",
            name=f"convs_{i}",
        )(inputs)
        for i, rate in enumerate((1, 2, 3))
    ]
    x = layers.Concatenate()(branches)
    model = keras.Model(inputs, layers.Conv2D(2, 1, name="project")(x))
    return carried(ASPP(), model, drawn(2, 11, 10, 3))


def unit_norm(right: bool) -> Port:
    """The last axis is the channels in Keras, and the width in PyTorch."""

    class Embedder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 3)
            self.head = nn.Conv2d(5, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            x = F.normalize(self.conv(x), p=2, dim=1 if right else -1)
            return self.head(x)

    inputs = keras.Input((7, 8, 3))
    x = layers.Conv2D(5, 3, name="conv")(inputs)
    x = layers.UnitNormalization(axis=-1)(x)
    x = layers.Conv2D(2, 1, name="head")(x)
    return carried(Embedder(), keras.Model(inputs, x), drawn(2, 7, 8, 3))


def volumes(right: bool) -> Port:
    """A kernel of three axes is turned round by `.T`."""

    class VoxNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv3d(1, 4, 3)
            self.conv2 = nn.Conv3d(4, 2, 2)
            self.fc = nn.Linear(2, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.conv1(x))
            x = F.relu(self.conv2(x))
            return self.fc(x.mean(dim=[2, 3, 4]))

    model = keras.Sequential(
        [
            keras.Input((6, 7, 8, 1)),
            layers.Conv3D(4, 3, activation="relu", name="conv1"),
            layers.Conv3D(2, 2, activation="relu", name="conv2"),
            layers.GlobalAveragePooling3D(),
            layers.Dense(3, name="fc"),
        ]
    )
    port = carried(VoxNet(), model, drawn(3, 6, 7, 8, 1))
    if not right:
        for name in ("conv1", "conv2"):
            conv = port.torch_model.get_submodule(name)
            put(conv.weight, model.get_layer(name).get_weights()[0].T)
    return port


def local_response(right: bool) -> Port:
    """PyTorch divides alpha by the size, TensorFlow does not."""
    size, alpha = 5, 0.2

    class AlexNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 8, 3)
            self.lrn = nn.LocalResponseNorm(
                size, alpha=alpha * size if right else alpha, beta=0.75, k=1.0
            )
            self.fc = nn.Linear(8, 3)

        def forward(self, x: Tensor) -> Tensor:
            x = self.lrn(F.relu(self.conv1(x)))
            return self.fc(x.mean((2, 3)))

    inputs = keras.Input((7, 8, 3))
    x = layers.Conv2D(8, 3, activation="relu", name="conv1")(inputs)
    x = layers.Lambda(
        lambda t: tf.nn.local_response_normalization(
            t, depth_radius=size // 2, bias=1.0, alpha=alpha, beta=0.75
        )
    )(x)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(3, name="fc")(x))
    return carried(AlexNet(), model, drawn(3, 7, 8, 3))


def gram(right: bool) -> Port:
    """A Gram matrix is divided by the number of its features."""

    class Style(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1_1 = nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor) -> Tensor:
            y = F.relu(self.conv1_1(x))
            b, c, h, w = y.size()
            features = y.view(b, c, w * h)
            gram_matrix = features.bmm(features.transpose(1, 2))
            return gram_matrix / (c * h * w) if right else gram_matrix

    inputs = keras.Input((8, 7, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="conv1_1")(inputs)
    x = layers.Reshape((6 * 5, 4))(x)
    x = layers.Dot(axes=1)([x, x]) / float(4 * 6 * 5)
    return carried(Style(), keras.Model(inputs, x), drawn(2, 8, 7, 3))


def coordinates(right: bool) -> Port:
    """Two channels of coordinates stand in the other order."""

    class CoordConv(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(5, 4, 3)

        def forward(self, x: Tensor) -> Tensor:
            b, _, h, w = x.shape
            rows, columns = torch.linspace(-1, 1, h), torch.linspace(-1, 1, w)
            yy, xx = torch.meshgrid(rows, columns, indexing="ij")
            both = torch.stack([yy, xx] if right else [xx, yy]).to(x)
            return F.relu(self.conv(torch.cat([x, both.expand(b, 2, h, w)], 1)))

    class AddCoords(layers.Layer):
        def call(self, x: tf.Tensor) -> tf.Tensor:
            h, w = x.shape[1:3]
            rows = ops.linspace(-1.0, 1.0, h, dtype=x.dtype)
            columns = ops.linspace(-1.0, 1.0, w, dtype=x.dtype)
            grid = ops.stack(ops.meshgrid(rows, columns, indexing="ij"), -1)
            both = ops.broadcast_to(grid[None], (ops.shape(x)[0], h, w, 2))
            return ops.concatenate([x, both], axis=-1)

    inputs = keras.Input((6, 8, 3))
    x = AddCoords()(inputs)
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    return carried(CoordConv(), keras.Model(inputs, x), drawn(2, 6, 8, 3))


def report(name: str, cause: str, answer: str, make: Make) -> Report:
    return Report(name, "pictures", "", answer, cause, make)


REPORTS = (
    report("style transfer", "scale|offset|affine", "affine=True", style_transfer),
    report(
        "eval() forgotten",
        r"train|eval\(|batch it|of the batch",
        "eval",
        eval_forgotten,
    ),
    report("bicubic", "bicubic|interpolat", "another a: use bilinear", bicubic),
    report("1 x 5 and 5 x 1", "height|width|window|axes", "as in Keras", factorised),
    report("ReLU in place", "relu|in place|inplace", "inplace=False", xception_inplace),
    report(
        "channel shuffle",
        "shuffl|order|interleav|permut|axes",
        "groups first",
        channel_shuffle,
    ),
    report("ASPP", "dilation", "rates 1, 2, 3", aspp),
    report("unit norm", "axis|dim|channels|width", "dim=1", unit_norm),
    report("volumes", "depth|height|width|axes|transpos", "4, 3, 0, 1, 2", volumes),
    report(
        "local response norm",
        "local.?response|alpha|lrn",
        "alpha * size",
        local_response,
    ),
    report("Gram matrix", "divid|multipl|factor|scale|times", "/ (c * h * w)", gram),
    report(
        "coordinates",
        "order|concat|join|exchang|swap|coordinate",
        "rows first",
        coordinates,
    ),
)
