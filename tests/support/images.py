"""Small twins that take images, PyTorch's with the channels second."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch
from torch import nn

HEIGHT, WIDTH, CHANNELS = 8, 9, 4
IMAGES = np.random.default_rng(0).normal(size=(3, HEIGHT, WIDTH, CHANNELS))
IMAGES = IMAGES.astype(np.float32)
IMAGES_FIRST = np.ascontiguousarray(np.moveaxis(IMAGES, -1, 1))


class InPyTorch(nn.Module):
    """A convolution and a head.

    Args:
        permutes: whether the model takes images with the channels last.
        flattens: whether the head reads all positions, or their mean.
        channels_last: whether the model puts channels last before it flattens.
        options: of the convolution.
    """

    def __init__(
        self,
        permutes: bool = False,
        flattens: bool = False,
        channels_last: bool = False,
        **options: Any,
    ) -> None:
        super().__init__()
        self.permutes, self.flattens = permutes, flattens
        self.channels_last = channels_last
        self.conv = nn.Conv2d(CHANNELS, 6, 3, **options)
        self.head = nn.Linear(6 * 6 * 7 if flattens else 6, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.permutes:
            x = x.permute(0, 3, 1, 2)
        x = self.conv(x).relu()
        if not self.flattens:
            return self.head(x.mean((2, 3)))
        if self.channels_last:
            x = x.permute(0, 2, 3, 1)
        return self.head(x.flatten(1))


def in_pytorch(**options: Any) -> nn.Module:
    """PyTorch's model; the same weights each time."""
    torch.manual_seed(3)
    return InPyTorch(**options).eval()


def in_keras(flattens: bool = False, **options: Any) -> keras.Model:
    """Keras's model."""
    layers = keras.layers
    pooling = layers.Flatten() if flattens else layers.GlobalAveragePooling2D()
    return keras.Sequential(
        [
            keras.Input((HEIGHT, WIDTH, CHANNELS)),
            layers.Conv2D(6, 3, activation="relu", name="conv", **options),
            pooling,
            layers.Dense(2, name="head"),
        ]
    )


class ToImages(nn.Module):
    """Images from images, with the channels second."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(CHANNELS, 5, 3, padding=1)
        self.up = nn.ConvTranspose2d(5, 3, 2, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.up(self.conv(x).tanh())


def to_images_in_keras() -> keras.Model:
    """The same in Keras, with the channels last."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((HEIGHT, WIDTH, CHANNELS)),
            layers.Conv2D(5, 3, padding="same", activation="tanh", name="conv"),
            layers.Conv2DTranspose(3, 2, strides=2, name="up"),
        ]
    )
