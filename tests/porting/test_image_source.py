"""Layers that pad, cut, resize and rescale images in ports."""

import keras
import numpy as np
import pytest
from keras import layers
from ports import drawn, port_of, widest_gap
from torch import from_numpy

from compare.errors import BadInput

SHAPES = {1: (7, 4), 2: (6, 5, 4), 3: (5, 6, 4, 3)}


def gap(layer, shape, after_convolution=False):
    inputs = keras.Input(shape)
    x = inputs
    if after_convolution:
        x = getattr(layers, f"Conv{len(shape) - 1}D")(5, 1)(x)
    model = drawn(keras.Model(inputs, layer(x)))
    x = np.random.default_rng(1).normal(1, 2, (3, *shape)).astype("float32")
    return widest_gap(model, x)


@pytest.mark.parametrize("after_convolution", [False, True])
@pytest.mark.parametrize(
    ("axes", "padding"),
    [
        (1, 2),
        (1, (0, 3)),
        (2, 1),
        (2, (1, 2)),
        (2, ((0, 1), (2, 3))),
        (3, (1, 2, 3)),
        (3, ((0, 1), (1, 0), (2, 1))),
    ],
    ids=str,
)
def test_padding_and_cropping_are_written(axes, padding, after_convolution):
    padded = getattr(layers, f"ZeroPadding{axes}D")(padding)
    smaller = (1, 2)[:1] if axes == 1 else padding
    cropped = getattr(layers, f"Cropping{axes}D")(
        smaller[0] if axes == 1 else ((0, 1),) * axes
    )

    assert gap(padded, SHAPES[axes], after_convolution) < 1e-12
    assert gap(cropped, SHAPES[axes], after_convolution) < 1e-12


@pytest.mark.parametrize(
    "layer",
    [
        layers.UpSampling1D(3),
        layers.UpSampling2D(),
        layers.UpSampling2D((2, 3)),
        layers.UpSampling3D((2, 1, 3)),
        layers.ZeroPadding2D(((0, 1), (2, 3)), data_format="channels_first"),
        layers.Cropping2D(((0, 1), (2, 1)), data_format="channels_first"),
        layers.UpSampling2D((2, 3), data_format="channels_first"),
        layers.Rescaling(1 / 256),
        layers.Rescaling(1.5, offset=-1),
    ],
    ids=lambda layer: layer.name,
)
def test_images_are_resized_and_rescaled(layer):
    axes = 2
    if "1d" in layer.name or "3d" in layer.name:
        axes = 1 if "1d" in layer.name else 3

    assert gap(layer, SHAPES[axes]) < 1e-12


@pytest.mark.parametrize(
    "layer",
    [
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.UpSampling2D((2, 3), interpolation="bilinear"),
        layers.Resizing(9, 11),
        layers.Resizing(4, 3),
        layers.Resizing(9, 11, interpolation="nearest"),
        layers.Resizing(4, 3, interpolation="nearest"),
    ],
    ids=lambda layer: layer.name,
)
def test_images_are_interpolated(layer):
    """TensorFlow does so in float32 alone."""
    assert gap(layer, SHAPES[2]) < 1e-6


@pytest.mark.parametrize("axis", [-1, 1, (1, 3), None], ids=str)
@pytest.mark.parametrize("invert", [False, True])
def test_learnt_statistics_are_written(axis, invert):
    inputs = keras.Input(SHAPES[2])
    layer = layers.Normalization(axis=axis, invert=invert)
    model = drawn(keras.Model(inputs, layer(inputs)))
    layer.finalize_state()  # Keras uses new statistics from then on
    x = np.random.default_rng(1).normal(1, 2, (3, *SHAPES[2])).astype("float32")

    result, expected = port_of(model)(from_numpy(x)).numpy(), model(x).numpy()

    assert np.abs(result - expected).max() < 1e-5


def test_a_division_is_written_as_one():
    inputs = keras.Input((4, 4, 3), dtype="uint8")
    model = keras.Model(inputs, layers.Rescaling(1 / 255)(inputs))
    x = np.arange(96, dtype="uint8").reshape(2, 4, 4, 3)

    assert "x.float() / 255" in port_of(model).source
    assert widest_gap(model, x) < 1e-6


def test_told_statistics_are_written():
    layer = layers.Normalization(mean=[1.0, 2, 3, 4], variance=[4.0, 3, 2, 1])
    assert gap(layer, SHAPES[2]) < 1e-12
    assert gap(layers.Normalization(mean=3.0, variance=2.0), SHAPES[2]) < 1e-12


def test_factors_of_each_channel_are_written():
    layer = layers.Rescaling([1.0, 2, 3, 4], offset=[0.5, 0, 1, 2])

    assert gap(layer, SHAPES[2], after_convolution=False) < 1e-12


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (
            layers.UpSampling2D(2, interpolation="bicubic", name="up"),
            "up: UpSampling2D with bicubic interpolation: needs nearest or bilinear",
        ),
        (
            layers.Resizing(3, 4, crop_to_aspect_ratio=True, name="small"),
            "small: Resizing with crop_to_aspect_ratio: needs one without it",
        ),
    ],
    ids=["bicubic", "cropped"],
)
def test_other_interpolations_are_refused(layer, sentence):
    inputs = keras.Input(SHAPES[2])
    model = keras.Model(inputs, layer(inputs))

    with pytest.raises(BadInput, match=sentence):
        port_of(model)
