"""Ports that lay out, join, scale, pool or resize their data in another way."""

from collections.abc import Callable

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers
from reported import (
    Net,
    Port,
    Report,
    chain,
    channels_first,
    channels_last,
    drawn,
    filled,
    moved,
)
from torch import nn

CONV, HEAD = ("conv", "conv"), ("head", "head")
X = drawn(3, 8, 6, 3)


def image_port(
    compute: Callable[[Net, torch.Tensor], torch.Tensor],
    *after: keras.Layer,
    head: int = 0,
    size: tuple[int, int] = (8, 6),
    x: np.ndarray | None = None,
    before: tuple[keras.Layer, ...] = (),
) -> Port:
    """A convolution to four channels, what is between, and a head of so many inputs."""
    modules = {"conv": nn.Conv2d(3, 4, 3)}
    names = [CONV]
    keras_layers = [*before, layers.Conv2D(4, 3, name="conv"), *after]
    if head:
        modules["head"] = nn.Linear(head, 2)
        names.append(HEAD)
        keras_layers.append(layers.Dense(2, name="head"))
    model = chain((*size, 3), *keras_layers)
    data = drawn(3, *size, 3) if x is None else x
    return moved(Port(Net(compute, **modules), model, data), *names)


def convolved(net: Net, x: torch.Tensor) -> torch.Tensor:
    return torch.relu(net.conv(channels_first(x)))


RELU = layers.ReLU


def flattened(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = convolved(net, x)
        h = channels_last(h) if right else h
        return net.head(h.flatten(1))

    return image_port(compute, RELU(), layers.Flatten(), head=96)


def flattened_after_pool(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = F.max_pool2d(convolved(net, x), 2)
        h = h.permute(0, 2, 3, 1) if right else h
        return F.softmax(net.head(h.reshape(len(h), -1)), dim=1)

    between = (RELU(), layers.MaxPooling2D(2), layers.Flatten())
    port = image_port(compute, *between, head=24)
    softmax = layers.Softmax()(port.keras_model.outputs[0])
    model = keras.Model(port.keras_model.inputs, softmax)
    return Port(port.torch_model, model, port.x)


def flattened_along_time(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = net.conv(x.transpose(1, 2))
        h = h.transpose(1, 2) if right else h
        return net.head(h.flatten(1))

    model = chain(
        (9, 3),
        layers.Conv1D(4, 2, name="conv"),
        layers.Flatten(),
        layers.Dense(2, name="head"),
    )
    net = Net(compute, conv=nn.Conv1d(3, 4, 2), head=nn.Linear(32, 2))
    return moved(Port(net, model, drawn(3, 9, 3)), CONV, HEAD)


def input_viewed(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        image = channels_first(x) if right else x.reshape(len(x), 3, 8, 6)
        return channels_last(net.conv(image))

    return image_port(compute)


def input_transposed(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        image = x.permute(0, 3, 1, 2) if right else x.permute(0, 3, 2, 1)
        return net.head(torch.relu(net.conv(image)).mean((2, 3)))

    return image_port(compute, RELU(), layers.GlobalAveragePooling2D(), head=4)


def colours(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        image = channels_first(x)
        return channels_last(net.conv(image if right else image.flip(1)))

    return image_port(compute)


def scaled(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        image = channels_first(x)
        return channels_last(net.conv(image / 255 if right else image))

    x = np.abs(drawn(3, 8, 6, 3)) * 100
    return image_port(compute, x=x, before=(layers.Rescaling(1 / 255),))


def to_minus_one(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        image = channels_first(x) / 127.5 - 1 if right else channels_first(x) / 255
        return channels_last(net.conv(image))

    x = np.abs(drawn(3, 8, 6, 3)) * 100
    return image_port(compute, x=x, before=(layers.Rescaling(1 / 127.5, offset=-1),))


def standardised(right: bool) -> Port:
    # powers of two, which float32 holds exactly
    mean, deviation = torch.tensor([0.5, 0.25, 0.75]), torch.tensor([0.25, 0.5, 0.125])

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        image = (x - mean) / deviation if right else x
        return channels_last(net.conv(channels_first(image)))

    model = chain((8, 6, 3), layers.Conv2D(4, 3, name="conv"))
    image = keras.Input((8, 6, 3))
    standard = layers.Rescaling(
        (1 / deviation).tolist(), offset=(-mean / deviation).tolist()
    )(image)
    whole = keras.Model(image, model.get_layer("conv")(standard))
    return moved(Port(Net(compute, conv=nn.Conv2d(3, 4, 3)), whole, X), CONV)


def softmax_axis(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = convolved(net, x).mean((2, 3))
        return torch.softmax(net.head(h), 1 if right else 0)

    between = RELU(), layers.GlobalAveragePooling2D()
    port = image_port(compute, *between, head=4)
    softmax = layers.Softmax()(port.keras_model.outputs[0])
    return Port(port.torch_model, keras.Model(port.keras_model.inputs, softmax), port.x)


def softmax_of_channels(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = net.conv(channels_first(x))
        return channels_last(torch.softmax(h, 1 if right else 3))

    return image_port(compute, layers.Softmax())


def decoder(right: bool) -> Port:
    def compute(net: Net, z: torch.Tensor) -> torch.Tensor:
        h = net.head(z)
        if right:
            image = channels_first(h.reshape(len(h), 4, 3, 5))
        else:
            image = h.reshape(len(h), 5, 4, 3)
        return channels_last(net.conv(image))

    model = chain(
        (6,),
        layers.Dense(60, name="head"),
        layers.Reshape((4, 3, 5)),
        layers.Conv2D(3, 2, name="conv"),
    )
    net = Net(compute, head=nn.Linear(6, 60), conv=nn.Conv2d(5, 3, 2))
    return moved(Port(net, model, drawn(4, 6)), HEAD, CONV)


def rows_to_steps(right: bool) -> Port:
    """A convolution, then each row of the image is a time step of an LSTM."""

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = convolved(net, x)  # (batch, channels, height, width)
        order = (0, 2, 3, 1) if right else (0, 2, 1, 3)
        steps = h.permute(*order).flatten(2)
        return net.rnn(steps)[0]

    model = chain(
        (8, 6, 3),
        layers.Conv2D(4, 3, name="conv"),
        RELU(),
        layers.Reshape((6, 16)),
        layers.LSTM(5, return_sequences=True, name="rnn"),
    )
    net = Net(compute, conv=nn.Conv2d(3, 4, 3), rnn=nn.LSTM(16, 5, batch_first=True))
    return moved(Port(net, model, X), CONV, ("rnn", "rnn"))


def pixels_shuffled(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = net.conv(channels_first(x))
        if right:  # PyTorch takes the channels of the result as the slower ones
            order = torch.arange(8).reshape(4, 2).T.ravel()
            h = h[:, order]
        return channels_last(F.pixel_shuffle(h, 2))

    image = keras.Input((8, 6, 3))
    h = layers.Conv2D(8, 3, name="conv")(image)
    h = layers.Reshape((6, 4, 2, 2, 2))(h)
    h = layers.Permute((1, 3, 2, 4, 5))(h)
    model = filled(keras.Model(image, layers.Reshape((12, 8, 2))(h)))
    return moved(Port(Net(compute, conv=nn.Conv2d(3, 8, 3)), model, X), CONV)


def joined(right: bool) -> Port:
    """A skip connection of a U-Net."""

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        image = channels_first(x)
        h = torch.relu(net.conv(image))
        up = F.interpolate(F.max_pool2d(h, 2), scale_factor=2)
        parts = (up, h) if right else (h, up)
        return channels_last(net.merge(torch.cat(parts, 1)))

    image = keras.Input((8, 6, 3))
    h = layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    up = layers.UpSampling2D(2)(layers.MaxPooling2D(2)(h))
    merge = layers.Conv2D(2, 1, name="merge")(layers.Concatenate()([up, h]))
    net = Net(compute, conv=nn.Conv2d(3, 4, 3), merge=nn.Conv2d(8, 2, 1))
    model = filled(keras.Model(image, merge))
    return moved(Port(net, model, X), CONV, ("merge", "merge"))


def residual_after_relu(right: bool) -> Port:
    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        image = channels_first(x)
        h = net.conv(image)
        total = torch.relu(h + image) if right else torch.relu(h) + image
        return channels_last(total)

    image = keras.Input((8, 6, 3))
    h = layers.Conv2D(3, 3, padding="same", name="conv")(image)
    model = filled(keras.Model(image, layers.ReLU()(layers.Add()([h, image]))))
    return moved(Port(Net(compute, conv=nn.Conv2d(3, 3, 3, padding=1)), model, X), CONV)


BLOG = "https://henrysky.github.io/blog/2023-10-23-keras-torch/"
CONV_THREAD = "https://discuss.pytorch.org/t/transfer-conv2d-layers-from-keras-to-pytorch-give-a-wrong-result/184306"
VIEW = "https://github.com/gzuidhof/nn-transfer/issues/16"
TOOLS = "https://github.com/ArtemBoyarintsev/MachineLearningTools"
DEPTH = "https://github.com/ialhashim/DenseDepth/pull/169"
CRNN = "https://github.com/chineseocr/chineseocr/issues/360"
RESULTS = "https://github.com/onnx/keras-onnx/issues/281"
ORDER = r"order|unit by unit|channel by channel|flatten|reshape|permut|transpos"


def report(name: str, thread: str, answer: str, cause: str, make: Callable) -> Report:
    return Report(name, "layout", thread, answer, cause, make)


REPORTS = (
    report(
        "flattened channels first",
        CONV_THREAD,
        "permute(0, 2, 3, 1) before view",
        ORDER,
        flattened,
    ),
    report(
        "flattened after a pool, then a softmax",
        VIEW,
        "view and Flatten take other orders",
        ORDER,
        flattened_after_pool,
    ),
    report("flattened along time", BLOG, "transpose back", ORDER, flattened_along_time),
    report(
        "images viewed as channels first",
        TOOLS,
        "permute, not view",
        ORDER,
        input_viewed,
    ),
    report(
        "height and width of the input exchanged",
        TOOLS,
        "permute(0, 3, 1, 2), not (0, 3, 2, 1)",
        r"height and (the )?width|transpos|axes|order",
        input_transposed,
    ),
    report(
        "BGR and RGB",
        TOOLS,
        "OpenCV reads BGR",
        r"channels|features|revers|order|flip",
        colours,
    ),
    report("not divided by 255", RESULTS, "Rescaling(1 / 255)", r"255|scale", scaled),
    report(
        "to [0, 1] for to [-1, 1]",
        RESULTS,
        "preprocess_input of another family",
        r"scale|offset|127|255|times",
        to_minus_one,
    ),
    report(
        "not standardised",
        RESULTS,
        "mean and deviation of ImageNet",
        r"standard|mean|scale|subtract|offset",
        standardised,
    ),
    report(
        "softmax over the batch",
        "PyTorch's forum: softmax without dim",
        "dim=1",
        r"softmax",
        softmax_axis,
    ),
    report(
        "softmax over the width",
        DEPTH,
        "dim=1 where channels are first",
        r"softmax",
        softmax_of_channels,
    ),
    report(
        "dense to image, channels first",
        "https://github.com/gzuidhof/nn-transfer/issues/16",
        "reshape to (h, w, c), then permute",
        ORDER,
        decoder,
    ),
    report(
        "rows of an image as steps",
        CRNN,
        "Reshape joins width and channels, in this order",
        ORDER + r"|axes|step",
        rows_to_steps,
    ),
    report(
        "pixel shuffle for depth to space",
        "depth to space of converters",
        "channels of the result are the slower in PyTorch",
        r"order|pixel|permut|shuffle",
        pixels_shuffled,
    ),
    report(
        "skip connection joined in another order",
        DEPTH,
        "cat([up, skip])",
        r"order|join|concat",
        joined,
    ),
    report(
        "relu before the sum",
        "https://github.com/gzuidhof/nn-transfer/issues/8",
        "relu comes after the sum",
        r"relu|activation",
        residual_after_relu,
    ),
)
