"""Layers of random networks: options are drawn once, and either side is built of them.

In PyTorch a layer works on the channels second or last, whichever its users write; in
Keras on the channels last. Weights go over by hand, as users write it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import keras
import numpy as np
import torch
from random_parts import Drawn
from torch import nn
from torch.nn import functional as F

KL = keras.layers
Axes = Literal["second", "last", "any"]  # where PyTorch's layer has the channels


@dataclass
class Options:
    """What a layer is built of.

    Args:
        kind: a name of KINDS.
        channels: that go in.
        rank: the number of axes besides batch and channels.
        values: what was drawn, by name.
        parts: the layers inside, a list for each branch.
    """

    kind: str
    channels: int
    rank: int
    values: dict[str, Any] = field(default_factory=dict)
    parts: list[list[Options]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def with_value(self, name: str, value: Any) -> Options:
        return replace(self, values={**self.values, name: value})


@dataclass
class Kind:
    """How one sort of layer is drawn and built.

    Args:
        axes: where PyTorch's layer has the channels.
        draw: the values of options; may change the number of channels, "units".
        in_torch: modules by name, of options.
        forward: calls them: (modules, options, x).
        in_keras: layers by name, of options.
        call: calls them: (layers, options, x).
        arrays: what `set_weights` takes, by the layer's name: (modules, options).
        others: for each option that can be wrong, the value that it has then.
    """

    axes: Axes
    draw: Callable[[Drawn, int, int], dict[str, Any]]
    in_torch: Callable[[Options], dict[str, nn.Module]]
    forward: Callable[[Any, Options, torch.Tensor], torch.Tensor]
    in_keras: Callable[[Options], dict[str, Any]]
    call: Callable[[dict[str, Any], Options, Any], Any]
    arrays: Callable[[Any, Options], dict[str, list[np.ndarray]]]
    others: Callable[[Options], dict[str, Any]] = lambda options: {}


def numbers(tensor: torch.Tensor | None) -> np.ndarray:
    assert tensor is not None
    return tensor.detach().numpy()


def only(modules: Any, _: Options, x: torch.Tensor) -> torch.Tensor:
    return modules["layer"](x)


def only_in_keras(layers: dict[str, Any], _: Options, x: Any) -> Any:
    return layers["layer"](x)


def no_arrays(_: Any, __: Options) -> dict[str, list[np.ndarray]]:
    return {}


def with_bias(kernel: np.ndarray, module: Any) -> list[np.ndarray]:
    if module.bias is None:
        return [kernel]
    return [kernel, numbers(module.bias)]


ACTIVATIONS: dict[str | None, Callable[[torch.Tensor], torch.Tensor]] = {
    None: lambda x: x,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": F.gelu,
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
}
