"""Ports that pool or resize in another way."""

from collections.abc import Callable

import keras
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
    moved,
)
from torch import nn

Compute = Callable[[torch.Tensor], torch.Tensor]
CONV = ("conv", "conv")


def after_conv(
    compute: Compute, *keras_layers: keras.Layer, size: tuple[int, int] = (8, 6)
) -> Port:
    """A convolution, and what comes after it."""

    def whole(net: Net, x: torch.Tensor) -> torch.Tensor:
        return channels_last(compute(net.conv(channels_first(x))))

    net = Net(whole, conv=nn.Conv2d(3, 4, 3))
    model = chain((*size, 3), layers.Conv2D(4, 3, name="conv"), *keras_layers)
    return moved(Port(net, model, drawn(3, *size, 3)), CONV)


def same_max_pool(right: bool) -> Port:
    def compute(h: torch.Tensor) -> torch.Tensor:
        if right:
            return F.max_pool2d(F.pad(h, (0, 1, 0, 1), value=-torch.inf), 3, 2)
        return F.max_pool2d(h, 3, 2, padding=1)

    return after_conv(compute, layers.MaxPooling2D(3, 2, padding="same"))


def zeros_before_max_pool(right: bool) -> Port:
    def compute(h: torch.Tensor) -> torch.Tensor:
        if right:
            return F.max_pool2d(F.pad(h, (1, 1, 1, 1)), 3, 2)
        return F.max_pool2d(h, 3, 2, padding=1)

    keras_layers = layers.ZeroPadding2D(1), layers.MaxPooling2D(3, 2)
    return after_conv(lambda h: compute(h - 1), layers.Rescaling(1, -1), *keras_layers)


def padding_counted(right: bool) -> Port:
    def compute(h: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(h, 3, 1, padding=1, count_include_pad=not right)

    return after_conv(compute, layers.AveragePooling2D(3, 1, padding="same"))


def rounded_down(right: bool) -> Port:
    def compute(h: torch.Tensor) -> torch.Tensor:
        h = F.max_pool2d(h, 2, ceil_mode=right)
        return h.mean((2, 3), keepdim=True)

    pool = layers.MaxPooling2D(2, padding="same")
    mean = layers.GlobalAveragePooling2D(keepdims=True)
    return after_conv(compute, pool, mean, size=(9, 7))


def average_for_max(right: bool) -> Port:
    def compute(h: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(h, 2) if right else F.avg_pool2d(h, 2)

    return after_conv(compute, layers.MaxPooling2D(2))


def stride_of_pool(right: bool) -> Port:
    def compute(h: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(h, 3, 2 if right else 1).mean((2, 3), keepdim=True)

    pool = layers.AveragePooling2D(3, 2)
    mean = layers.GlobalAveragePooling2D(keepdims=True)
    return after_conv(compute, pool, mean, size=(9, 7))


def global_max_for_mean(right: bool) -> Port:
    def compute(h: torch.Tensor) -> torch.Tensor:
        if right:
            return h.mean((2, 3), keepdim=True)
        return h.amax((2, 3), keepdim=True)

    return after_conv(compute, layers.GlobalAveragePooling2D(keepdims=True))


def resized(
    settings: dict[str, object], interpolation: str, size: int | tuple[int, int] = 2
) -> Port:
    def compute(h: torch.Tensor) -> torch.Tensor:
        return F.interpolate(h, scale_factor=2, **settings)

    return after_conv(compute, layers.UpSampling2D(size, interpolation=interpolation))


def corners(right: bool) -> Port:
    settings = {"mode": "bilinear", "align_corners": not right}
    return resized(settings, "bilinear")


def nearest(right: bool) -> Port:
    if right:
        return resized({"mode": "bilinear", "align_corners": False}, "bilinear")
    return resized({"mode": "nearest"}, "bilinear")


POOL = "https://github.com/microsoft/MMdnn/issues/628"
CEIL = "https://github.com/PINTO0309/onnx2tf/pull/211"
RESNET = "https://github.com/keras-team/keras/pull/16363"
UP = "https://machinethink.net/blog/coreml-upsampling/"

POOLING = (
    (
        "same max pool of 3 in strides of 2",
        RESNET,
        "one at the end",
        r"pad",
        same_max_pool,
    ),
    (
        "zeros before a max pool",
        RESNET,
        "-inf in PyTorch",
        r"pad|zero",
        zeros_before_max_pool,
    ),
    (
        "padding counted in averages",
        POOL,
        "count_include_pad=False",
        r"count|pad",
        padding_counted,
    ),
    ("odd size rounded down", CEIL, "ceil_mode=True", r"round|ceil|pad", rounded_down),
    ("average for max pool", POOL, "MaxPooling2D", r"max|average", average_for_max),
    ("stride of a pool", POOL, "stride=2", r"stride", stride_of_pool),
    (
        "max for mean over the image",
        POOL,
        "x.mean((2, 3))",
        r"max|average|mean",
        global_max_for_mean,
    ),
    (
        "align_corners=True",
        UP,
        "Keras aligns no corners",
        r"corners",
        corners,
    ),
    (
        "nearest for bilinear",
        UP,
        "mode='bilinear'",
        r"nearest",
        nearest,
    ),
)
REPORTS = tuple(
    Report(name, "pooling", thread, answer, cause, make)
    for name, thread, answer, cause, make in POOLING
)
