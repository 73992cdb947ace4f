"""Models with layers without arrays between a convolution and a dense layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import torch

from compare.judging.arrays import Input
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

SHAPE = (9, 10, 2)  # of an image; the convolution makes 7 x 8 of 4 features
CHANNELS = 4


class InPyTorch(torch.nn.Module):
    """A convolution, some layers or functions, a dense layer for what comes out."""

    def __init__(self, between: Callable[[], Any], has_norm: bool) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(SHAPE[-1]) if has_norm else None
        self.conv = torch.nn.Conv2d(SHAPE[-1], CHANNELS, 3)
        self.between = between()
        with torch.no_grad():
            x = self.conv(torch.zeros(1, SHAPE[-1], *SHAPE[:-1]))
            size = self.between(x)[0].numel()
        self.head = torch.nn.Linear(size, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.movedim(-1, 1)
        if self.norm is not None:
            x = self.norm(x)
        x = self.between(self.conv(x))
        if x.ndim > 2:
            x = x.movedim(1, -1).flatten(1)
        return self.head(x)


class InKeras(keras.Model):
    """The same with layers of Keras, one after another."""

    def __init__(self, between: Callable[[], list[Any]], has_norm: bool) -> None:
        super().__init__()
        self.norm = keras.layers.BatchNormalization() if has_norm else None
        self.conv = keras.layers.Conv2D(CHANNELS, 3)
        self.between = between()
        self.flatten = keras.layers.Flatten()
        self.head = keras.layers.Dense(3)

    def call(self, x: Any) -> Any:
        if self.norm is not None:
            x = self.norm(x)
        x = self.conv(x)
        for layer in self.between:
            x = layer(x)
        return self.head(self.flatten(x))


def twins_of(
    in_torch: Callable[[], Any],
    in_keras: Callable[[], list[Any]],
    size: float = 1.0,
    has_norm: bool = False,
) -> tuple[Twins, tuple[np.ndarray, ...]]:
    """Twins with the same random weights, and images for them.

    Args:
        in_torch: makes what stands between in PyTorch's model.
        in_keras: makes the layers that do in Keras's model.
        size: of the numbers in the images.
        has_norm: whether the models begin with a batch norm, each with the epsilon that
            its framework takes by itself.
    """
    twins = Twins(
        {
            "torch": lambda: InPyTorch(in_torch, has_norm),
            "keras": lambda: InKeras(in_keras, has_norm),
        },
        (Input("x", (None, *SHAPE)),),
        ["y"],
    )
    assert not twins.refusals
    twins.load("to_keras", lambda layers: fresh_weights(layers, [5]))
    twins.splits = {}
    images = np.random.default_rng(0).normal(0, size, (4, *SHAPE))
    return twins, (images.astype(np.float32),)
