"""Ports whose kernels of convolutions were moved wrongly."""

import keras
import numpy as np
import torch
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
    put,
)
from torch import nn

NAMES = ("conv", "conv"), ("head", "head")


def pooled_head(net: Net, x: torch.Tensor) -> torch.Tensor:
    """Convolve, rectify, take the mean of each channel, and a dense layer."""
    h = torch.relu(net.conv(channels_first(x)))
    return net.head(h.mean((2, 3)))


def small_cnn(conv: nn.Module, keras_conv: keras.Layer, channels: int = 3) -> Port:
    """One convolution with a head of two outputs."""
    outputs = conv.out_channels
    return Port(
        Net(pooled_head, conv=conv, head=nn.Linear(outputs, 2)),
        chain(
            (8, 6, channels),
            keras_conv,
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, name="head"),
        ),
        drawn(4, 8, 6, channels),
    )


def one_conv(
    window: tuple[int, int] = (3, 2), inputs: int = 3, outputs: int = 5
) -> Port:
    """A convolution whose weights are as they should be."""
    keras_conv = layers.Conv2D(outputs, window, activation="relu", name="conv")
    port = small_cnn(nn.Conv2d(inputs, outputs, window), keras_conv, inputs)
    return moved(port, *NAMES)


def kernel_of(port: Port, name: str = "conv") -> np.ndarray:
    """The kernel in Keras's layout."""
    return np.asarray(port.keras_model.get_layer(name).get_weights()[0])


def reshaped(right: bool) -> Port:
    port = one_conv()
    if not right:
        weight = port.torch_model.conv.weight
        put(weight, kernel_of(port).reshape(weight.shape))
    return port


def height_and_width_exchanged(right: bool) -> Port:
    port = one_conv((3, 3))
    if not right:
        put(port.torch_model.conv.weight, kernel_of(port).transpose(3, 2, 1, 0))
    return port


def inputs_and_outputs_exchanged(right: bool) -> Port:
    port = one_conv((3, 3), inputs=4, outputs=4)
    if not right:
        put(port.torch_model.conv.weight, kernel_of(port).transpose(2, 3, 0, 1))
    return port


def turned(right: bool) -> Port:
    port = one_conv((3, 3))
    if not right:
        kernel = kernel_of(port)[::-1, ::-1]
        put(port.torch_model.conv.weight, kernel.transpose(3, 2, 0, 1))
    return port


def mirrored(right: bool) -> Port:
    port = one_conv((3, 3))
    if not right:
        kernel = kernel_of(port)[:, ::-1]
        put(port.torch_model.conv.weight, kernel.transpose(3, 2, 0, 1))
    return port


def bias_left_out(right: bool) -> Port:
    keras_conv = layers.Conv2D(5, (3, 2), activation="relu", name="conv")
    conv = nn.Conv2d(3, 5, (3, 2), bias=right)
    port = small_cnn(conv, keras_conv)
    if right:
        return moved(port, *NAMES)
    put(conv.weight, kernel_of(port).transpose(3, 2, 0, 1))
    return moved(port, NAMES[1])


def bias_not_loaded(right: bool) -> Port:
    port = one_conv()
    if not right:
        put(port.torch_model.conv.bias, np.zeros(5, "float32"))
    return port


def bgr_in_the_kernel(right: bool) -> Port:
    port = one_conv()
    if not right:
        kernel = kernel_of(port)[:, :, ::-1]
        put(port.torch_model.conv.weight, kernel.transpose(3, 2, 0, 1))
    return port


def depthwise(multiplier: int, window: tuple[int, int] = (3, 3)) -> Port:
    keras_conv = layers.DepthwiseConv2D(
        window, depth_multiplier=multiplier, activation="relu", name="conv"
    )
    conv = nn.Conv2d(3, 3 * multiplier, window, groups=3)
    return moved(small_cnn(conv, keras_conv), *NAMES)


def multiplier_first(right: bool) -> Port:
    port = depthwise(2)
    if not right:
        kernel = kernel_of(port).transpose(3, 2, 0, 1)
        put(port.torch_model.conv.weight, kernel.reshape(6, 1, 3, 3))
    return port


def depthwise_reshaped(right: bool) -> Port:
    port = depthwise(1)
    if not right:
        put(port.torch_model.conv.weight, kernel_of(port).reshape(3, 1, 3, 3))
    return port


def depthwise_turned(right: bool) -> Port:
    port = depthwise(1)
    if not right:
        put(
            port.torch_model.conv.weight,
            kernel_of(port).transpose(2, 3, 1, 0),
        )
    return port


def groups_interleaved(right: bool) -> Port:
    keras_conv = layers.Conv2D(6, 3, groups=2, activation="relu", name="conv")
    conv = nn.Conv2d(4, 6, 3, groups=2)
    port = moved(small_cnn(conv, keras_conv, 4), *NAMES)
    if not right:
        order = np.arange(6).reshape(2, 3).T.ravel()
        put(conv.weight, kernel_of(port).transpose(3, 2, 0, 1)[order])
    return port


def separable_net(net: Net, x: torch.Tensor) -> torch.Tensor:
    h = net.depthwise(channels_first(x))
    if net.between:
        h = torch.relu(h)
    h = torch.relu(net.pointwise(h))
    return net.head(h.mean((2, 3)))


def separable(right: bool) -> Port:
    net = Net(
        separable_net,
        depthwise=nn.Conv2d(3, 3, 3, groups=3, bias=False),
        pointwise=nn.Conv2d(3, 5, 1),
        head=nn.Linear(5, 2),
    )
    net.between = not right
    model = chain(
        (8, 6, 3),
        layers.SeparableConv2D(5, 3, activation="relu", name="conv"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2, name="head"),
    )
    depth, point, bias = model.get_layer("conv").get_weights()
    put(net.depthwise.weight, depth.transpose(2, 3, 0, 1))
    put(net.pointwise.weight, point.transpose(3, 2, 0, 1))
    put(net.pointwise.bias, bias)
    return moved(Port(net, model, drawn(4, 8, 6, 3)), NAMES[1])


def two_convs(net: Net, x: torch.Tensor) -> torch.Tensor:
    h = torch.relu(net.stem(channels_first(x)))
    h = torch.relu(net.conv2(h))
    h = torch.relu(net.conv10(h))
    return channels_last(h)


def sorted_by_name(right: bool) -> Port:
    model = chain(
        (8, 6, 3),
        layers.Conv2D(4, 3, activation="relu", name="stem"),
        layers.Conv2D(4, 3, padding="same", activation="relu", name="conv2"),
        layers.Conv2D(4, 3, padding="same", activation="relu", name="conv10"),
    )
    net = Net(
        two_convs,
        stem=nn.Conv2d(3, 4, 3),
        conv2=nn.Conv2d(4, 4, 3, padding=1),
        conv10=nn.Conv2d(4, 4, 3, padding=1),
    )
    names = ("conv2", "conv10")
    sources = names if right else sorted(names)
    pairs = zip(names, sources, strict=True)
    return moved(Port(net, model, drawn(4, 8, 6, 3)), ("stem", "stem"), *pairs)


def along_time(net: Net, x: torch.Tensor) -> torch.Tensor:
    return net.conv(x.transpose(1, 2)).transpose(1, 2)


def conv1d_port(outputs: int = 6, window: int = 3) -> Port:
    model = chain((9, 4), layers.Conv1D(outputs, window, name="conv"))
    net = Net(along_time, conv=nn.Conv1d(4, outputs, window))
    return moved(Port(net, model, drawn(5, 9, 4)), NAMES[0])


def conv1d_steps_reversed(right: bool) -> Port:
    port = conv1d_port()
    if not right:
        put(port.torch_model.conv.weight, kernel_of(port)[::-1].transpose(2, 1, 0))
    return port


def conv1d_square(right: bool) -> Port:
    port = conv1d_port(4)
    if not right:
        put(port.torch_model.conv.weight, kernel_of(port).transpose(1, 2, 0))
    return port


CONV = "https://discuss.pytorch.org/t/transfer-conv2d-layers-from-keras-to-pytorch-give-a-wrong-result/184306"
TOOLS = "https://github.com/ArtemBoyarintsev/MachineLearningTools"
DEPTHWISE = "https://discuss.pytorch.org/t/copy-weights-of-tf-nn-depthwise-conv2d-to-f-conv2d/122503"
SEPARABLE = "https://stackoverflow.com/questions/65154182"
CONVERTER = "https://github.com/gmalivenko/pytorch2keras/issues/124"
THEANO = "kernels of Keras on Theano, in its documentation"

REPORTS = (
    Report(
        "kernel reshaped",
        "kernels",
        TOOLS,
        "transpose(3, 2, 0, 1) instead of reshape",
        r"memory order|without transposing|not transposed",
        reshaped,
    ),
    Report(
        "height and width of the kernel exchanged",
        "kernels",
        TOOLS,
        "transpose(3, 2, 0, 1), not kernel.T",
        r"height and (the )?width|axes of the .*kernel|first and second spatial",
        height_and_width_exchanged,
    ),
    Report(
        "inputs and outputs of the kernel exchanged",
        "kernels",
        TOOLS,
        "PyTorch has the outputs first",
        r"inputs? (and|as) outputs?|outputs? and inputs?",
        inputs_and_outputs_exchanged,
    ),
    Report(
        "kernel turned by 180 degrees",
        "kernels",
        THEANO,
        "Theano flips kernels, the others do not",
        r"revers|turned|flip|rotat",
        turned,
    ),
    Report(
        "kernel mirrored along its width",
        "kernels",
        THEANO,
        "flip one axis alone where the image is mirrored",
        r"revers|mirror|flip",
        mirrored,
    ),
    Report(
        "no bias in PyTorch",
        "kernels",
        CONVERTER,
        "bias=False was left from the version with batch norm",
        r"bias",
        bias_left_out,
    ),
    Report(
        "bias not loaded",
        "kernels",
        CONVERTER,
        "load_state_dict(strict=False) hid the missing key",
        r"bias",
        bias_not_loaded,
    ),
    Report(
        "BGR in the first kernel",
        "kernels",
        TOOLS,
        "Caffe's weights take BGR",
        r"channels|inputs|features|flipped along axis 1",
        bgr_in_the_kernel,
    ),
    Report(
        "depth multiplier before the inputs",
        "kernels",
        DEPTHWISE,
        "outputs of one input stand together: transpose(2, 3, 0, 1)",
        r"multiplier|order|permut",
        multiplier_first,
    ),
    Report(
        "depthwise kernel reshaped",
        "kernels",
        DEPTHWISE,
        "transpose(2, 3, 0, 1)",
        r"memory order|without transposing|not transposed",
        depthwise_reshaped,
    ),
    Report(
        "depthwise kernel with height and width exchanged",
        "kernels",
        DEPTHWISE,
        "transpose(2, 3, 0, 1), not (2, 3, 1, 0)",
        r"height and (the )?width|axes of the .*kernel|first and second spatial",
        depthwise_turned,
    ),
    Report(
        "outputs of groups interleaved",
        "kernels",
        "grouped convolutions of converters",
        "outputs of a group stand together",
        r"order|permut|interleav",
        groups_interleaved,
    ),
    Report(
        "relu between depthwise and pointwise",
        "kernels",
        SEPARABLE,
        "SeparableConv2D has an activation at its end alone",
        r"relu|activation",
        separable,
    ),
    Report(
        "layers sorted by name",
        "kernels",
        "https://github.com/see--/keras-centernet/issues/15",
        "conv10 comes before conv2 where names are sorted",
        r"the weights of|another layer|exchanged|each other",
        sorted_by_name,
    ),
    Report(
        "Conv1D kernel reversed in time",
        "kernels",
        THEANO,
        "no flip between TensorFlow and PyTorch",
        r"revers",
        conv1d_steps_reversed,
    ),
    Report(
        "Conv1D inputs and outputs exchanged",
        "kernels",
        "https://henrysky.github.io/blog/2023-10-23-keras-torch/",
        "transpose(2, 1, 0) of (steps, inputs, outputs)",
        r"inputs? (and|as) outputs?|outputs? and inputs?",
        conv1d_square,
    ),
)
