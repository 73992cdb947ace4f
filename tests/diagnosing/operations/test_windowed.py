"""Pools and enlargements are told by their numbers alone."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from compare.diagnosing.operations.layouts import layouts
from compare.diagnosing.operations.windowed import windowed
from compare.mistakes.traces import Step, Trace, Value

X = np.random.default_rng(0).normal(size=(2, 3, 7, 6))
LARGEST, MEAN = "the largest of windows", "the mean of windows"


@pytest.mark.parametrize(
    ("made", "family", "detail"),
    [
        (lambda x: F.max_pool2d(x, 2), LARGEST, "of 2 x 2 with stride 2 without"),
        (lambda x: F.max_pool2d(x, 3, 1), LARGEST, "of 3 x 3 with stride 1 without"),
        (
            lambda x: F.max_pool2d(x - 9, 3, 2, 1) + 9,
            LARGEST,
            "of 3 x 3 with stride 2, padded 1 before and 1 after, then 1 before and 0 "
            "after (left out)",
        ),
        (
            lambda x: F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 1),
            LARGEST,
            "of 3 x 3 with stride 1, padded 1 before and 1 after (counted as zeros)",
        ),
        (
            lambda x: F.avg_pool2d(x, 3, 1, 1),
            MEAN,
            "of 3 x 3 with stride 1, padded 1 before and 1 after (counted as zeros)",
        ),
        (
            lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False),
            MEAN,
            "of 3 x 3 with stride 1, padded 1 before and 1 after (not counted)",
        ),
    ],
)
def test_a_pool_is_told_with_its_window_stride_and_padding(made, family, detail):
    output = made(torch.from_numpy(X)).numpy()

    ((words, in_which_way),) = windowed(output, X)

    assert words == family
    assert in_which_way.startswith(detail)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "nearest"}, "to the nearest"),
        ({"mode": "bilinear", "align_corners": False}, "linearly, corners not aligned"),
        ({"mode": "bilinear", "align_corners": True}, "linearly, corners aligned"),
    ],
)
def test_an_enlargement_is_told_with_its_interpolation(settings, words):
    output = F.interpolate(torch.from_numpy(X), scale_factor=2, **settings).numpy()

    assert list(windowed(output, X)) == [("the array interpolated", words)]
    last = np.moveaxis(output, 1, -1), np.moveaxis(X, 1, -1)
    assert list(windowed(*last)) == [("the array interpolated", words)]


def test_other_numbers_are_no_pool():
    output = F.max_pool2d(torch.from_numpy(X), 2).numpy() + 1e-3

    assert list(windowed(output, X)) == []


def keras_trace(before, after):
    values = (Value(0, before, None, "the input x"), Value(1, after, 0))
    step = Step(0, "Flatten", (0,), (1,), {}, "flatten", True, None)
    return Trace({0: step}, values)


def test_the_axes_of_what_is_flattened_are_told():
    image = np.moveaxis(X, 1, -1)
    trace = keras_trace(image, image.reshape(2, -1))

    words = layouts(X.reshape(2, -1), trace, 1, (0, 1))

    assert words.torch == "(batch, channels, height, width), flattened"
    assert words.keras == "(batch, height, width, channels), flattened"


def test_height_and_width_exchanged_are_told():
    image = np.moveaxis(X, 1, -1)
    trace = keras_trace(image, image)

    words = layouts(X.swapaxes(2, 3), trace, 0, (0, 3, 1, 2))

    assert words.torch == "(batch, channels, width, height)"
    assert words.keras == "(batch, channels, height, width)"
