"""Pools, and reshapes for transposes, between two layers are told."""

import keras
import numpy as np
import pytest
import torch
from convolved import FEATURES, X, in_keras, in_pytorch, steps_in_keras, twins

import compare
from compare.diagnosing.diagnosis import diagnose

nn = torch.nn.functional
PLACE = "between conv and head, "


def pooled(function, *arguments):
    """PyTorch's model with a pool after the convolution."""

    def forward(model, x):
        output = function(model.conv(x.transpose(1, 2)), *arguments)
        return model.head(output.transpose(1, 2))

    return in_pytorch(forward, window=2)


def pooled_in_keras(function, *arguments, **options):
    return in_keras(
        lambda m, x: m.head(function(m.conv(x), *arguments, **options)), window=2
    )


POOLS = {
    "the largest for the mean": (
        pooled(nn.max_pool1d, 2),
        pooled_in_keras(keras.ops.average_pool, 2),
        "Keras takes the mean of every 2 steps, PyTorch takes the largest of every 2 "
        "steps",
    ),
    "another stride": (
        pooled(nn.max_pool1d, 3, 1),
        pooled_in_keras(keras.ops.max_pool, 3, 2),
        "Keras takes the largest of every 3 steps, 2 apart, PyTorch takes the largest "
        "of every 3 steps, 1 apart",
    ),
    "padding that counts": (
        pooled(nn.avg_pool1d, 3, 1, 1),
        pooled_in_keras(keras.ops.average_pool, 3, 1, padding="same"),
        "Keras takes the mean of every 3 steps, 1 apart, padded by same, PyTorch takes "
        "the mean of every 3 steps, 1 apart, padded by 1",
    ),
}


@pytest.mark.parametrize("case", POOLS)
def test_pools_are_told(case):
    in_torch, of_keras, sentence = POOLS[case]
    found = diagnose(twins(in_torch, of_keras), (X,))

    assert found.explained, found
    assert found.sentence == PLACE + sentence


def test_what_is_taken_of_the_pooled_steps_is_told_with_it():
    def forward(model, x):
        return model.head(nn.max_pool1d(model.conv(x.transpose(1, 2)), 2).mean(2))

    def call(model, x):
        return model.head(keras.ops.mean(model.conv(x), axis=1))

    made = twins(in_pytorch(forward), in_keras(call))
    found = diagnose(made, (X,))

    assert found.explained, found
    assert found.sentence == (
        f"{PLACE}Keras takes the mean of all steps, PyTorch takes the largest of every "
        "2 steps, and their mean"
    )


def test_the_mean_of_all_is_told_as_a_pool_where_the_other_side_has_a_pool():
    """Seven of seven steps are not six of them: only whole windows come to the same."""

    def forward(model, x):
        return model.head(nn.max_pool1d(model.conv(x.transpose(1, 2)), 2).mean(2))

    def call(model, x):
        pooled_steps = keras.ops.average_pool(model.conv(x), 2)
        return model.head(keras.ops.mean(pooled_steps, axis=1))

    made = twins(in_pytorch(forward, window=2), in_keras(call, window=2))
    found = diagnose(made, (X,))

    assert found.explained, found
    assert "the mean of every 2 steps, and their mean" in found.sentence
    assert "PyTorch takes the largest of every 2 steps" in found.sentence


def steps_of(model, x):
    return model.head(model.conv(x).relu().transpose(1, 2))


RESHAPES = {
    "of the input": (
        lambda m, x: steps_of(m, x.reshape(len(x), FEATURES, -1)),
        "between the input and conv, PyTorch reads (batch, time, features) as (batch, "
        "features, time) without transposing, Keras does not",
    ),
    "of time and batch": (
        lambda m, x: steps_of(
            m, x.reshape(x.shape[1], len(x), -1).transpose(0, 1).transpose(1, 2)
        ),
        "between the input and conv, PyTorch reads (batch, time, features) as (time, "
        "batch, features) without transposing, Keras does not",
    ),
}


@pytest.mark.parametrize("case", RESHAPES)
def test_a_reshape_for_a_transpose_is_told(case):
    forward, sentence = RESHAPES[case]
    found = diagnose(twins(in_pytorch(forward), in_keras(steps_in_keras)), (X,))

    assert found.explained, found
    assert found.sentence == sentence
    assert "PyTorch: give conv x.transpose(" in found.fix


def test_a_reshape_back_is_told():
    def forward(model, x):
        output = model.conv(x.transpose(1, 2)).relu()  # (batch, size, windows)
        return model.head(output.reshape(len(x), output.shape[2], -1))

    found = diagnose(twins(in_pytorch(forward), in_keras(steps_in_keras)), (X,))

    assert found.explained, found
    assert "reads (batch, features, time) as (batch, time, features)" in found.sentence


class Image(torch.nn.Module):
    """A convolution of an image whose axes are put in PyTorch's order by a function."""

    def __init__(self, arrange):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.arrange = arrange

    def forward(self, x):
        return self.conv(self.arrange(x)).permute(0, 2, 3, 1)


ARRANGED = {
    "height and width exchanged": (
        lambda x: x.permute(0, 3, 2, 1).contiguous(),
        "PyTorch takes height and width for each other",
    ),
    "a reshape for a permute": (
        lambda x: x.reshape(-1, 3, 7, 7),
        "PyTorch reads (batch, height, width, channels) as (batch, channels, height, "
        "width) without transposing",
    ),
    "a reshape for a permute, scaled": (
        lambda x: x.reshape(-1, 3, 7, 7) / 255,
        "PyTorch reads (batch, height, width, channels) as (batch, channels, height, "
        "width) without transposing and divides by 255 after that",
    ),
}


@pytest.mark.parametrize("case", ARRANGED)
def test_another_arrangement_of_an_image_is_told(case):
    arrange, does = ARRANGED[case]
    layers = [keras.Input((7, 7, 3)), keras.layers.Conv2D(4, 3)]
    x = np.random.default_rng(0).uniform(0, 255, (2, 7, 7, 3)).astype("float32")

    evidence = compare.check(Image(arrange), keras.Sequential(layers), x, "to_keras")
    found = evidence.results[0].explanation

    assert found.explained, found
    assert does in found.sentence


def test_the_mean_of_some_last_steps_is_told_as_such():
    """As where a token of the class stands before the others."""

    def forward(model, x):
        return model.head(torch.relu(model.conv(x.transpose(1, 2))).mean(2))

    def call(model, x):
        return model.head(keras.ops.mean(keras.ops.relu(model.conv(x))[:, 1:], axis=1))

    found = diagnose(twins(in_pytorch(forward), in_keras(call)), (X,))

    assert found.explained, found
    assert "takes the mean of the last" in found.sentence
    assert "takes the mean of all steps" in found.sentence
