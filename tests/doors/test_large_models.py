"""A check of a large model takes a few times its bare passes, measured in turn."""

import statistics
import time

import keras
import numpy as np
import pytest
import torch
from torch import nn

import compare

WIDTHS = ((64, 16), (128, 16), (256, 13), (512, 5))  # channels, and blocks of as many
SAMPLES, SIZE = 8, 32
SECONDS = 2.0  # for what does not grow with the model
AIM = 4  # times the bare passes; it was 9.3 when this was written
ALLOWED = 14


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


def seconds(function):
    """Wall time: what a user waits for."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.slow
def test_a_check_of_a_large_cnn_takes_a_few_times_its_bare_passes():
    """50 convolutions, 21 million parameters; and 2 s for what does not grow.

    The bare passes are one of each model in float32, as a user calls them.
    """
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    torch_model, keras_model = filled(InPyTorch()), in_keras()
    x = np.random.default_rng(0).normal(size=(SAMPLES, SIZE, SIZE, 3)).astype("f4")
    compare.transfer(torch_model, keras_model)
    evidence = compare.check(torch_model, keras_model, x)  # warms up

    def bare_passes():
        with torch.no_grad():
            torch_model(torch.from_numpy(x))
        keras_model(x, training=False)

    def check():
        compare.check(torch_model, keras_model, x)

    bare_passes()
    bare, checks = [], []
    for _ in range(3):
        bare.append(seconds(bare_passes))
        checks.append(seconds(check))
        bare.append(seconds(bare_passes))
    passed, checked = statistics.median(bare), statistics.median(checks)
    print(
        f"\nbare passes {passed:.2f} s, check {checked:.2f} s: "
        f"{(checked - SECONDS) / passed:.2f} times and {SECONDS:g} s, the aim is {AIM}"
    )

    assert evidence.verdict == "same"
    assert "Judged in float64 on 2 of 8 samples" in evidence.explain()
    assert "Random weights were compared on 1 of 8 samples" in evidence.explain()
    assert checked <= ALLOWED * passed + SECONDS
