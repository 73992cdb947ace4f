"""Ports of transposed convolutions."""

from collections.abc import Callable

import keras
import numpy as np
import torch
from keras import layers
from ports_padding import convolved, nothing
from reported import Port, Report
from torch import nn


def transposed(
    conv: nn.Module,
    keras_conv: keras.Layer,
    after: Callable[[torch.Tensor], torch.Tensor] = nothing,
) -> Port:
    return convolved(nothing, conv, keras_conv, after=after, size=(4, 3))


def transposed_same(right: bool) -> Port:
    keras_conv = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="conv")
    if right:
        return transposed(
            nn.ConvTranspose2d(3, 4, 3, 2), keras_conv, lambda y: y[:, :, :-1, :-1]
        )
    conv = nn.ConvTranspose2d(3, 4, 3, 2, padding=1, output_padding=1)
    return transposed(conv, keras_conv)


def transposed_cropped_at_the_start(right: bool) -> Port:
    keras_conv = layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="conv")

    def crop(y: torch.Tensor) -> torch.Tensor:
        return y[:, :, :-1, :-1] if right else y[:, :, 1:, 1:]

    return transposed(nn.ConvTranspose2d(3, 4, 3, 2), keras_conv, crop)


def transposed_square(right: bool) -> Port:
    keras_conv = layers.Conv2DTranspose(3, 3, strides=2, name="conv")
    port = transposed(nn.ConvTranspose2d(3, 3, 3, 2), keras_conv)
    if not right:
        exchange_weight(port, (2, 3, 0, 1))
    return port


def transposed_turned(right: bool) -> Port:
    keras_conv = layers.Conv2DTranspose(4, 3, strides=2, name="conv")
    port = transposed(nn.ConvTranspose2d(3, 4, 3, 2), keras_conv)
    if not right:
        weight = port.torch_model.conv.weight
        with torch.no_grad():
            weight.copy_(weight.flip(2, 3))
    return port


def exchange_weight(port: Port, order: tuple[int, ...]) -> None:
    """Move the kernel with its axes in a wrong order."""
    kernel = np.asarray(port.keras_model.get_layer("conv").get_weights()[0])
    with torch.no_grad():
        port.torch_model.conv.weight.copy_(torch.from_numpy(kernel.transpose(order)))


PYTORCH2KERAS = "https://github.com/gmalivenko/pytorch2keras/issues/7"
TICO = "https://github.com/Samsung/TICO/issues/420"

REPORTS = (
    Report(
        "transposed same: padding=1, output_padding=1",
        "transposed",
        PYTORCH2KERAS,
        "Keras crops at the end alone: padding=0 and [:-1, :-1]",
        r"pad|crop",
        transposed_same,
    ),
    Report(
        "transposed, cropped at the start",
        "transposed",
        TICO,
        "crop at the end",
        r"pad|crop|slice",
        transposed_cropped_at_the_start,
    ),
    Report(
        "transposed kernel with inputs and outputs exchanged",
        "transposed",
        PYTORCH2KERAS,
        "(h, w, out, in) becomes (in, out, h, w)",
        r"inputs? (and|as) outputs?|outputs? and inputs?",
        transposed_square,
    ),
    Report(
        "transposed kernel turned by 180 degrees",
        "transposed",
        PYTORCH2KERAS,
        "no flip: both are the gradient of a convolution",
        r"revers|turned|flip|rotat",
        transposed_turned,
    ),
)
