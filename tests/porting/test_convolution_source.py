"""Convolutions in ports: every padding, sizes that are known and that are not."""

import keras
import numpy as np
import pytest
from keras import layers
from ports import drawn, port_of, widest_gap

SIZES = {1: ((9,), (10,), (4,)), 2: ((9, 8), (7, 12), (4, 4)), 3: ((5, 6, 4),)}
RANDOM = np.random.default_rng(0)
CONFIGURATIONS = (
    {},
    {"use_bias": False},
    {"padding": "same"},
    {"padding": "same", "kernel_size": 4},
    {"padding": "same", "strides": 2},
    {"padding": "same", "strides": 2, "kernel_size": 4},
    {"padding": "same", "strides": 3, "kernel_size": 2},
    {"padding": "same", "strides": 2, "kernel_size": 1},
    {"padding": "same", "dilation_rate": 2},
    {"strides": 2, "activation": "softmax"},
    {"dilation_rate": 2, "kernel_size": 2, "activation": "relu"},
)


def gaps(layer, sizes, features=4):
    """The widest gaps of a port for each size, and of that for any size."""
    for size in sizes:
        x = RANDOM.normal(size=(3, *size, features)).astype("float32")
        inputs = keras.Input(x.shape[1:])
        cls, config = type(layer), layer.get_config()
        model = drawn(keras.Model(inputs, cls.from_config(config)(inputs)))
        yield widest_gap(model, x)
    inputs = keras.Input((*[None] * len(sizes[0]), features))
    open_model = drawn(keras.Model(inputs, cls.from_config(config)(inputs)))
    for size in sizes:
        x = RANDOM.normal(size=(3, *size, features)).astype("float32")
        yield widest_gap(open_model, x)


@pytest.mark.parametrize("settings", CONFIGURATIONS, ids=str)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_convolutions_are_written(axes, settings):
    layer = getattr(layers, f"Conv{axes}D")(
        **{"filters": 6, "kernel_size": 3, **settings}
    )

    assert max(gaps(layer, SIZES[axes])) < 1e-12


@pytest.mark.parametrize("settings", CONFIGURATIONS, ids=str)
@pytest.mark.parametrize("name", ["DepthwiseConv", "SeparableConv"])
@pytest.mark.parametrize("axes", [1, 2])
def test_depthwise_and_separable_convolutions_are_written(axes, name, settings):
    settings = {"kernel_size": 3, "depth_multiplier": 2, **settings}
    if name == "SeparableConv":
        settings["filters"] = 6
    layer = getattr(layers, f"{name}{axes}D")(**settings)

    assert max(gaps(layer, SIZES[axes])) < 1e-12


@pytest.mark.parametrize(
    "layer",
    [
        layers.Conv2D(6, (2, 3), strides=(2, 1), padding="valid"),
        layers.Conv2D(6, (2, 3), padding="same"),
        layers.Conv2D(6, (2, 5), padding="same", dilation_rate=(1, 2)),
        layers.Conv2D(6, 3, groups=2, padding="same"),
        layers.Conv1D(6, 3, padding="causal"),
        layers.Conv1D(6, 3, padding="causal", dilation_rate=4),
        layers.Conv1D(6, 3, padding="causal", strides=2),
        layers.Conv1D(6, 1, padding="causal"),
    ],
    ids=lambda layer: str(layer.get_config().get("kernel_size")),
)
def test_causal_grouped_and_uneven_convolutions_are_written(layer):
    axes = layer.rank

    assert max(gaps(layer, SIZES[axes])) < 1e-12


def test_symmetric_padding_of_a_known_size_is_a_setting():
    inputs = keras.Input((9, 9, 3))
    outputs = layers.Conv2D(4, 3, strides=2, padding="same")(inputs)

    source = port_of(drawn(keras.Model(inputs, outputs))).source

    assert "nn.Conv2d(3, 4, 3, stride=2, padding=1)" in source
    assert "F.pad" not in source
