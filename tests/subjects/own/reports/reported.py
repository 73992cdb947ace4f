"""What a reported port is made of: two small models, weights moved by hand, an input.

The weights are moved as people write it in such threads, by the rules of either
framework's documentation and without the suite's own transfer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
import torch
from torch import nn

Group = Literal[
    "kernels",
    "padding",
    "transposed",
    "layout",
    "pooling",
    "norms",
    "activations",
    "recurrent",
    "attention",
    "families",
    "networks",
    "pictures",
    "cells",
    "texts",
    "numbers",
]


@dataclass(frozen=True)
class Port:
    """Two models with their weights, and what both are called on.

    Args:
        torch_model: in PyTorch.
        keras_model: in Keras.
        x: one array, (batch, ...), or a list of them.
    """

    torch_model: nn.Module
    keras_model: keras.Model
    x: np.ndarray | list[np.ndarray]


# Takes whether the mistake is to be mended, and makes the port.
Make = Callable[[bool], Port]


@dataclass(frozen=True)
class Report:
    """A port that somebody asked about, since its results differ.

    Args:
        name: short, and like no other.
        group: where the mistake lies.
        thread: where such a question was asked, as far as it is known.
        answer: what the thread found, in a few words.
        cause: a regular expression that the first sentence of an explanation has to
            match, whatever the case of its letters.
        make: takes whether the mistake is to be mended, and makes the port.
    """

    name: str
    group: Group
    thread: str
    answer: str
    cause: str
    make: Make


class Net(nn.Module):
    """A module with these layers, which computes `compute(module, *inputs)`.

    Args:
        compute: takes the module and its inputs.
        layers: modules by name.
    """

    def __init__(self, compute: Callable[..., torch.Tensor], **layers: nn.Module):
        super().__init__()
        for name, layer in layers.items():
            setattr(self, name, layer)
        self.compute = compute

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.compute(self, *inputs)


def chain(shape: tuple[int | None, ...], *layers: keras.Layer) -> keras.Model:
    """Keras's layers, one after another, with weights that all differ."""
    return filled(keras.Sequential([keras.Input(shape), *layers]))


def filled(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give a model random weights, none of them zero or symmetric."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        if not variable.dtype.startswith("float"):
            continue
        array = rng.normal(0, 0.4, variable.shape)
        if "variance" in variable.path:
            array = np.abs(array) + 0.3
        if "gamma" in variable.path:
            array = array + 1
        variable.assign(array.astype("float32"))
    return model


def drawn(*shape: int, seed: int = 1) -> np.ndarray:
    """Random numbers in float32."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def channels_first(x: torch.Tensor) -> torch.Tensor:
    """From (batch, height, width, channels) to (batch, channels, height, width)."""
    return x.permute(0, 3, 1, 2)


def channels_last(x: torch.Tensor) -> torch.Tensor:
    """From (batch, channels, height, width) to (batch, height, width, channels)."""
    return x.permute(0, 2, 3, 1)


def put(parameter: torch.Tensor, array: np.ndarray) -> None:
    """Write numbers into a parameter or buffer of the same shape."""
    assert tuple(parameter.shape) == array.shape, (parameter.shape, array.shape)
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(array)))


def moved(port: Port, *names: tuple[str, str]) -> Port:
    """Move the weights of Keras's layers into PyTorch's, as they should be.

    Args:
        port: its two models.
        names: PyTorch's layer and Keras's.
    """
    for torch_name, keras_name in names:
        target = port.torch_model.get_submodule(torch_name)
        move(target, port.keras_model.get_layer(keras_name))
    port.torch_model.eval()
    return port


def carried(
    net: nn.Module, model: keras.Model, x: np.ndarray | list[np.ndarray]
) -> Port:
    """The port with the weights of each layer of Keras in the module of its name.

    The module `features.0` has the name `features_0` in Keras.
    """
    port = Port(net, filled(model), x)
    with_weights = {layer.name for layer in model.layers if layer.weights}
    for torch_name, _ in net.named_modules():
        keras_name = torch_name.replace(".", "_")
        if keras_name in with_weights:
            moved(port, (torch_name, keras_name))
    net.eval()
    return port


def move(target: nn.Module, source: keras.Layer) -> None:
    """Move the weights of one layer of Keras into one of PyTorch's."""
    arrays = [np.asarray(weight) for weight in source.get_weights()]
    if isinstance(target, nn.RNNBase):
        move_recurrent(target, arrays[:3])
        if target.bidirectional:
            move_recurrent(target, arrays[3:], "_l0_reverse")
    elif isinstance(target, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001
        gamma, beta, mean, variance = arrays
        put(target.weight, gamma)
        put(target.bias, beta)
        put(target.running_mean, mean)
        put(target.running_var, variance)
    elif isinstance(target, nn.Linear):
        put(target.weight, arrays[0].T)
        put_bias(target, arrays)
    elif isinstance(source, keras.layers.DepthwiseConv2D):
        put(target.weight, depthwise_weight(arrays[0]))
        put_bias(target, arrays)
    elif arrays[0].ndim == 5:
        put(target.weight, arrays[0].transpose(4, 3, 0, 1, 2))
        put_bias(target, arrays)
    elif arrays[0].ndim == 4:  # also of a transposed convolution, (.., out, in) there
        put(target.weight, arrays[0].transpose(3, 2, 0, 1))
        put_bias(target, arrays)
    elif arrays[0].ndim == 3:
        put(target.weight, arrays[0].transpose(2, 1, 0))
        put_bias(target, arrays)
    else:  # an embedding, or a norm with scale and offset
        put(target.weight, arrays[0])
        put_bias(target, arrays)


def put_bias(target: nn.Module, arrays: list[np.ndarray]) -> None:
    """Write the bias where there is one."""
    if len(arrays) > 1:
        put(target.bias, arrays[1])


def depthwise_weight(kernel: np.ndarray) -> np.ndarray:
    """From (height, width, inputs, multiplier) to (inputs * multiplier, 1, h, w)."""
    height, width, inputs, multiplier = kernel.shape
    moved_axes = kernel.transpose(2, 3, 0, 1)
    return moved_axes.reshape(inputs * multiplier, 1, height, width)


def move_recurrent(
    target: nn.RNNBase, arrays: list[np.ndarray], suffix: str = "_l0"
) -> None:
    """Move kernel, recurrent kernel and bias; Keras's GRU has its z before its r."""
    kernel, recurrent, bias = arrays
    bias_hh = np.zeros_like(bias)
    if isinstance(target, nn.GRU):
        kernel, recurrent = gates_rzn(kernel), gates_rzn(recurrent)
        bias, bias_hh = gates_rzn(bias)
    put(getattr(target, f"weight_ih{suffix}"), kernel.T)
    put(getattr(target, f"weight_hh{suffix}"), recurrent.T)
    put(getattr(target, f"bias_ih{suffix}"), bias)
    put(getattr(target, f"bias_hh{suffix}"), bias_hh)


def gates_rzn(array: np.ndarray) -> np.ndarray:
    """Put the gates z, r, n along the last axis in PyTorch's order."""
    z, r, n = np.split(array, 3, axis=-1)
    return np.concatenate([r, z, n], axis=-1)


def ported(
    compute: Callable[..., torch.Tensor],
    keras_model: keras.Model,
    x: np.ndarray | list[np.ndarray],
    **modules: nn.Module,
) -> Port:
    """The port with the weights of every layer of Keras of the same name."""
    port = Port(Net(compute, **modules), filled(keras_model), x)
    return moved(port, *((name, name) for name in modules))


def family(name: str, answer: str, cause: str, make: Callable[[bool], Port]) -> Report:
    return Report(name, "families", "", answer, cause, make)
