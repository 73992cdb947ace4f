"""Ports that normalise or activate in another way."""

from collections.abc import Callable

import keras
import numpy as np
import torch
import torch.nn.functional as F
from keras import layers
from ports_pooling import CONV, Compute, after_conv
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

ComputeOfNet = Callable[[Net, torch.Tensor], torch.Tensor]
X = drawn(3, 8, 6, 3)


def normed(
    compute: ComputeOfNet,
    module: nn.Module,
    *keras_layers: keras.Layer,
    size: tuple[int, int] = (8, 6),
) -> Port:
    """A convolution, and a norm among what comes after it."""

    def whole(net: Net, x: torch.Tensor) -> torch.Tensor:
        return channels_last(compute(net, net.conv(channels_first(x))))

    net = Net(whole, conv=nn.Conv2d(3, 4, 3), norm=module)
    model = chain((*size, 3), layers.Conv2D(4, 3, name="conv"), *keras_layers)
    return moved(Port(net, model, drawn(3, *size, 3)), CONV, ("norm", "norm"))


def norm_alone(net: Net, h: torch.Tensor) -> torch.Tensor:
    return net.norm(h)


def norm_then_relu(net: Net, h: torch.Tensor) -> torch.Tensor:
    return torch.relu(net.norm(h))


def relu_then_norm(net: Net, h: torch.Tensor) -> torch.Tensor:
    return net.norm(torch.relu(h))


def batch_norm(epsilon: float, **settings: object) -> Port:
    norm = layers.BatchNormalization(epsilon=epsilon, name="norm", **settings)
    return normed(norm_then_relu, nn.BatchNorm2d(4), norm, layers.ReLU())


def epsilon(right: bool) -> Port:
    return batch_norm(1e-5 if right else 1e-3)


def norm_with(change: Callable[[nn.Module, Port], None]) -> Callable[[bool], Port]:
    def make(right: bool) -> Port:
        port = batch_norm(1e-5)
        if not right:
            change(port.torch_model.norm, port)
        return port

    return make


def mean_and_variance(norm: nn.Module, port: Port) -> None:
    gamma, beta, mean, variance = port.keras_model.get_layer("norm").get_weights()
    port.keras_model.get_layer("norm").set_weights(
        [gamma, beta, np.abs(mean) + 0.2, variance]
    )
    put(norm.running_mean, variance)
    put(norm.running_var, np.abs(mean) + 0.2)


def scale_and_offset(norm: nn.Module, port: Port) -> None:
    gamma, beta = port.keras_model.get_layer("norm").get_weights()[:2]
    put(norm.weight, beta)
    put(norm.bias, gamma)


def no_statistics(norm: nn.Module, port: Port) -> None:
    put(norm.running_mean, np.zeros(4, "float32"))
    put(norm.running_var, np.ones(4, "float32"))


def no_scale(norm: nn.Module, port: Port) -> None:
    put(norm.weight, np.ones(4, "float32"))
    put(norm.bias, np.zeros(4, "float32"))


def deviation_for_variance(norm: nn.Module, port: Port) -> None:
    variance = port.keras_model.get_layer("norm").get_weights()[3]
    put(norm.running_var, np.sqrt(variance))


def relu_before_norm(right: bool) -> Port:
    norm = layers.BatchNormalization(epsilon=1e-5, name="norm")
    compute = norm_then_relu if right else relu_then_norm
    return normed(compute, nn.BatchNorm2d(4), norm, layers.ReLU())


def norm_over_height(right: bool) -> Port:
    """Keras's norm with axis=1 on images that have their channels last."""
    norm = layers.BatchNormalization(axis=-1 if right else 1, epsilon=1e-5, name="norm")
    return normed(norm_alone, nn.BatchNorm2d(4), norm, size=(6, 5))


def layer_norm_epsilon(right: bool) -> Port:
    norm = layers.LayerNormalization(epsilon=1e-5 if right else 1e-3, name="norm")
    model = chain((5, 6), layers.Dense(8, name="dense"), norm)
    net = Net(
        lambda net, x: net.norm(net.dense(x)),
        dense=nn.Linear(6, 8),
        norm=nn.LayerNorm(8),
    )
    return moved(Port(net, model, drawn(3, 5, 6)), ("dense", "dense"), ("norm", "norm"))


def layer_norm_of_images(right: bool) -> Port:
    """One group is the layer norm over channels, height and width."""
    norm = layers.LayerNormalization(epsilon=1e-5, name="norm")

    def compute(net: Net, h: torch.Tensor) -> torch.Tensor:
        if right:
            return channels_first(net.norm(channels_last(h)))
        return F.group_norm(h, 1, net.norm.weight, net.norm.bias)

    return normed(compute, nn.LayerNorm(4, eps=1e-5), norm)


def groups(right: bool) -> Port:
    norm = layers.GroupNormalization(groups=2, epsilon=1e-5, name="norm")
    return normed(norm_alone, nn.GroupNorm(2 if right else 4, 4), norm)


def group_norm_epsilon(right: bool) -> Port:
    norm = layers.GroupNormalization(
        groups=2, epsilon=1e-5 if right else 1e-3, name="norm"
    )
    return normed(norm_alone, nn.GroupNorm(2, 4), norm)


def activation(
    right_way: Compute, wrong_way: Compute, *keras_layers: Callable[[], keras.Layer]
) -> Callable[[bool], Port]:
    """A port whose activation after a convolution is right, or wrong."""

    def make(right: bool) -> Port:
        compute = right_way if right else wrong_way
        return after_conv(lambda h: compute(4 * h), layers.Rescaling(4), *made())

    def made() -> list[keras.Layer]:
        return [layer() for layer in keras_layers]

    return make


def of(name: str) -> Callable[[], keras.Layer]:
    return lambda: layers.Activation(name)


def prelu(right: bool) -> Port:
    slope = layers.PReLU(shared_axes=(1, 2), name="slope")
    module = nn.PReLU(4)
    model_layers = layers.Conv2D(4, 3, name="conv"), slope

    def compute(net: Net, x: torch.Tensor) -> torch.Tensor:
        return channels_last(net.slope(net.conv(channels_first(x))))

    port = Port(
        Net(compute, conv=nn.Conv2d(3, 4, 3), slope=module),
        chain((8, 6, 3), *model_layers),
        X,
    )
    moved(port, ("conv", "conv"))
    alpha = port.keras_model.get_layer("slope").get_weights()[0].ravel()
    put(module.weight, alpha if right else np.full(4, alpha[0]))
    return port


BN = "https://github.com/gzuidhof/nn-transfer/pull/3"
BN_ORDER = "https://github.com/gmalivenko/pytorch2keras/issues/120"
BN_MOVED = "https://github.com/gzuidhof/nn-transfer/issues/7"
LN = "https://github.com/keras-team/keras-hub/issues/728"
GELU = "https://github.com/AlexanderLutsenko/nobuco/pull/9"
GATES = "https://discuss.pytorch.org/t/the-loss-in-pytorch-decreases-slower-than-in-keras/61598"
SSD = "https://github.com/onnx/keras-onnx/issues/722"

NORMS = (
    ("batch norm, epsilon 1e-3", BN, "epsilon=1e-5", r"epsilon", epsilon),
    (
        "running mean and variance exchanged",
        BN_ORDER,
        "mean, then variance",
        r"mean|variance|statistic",
        norm_with(mean_and_variance),
    ),
    (
        "scale and offset exchanged",
        BN_ORDER,
        "gamma, then beta",
        r"weight holds what belongs in bias",
        norm_with(scale_and_offset),
    ),
    (
        "statistics not moved",
        BN_MOVED,
        "buffers are no parameters",
        r"statistic|running|mean",
        norm_with(no_statistics),
    ),
    (
        "scale and offset not moved",
        BN_MOVED,
        "weight and bias",
        r"scale|offset|initial",
        norm_with(no_scale),
    ),
    (
        "deviation for variance",
        BN_MOVED,
        "running_var is a variance",
        r"deviation|variance|square root",
        norm_with(deviation_for_variance),
    ),
    (
        "relu before the norm",
        BN_MOVED,
        "relu comes after",
        r"relu|activation|order",
        relu_before_norm,
    ),
    (
        "batch norm over the height",
        "https://pullrequest.ru/13699874",
        "axis=-1 with channels last",
        r"axis|axes",
        norm_over_height,
    ),
    ("layer norm, epsilon 1e-3", LN, "epsilon=1e-5", r"epsilon", layer_norm_epsilon),
    (
        "layer norm over a whole image",
        "https://github.com/keras-team/tf-keras/issues/623",
        "over the channels alone",
        r"axes|axis|over|group",
        layer_norm_of_images,
    ),
    (
        "group norm of 4 for 2",
        "https://github.com/keras-team/keras/issues/19348",
        "groups=2",
        r"group",
        groups,
    ),
    (
        "group norm, epsilon 1e-3",
        "https://github.com/keras-team/keras/issues/19348",
        "epsilon=1e-5",
        r"epsilon",
        group_norm_epsilon,
    ),
)
ACTIVATIONS = (
    (
        "slope of a leaky relu",
        "https://github.com/onnx/keras-onnx/pull/514",
        "0.3 in Keras 2, 0.01 in PyTorch",
        r"slope|leaky|alpha",
        activation(
            lambda h: F.leaky_relu(h, 0.3),
            F.leaky_relu,
            lambda: layers.LeakyReLU(negative_slope=0.3),
        ),
    ),
    (
        "gelu by tanh",
        GELU,
        "approximate='tanh'",
        r"gelu",
        activation(F.gelu, lambda h: F.gelu(h, approximate="tanh"), of("gelu")),
    ),
    (
        "hard sigmoid 0.2 x + 0.5",
        GATES,
        "x / 6 + 0.5 since Keras 3",
        r"sigmoid",
        activation(
            F.hardsigmoid, lambda h: (0.2 * h + 0.5).clamp(0, 1), of("hard_sigmoid")
        ),
    ),
    (
        "relu for relu6",
        SSD,
        "ReLU(6)",
        r"relu|6|bound|clamp|clip",
        activation(F.relu6, F.relu, of("relu6")),
    ),
    (
        "elu for selu",
        GELU,
        "selu has a scale of its own",
        r"selu|elu",
        activation(F.selu, F.elu, of("selu")),
    ),
    (
        "sigmoid for swish",
        GELU,
        "x * sigmoid(x)",
        r"silu|swish|sigmoid",
        activation(F.silu, torch.sigmoid, of("silu")),
    ),
    (
        "activation forgotten",
        BN_MOVED,
        "relu is no part of nn.Conv2d",
        r"relu|activation",
        activation(torch.relu, lambda h: h, of("relu")),
    ),
    (
        "one slope for all channels",
        "https://github.com/onnx/keras-onnx/pull/514",
        "alpha of each channel",
        r"slope|alpha|prelu",
        prelu,
    ),
)

REPORTS = tuple(
    Report(name, group, thread, answer, cause, make)
    for group, rows in (
        ("norms", NORMS),
        ("activations", ACTIVATIONS),
    )
    for name, thread, answer, cause, make in rows
)
