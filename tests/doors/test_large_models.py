"""A check of a large model takes a few times its bare passes, measured in turn."""

import statistics
import time
from copy import deepcopy
from functools import partial

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

WIDTHS = ((64, 16), (128, 16), (256, 10), (512, 8))  # channels, and blocks of as many
SAMPLES, SIZE = 8, 32
SECONDS = 2.0  # for what does not grow with the model
AIM = 4  # times the bare passes
ALLOWED = 14  # of one float32 pass of each model, which a user would wait for


class Block(nn.Module):
    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels, 3, stride, 1)
        self.norm = nn.BatchNorm2d(channels)
        self.is_residual = channels_in == channels and stride == 1

    def forward(self, x):
        y = torch.relu(self.norm(self.conv(x)))
        return x + y if self.is_residual else y


def strides():
    """Channels of each block, and its stride."""
    return [
        (channels, 2 if number == 0 and channels > WIDTHS[0][0] else 1)
        for channels, blocks in WIDTHS
        for number in range(blocks)
    ]


class InPyTorch(nn.Module):
    def __init__(self):
        super().__init__()
        blocks, channels_in = [], 3
        for channels, stride in strides():
            blocks.append(Block(channels_in, channels, stride))
            channels_in = channels
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(channels_in, 10)

    def forward(self, x):  # (batch, height, width, channels)
        return self.head(self.blocks(x.permute(0, 3, 1, 2)).mean((2, 3)))


def in_keras():
    layers = keras.layers
    inputs = x = layers.Input((SIZE, SIZE, 3))
    for channels, stride in strides():
        y = x
        if stride == 2:
            y = layers.ZeroPadding2D(1)(y)
        padding = "valid" if stride == 2 else "same"
        y = layers.Conv2D(channels, 3, strides=stride, padding=padding)(y)
        y = layers.ReLU()(layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(y))
        x = x + y if x.shape[-1] == channels and stride == 1 else y
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def filled(model):
    """The model with statistics as after a training, of which none is 0 or 1."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
                module.weight.uniform_(0.3, 0.7, generator=generator)
                module.bias.normal_(0, 0.1, generator=generator)
    return model.eval()


def keras_in_float64(model):
    """Keras's model with the same weights in float64."""
    keras.config.set_floatx("float64")
    try:
        double = in_keras()
    finally:
        keras.config.set_floatx("float32")
    double.set_weights(model.get_weights())
    return double


def seconds(function):
    """Wall time: what a user waits for."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.slow
@pytest.mark.alone
def test_a_check_of_a_large_cnn_takes_a_few_times_its_bare_passes():
    """50 convolutions, 26 million parameters; and 2 s for what does not grow.

    Counted in passes of each model in float32, as a user calls them, and in those that
    a verdict is made of: of each model in float32 and in float64.
    """
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    torch_model, keras_model = filled(InPyTorch()), in_keras()
    x = np.random.default_rng(0).normal(size=(SAMPLES, SIZE, SIZE, 3)).astype("f4")
    compare.transfer(torch_model, keras_model)
    evidence = compare.check(torch_model, keras_model, x)  # warms up

    in_float64 = deepcopy(torch_model).double(), keras_in_float64(keras_model)

    def passes(in_torch, in_keras, dtype):
        with torch.no_grad():
            in_torch(torch.from_numpy(x.astype(dtype)))
        in_keras(x.astype(dtype), training=False)

    in_turn = {
        "float32": partial(passes, torch_model, keras_model, "float32"),
        "float64": partial(passes, *in_float64, "float64"),
        "check": partial(compare.check, torch_model, keras_model, x),
    }
    taken = {name: [] for name in in_turn}
    for number in range(4):
        for name, run in in_turn.items():
            duration = seconds(run)
            if number:  # the first warms up
                taken[name].append(duration)
    single, double, checked = map(statistics.median, taken.values())
    for passed, words in ((single, "in float32"), (single + double, "in both")):
        print(
            f"\npasses {words} {passed:.2f} s, check {checked:.2f} s: "
            f"{(checked - SECONDS) / passed:.2f} times and {SECONDS:g} s, aim {AIM}"
        )

    assert evidence.verdict == "same"
    assert "Judged in float64 on 2 of 8 samples" in evidence.explain()
    assert "Random weights were compared on 1 of 8 samples" in evidence.explain()
    assert checked <= ALLOWED * single + SECONDS
    assert checked <= AIM * (single + double) + SECONDS
