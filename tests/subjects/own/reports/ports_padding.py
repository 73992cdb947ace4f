"""Ports that pad, stride, dilate or crop in another way."""

from collections.abc import Callable

import keras
import torch
import torch.nn.functional as F
from keras import layers
from reported import Net, Port, Report, chain, channels_first, channels_last, drawn
from reported import moved as moved_weights
from torch import nn

CONV = ("conv", "conv")


def around(*amounts: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Pad with zeros: left, right, top, bottom."""
    return lambda x: F.pad(x, amounts)


def nothing(x: torch.Tensor) -> torch.Tensor:
    return x


def convolved(
    before: Callable[[torch.Tensor], torch.Tensor],
    conv: nn.Module,
    *keras_layers: keras.Layer,
    after: Callable[[torch.Tensor], torch.Tensor] = nothing,
    size: tuple[int, int] = (8, 6),
) -> Port:
    """A convolution of an image, with what PyTorch does before and after it."""

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        return channels_last(after(net.conv(before(channels_first(x)))))

    model = chain((*size, 3), *keras_layers)
    return moved_weights(Port(Net(compute, conv=conv), model, drawn(3, *size, 3)), CONV)


def same_in_strides(right: bool) -> Port:
    keras_conv = layers.Conv2D(4, 3, strides=2, padding="same", name="conv")
    if right:
        return convolved(around(0, 1, 0, 1), nn.Conv2d(3, 4, 3, 2), keras_conv)
    return convolved(nothing, nn.Conv2d(3, 4, 3, 2, padding=1), keras_conv)


def seven_in_strides(right: bool) -> Port:
    keras_conv = layers.Conv2D(4, 7, strides=2, padding="same", name="conv")
    if right:
        return convolved(around(2, 3, 2, 3), nn.Conv2d(3, 4, 7, 2), keras_conv)
    return convolved(nothing, nn.Conv2d(3, 4, 7, 2, padding=3), keras_conv)


def symmetric_by_keras(right: bool) -> Port:
    conv = nn.Conv2d(3, 4, 3, 2, padding=1)
    if right:
        zeros = layers.ZeroPadding2D(1)
        keras_conv = layers.Conv2D(4, 3, strides=2, name="conv")
        return convolved(nothing, conv, zeros, keras_conv)
    zeros = layers.ZeroPadding2D(((0, 1), (0, 1)))
    keras_conv = layers.Conv2D(4, 3, strides=2, name="conv")
    return convolved(nothing, conv, zeros, keras_conv)


def even_window(right: bool) -> Port:
    keras_conv = layers.Conv2D(4, (4, 1), padding="same", name="conv")
    before = around(0, 0, 1, 2) if right else around(0, 0, 2, 1)
    return convolved(before, nn.Conv2d(3, 4, (4, 1)), keras_conv)


def order_of_pad(right: bool) -> Port:
    keras_conv = layers.Conv2D(4, (5, 3), padding="same", name="conv")

    def cropped(x: torch.Tensor) -> torch.Tensor:
        return x[:, :, :8, :6]

    before = around(1, 1, 2, 2) if right else around(2, 2, 2, 2)
    return convolved(before, nn.Conv2d(3, 4, (5, 3)), keras_conv, after=cropped)


def valid_for_same(right: bool) -> Port:
    keras_layers = (
        layers.Conv2D(4, 3, name="conv", padding="same" if right else "valid"),
        layers.GlobalAveragePooling2D(keepdims=True),
    )

    def mean(x: torch.Tensor) -> torch.Tensor:
        return x.mean((2, 3), keepdim=True)

    return convolved(nothing, nn.Conv2d(3, 4, 3, padding=1), *keras_layers, after=mean)


def reflected(right: bool) -> Port:
    mode = "zeros" if right else "reflect"
    conv = nn.Conv2d(3, 4, 3, padding=1, padding_mode=mode)
    keras_conv = layers.Conv2D(4, 3, padding="same", name="conv")
    return convolved(nothing, conv, keras_conv)


def undilated(right: bool) -> Port:
    conv = nn.Conv2d(3, 4, 3, padding="same", dilation=2 if right else 1)
    keras_conv = layers.Conv2D(4, 3, padding="same", dilation_rate=2, name="conv")
    return convolved(nothing, conv, keras_conv)


def strides_exchanged(right: bool) -> Port:
    conv = nn.Conv2d(3, 4, 3, (2, 1) if right else (1, 2))
    keras_conv = layers.Conv2D(4, 3, strides=(2, 1), name="conv")
    return convolved(nothing, conv, keras_conv, size=(7, 7))


def stride_of_pixels(right: bool) -> Port:
    """Strides of two begin at the first pixel, or at the second."""
    keras_conv = layers.Conv2D(4, 1, strides=2, name="conv")
    if right:
        return convolved(nothing, nn.Conv2d(3, 4, 1, 2), keras_conv)
    return convolved(lambda x: x[:, :, 1:, 1:], nn.Conv2d(3, 4, 1, 2), keras_conv)


def bottleneck(right: bool) -> Port:
    """The stride of a bottleneck stands in its first or in its second layer."""
    first, second = (2, 1) if right else (1, 2)

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = torch.relu(net.conv(channels_first(x)))
        return channels_last(net.wide(h))

    net = Net(
        compute,
        conv=nn.Conv2d(3, 4, 1, first),
        wide=nn.Conv2d(4, 4, 3, second, padding=1),
    )
    model = chain(
        (9, 9, 3),
        layers.Conv2D(4, 1, strides=2, activation="relu", name="conv"),
        layers.Conv2D(4, 3, padding="same", name="wide"),
    )
    return moved_weights(Port(net, model, drawn(3, 9, 9, 3)), CONV, ("wide", "wide"))


def depthwise_same(right: bool) -> Port:
    keras_conv = layers.DepthwiseConv2D(3, strides=2, padding="same", name="conv")
    if right:
        conv = nn.Conv2d(3, 3, 3, 2, groups=3)
        return convolved(around(0, 1, 0, 1), conv, keras_conv)
    conv = nn.Conv2d(3, 3, 3, 2, padding=1, groups=3)
    return convolved(nothing, conv, keras_conv)


def along_time(
    before: Callable[[torch.Tensor], torch.Tensor],
    conv: nn.Module,
    keras_conv: keras.Layer,
    after: Callable[[torch.Tensor], torch.Tensor] = nothing,
) -> Port:
    """A convolution along time, with what PyTorch does before and after it."""

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        h = net.conv(before(x.transpose(1, 2)))
        return after(h).transpose(1, 2)

    model = chain((9, 4), keras_conv)
    return moved_weights(Port(Net(compute, conv=conv), model, drawn(3, 9, 4)), CONV)


def causal(**settings: int) -> keras.Layer:
    return layers.Conv1D(5, 3, padding="causal", name="conv", **settings)


def symmetric_for_causal(right: bool) -> Port:
    if right:
        return along_time(around(2, 0), nn.Conv1d(4, 5, 3), causal())
    return along_time(nothing, nn.Conv1d(4, 5, 3, padding=1), causal())


def chomp_at_the_wrong_end(right: bool) -> Port:
    conv = nn.Conv1d(4, 5, 3, padding=4, dilation=2)

    def chomp(h: torch.Tensor) -> torch.Tensor:
        return h[:, :, :-4] if right else h[:, :, 4:]

    return along_time(nothing, conv, causal(dilation_rate=2), chomp)


def causal_without_dilation(right: bool) -> Port:
    dilation = 2 if right else 1
    conv = nn.Conv1d(4, 5, 3, dilation=dilation)
    return along_time(around(2 * dilation, 0), conv, causal(dilation_rate=2))


def same_in_strides_along_time(right: bool) -> Port:
    keras_conv = layers.Conv1D(5, 4, strides=2, padding="same", name="conv")
    # of 9 steps in strides of 2: 5 windows reach 12 steps, so 1 before and 2 after
    before = around(1, 2) if right else around(2, 1)
    return along_time(before, nn.Conv1d(4, 5, 4, 2), keras_conv)


RESNET = "https://github.com/keras-team/keras/pull/16363"
YOLO = "https://github.com/keras-team/keras/issues/19291"
SAME = "https://discuss.pytorch.org/t/same-padding-equivalent-in-pytorch/85121"
ONNX = "https://github.com/MPolaris/onnx2tflite/issues/5"
TCN = "Conv1d causal padding, PyTorch's forum"
PAD = r"pad"


def report(name: str, thread: str, answer: str, cause: str, make: Callable) -> Report:
    return Report(name, "padding", thread, answer, cause, make)


REPORTS = (
    report(
        "same in strides of 2, padding=1",
        RESNET,
        "TensorFlow pads one more at the end: F.pad(x, (0, 1, 0, 1))",
        PAD,
        same_in_strides,
    ),
    report(
        "7 x 7 in strides of 2, padding=3",
        YOLO,
        "an even size needs 2 before and 3 after",
        PAD,
        seven_in_strides,
    ),
    report(
        "ZeroPadding2D after alone",
        "https://github.com/gmalivenko/pytorch2keras/issues/95",
        "ZeroPadding2D(1) and valid",
        PAD,
        symmetric_by_keras,
    ),
    report(
        "even window padded 2 before, 1 after",
        SAME,
        "F.pad(x, (0, 0, 1, 2))",
        PAD,
        even_window,
    ),
    report(
        "F.pad takes the last axis first",
        SAME,
        "left, right, top, bottom",
        PAD,
        order_of_pad,
    ),
    report(
        "valid where PyTorch pads",
        "https://stackoverflow.com/questions/55381052",
        'padding="same"',
        PAD,
        valid_for_same,
    ),
    report("reflected padding", ONNX, "Keras pads zeros", r"pad|reflect", reflected),
    report(
        "dilation forgotten",
        ONNX,
        "dilation=2",
        r"dilat",
        undilated,
    ),
    report(
        "strides of height and width exchanged",
        ONNX,
        "(height, width) in both",
        r"stride",
        strides_exchanged,
    ),
    report(
        "strides begin at the second pixel",
        RESNET,
        "which side striding begins on",
        r"stride|first|begin|1:|shift|crop|slice|pad",
        stride_of_pixels,
    ),
    report(
        "stride of a bottleneck in its 3 x 3",
        "https://github.com/benchopt/benchmark_resnet_classif/issues/30",
        "ResNet v1.5 has it in the 3 x 3, Keras in the 1 x 1",
        r"stride",
        bottleneck,
    ),
    report(
        "depthwise same in strides of 2",
        ONNX,
        "F.pad(x, (0, 1, 0, 1))",
        PAD,
        depthwise_same,
    ),
    report(
        "symmetric for causal padding",
        TCN,
        "F.pad(x, ((k - 1) * dilation, 0))",
        r"pad|causal",
        symmetric_for_causal,
    ),
    report(
        "chomp at the wrong end",
        TCN,
        "drop the last steps, not the first",
        r"pad|causal|step|slice|crop",
        chomp_at_the_wrong_end,
    ),
    report(
        "causal without its dilation",
        TCN,
        "dilation=2, and pad twice as much",
        r"dilat",
        causal_without_dilation,
    ),
    report(
        "Conv1D of 4 steps in strides of 2",
        SAME,
        "1 before, 2 after",
        PAD,
        same_in_strides_along_time,
    ),
)
