"""Layers whose recurrent products are convolutions, written in PyTorch."""

import keras
import numpy as np
import pytest
import torch
from keras import layers

from compare.in_keras.rebuilding import rebuilt
from compare.porting.open_sizes import with_words
from compare.porting.writing.port_source import Facts
from compare.porting.writing.pytorch_source import pytorch_source
from tests.porting.test_recurrent_source import CLOSE
from tests.support.ports import drawn, in_float64, plan_of, port_of, widest_gap

SIZES = (5, 6, 4)
CLASSES = (layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)


def images(axes, time=4):
    """Sequences of images, (batch, time, *size, channels)."""
    rng = np.random.default_rng(time)
    return rng.normal(0, 1, (3, time, *SIZES[:axes], 2)).astype("float32")


def model_of(layer, axes, **call):
    inputs = keras.Input((None, *SIZES[:axes], 2))
    return drawn(keras.Model(inputs, layer(inputs, **call)))


def assert_same(model, axes):
    for time in (1, 4):
        assert widest_gap(model, images(axes, time)) < CLOSE


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"padding": "same", "return_sequences": True},
        {"padding": "same", "strides": 2, "go_backwards": True},
        {"dilation_rate": 2, "padding": "same", "use_bias": False},
        {"activation": "softmax", "recurrent_activation": "hard_sigmoid"},
        {"return_state": True, "return_sequences": True},
    ],
    ids=str,
)
def test_a_layer_is_the_same(axes, settings):
    """Images of any number of axes, windows of any kind."""
    kernel = (3, 2, 2)[:axes]
    assert_same(model_of(CLASSES[axes - 1](3, kernel, **settings), axes), axes)


@pytest.mark.parametrize("sequence", [True, False])
@pytest.mark.parametrize("mode", ["concat", "sum", None])
def test_both_directions_are_the_same(sequence, mode):
    """A layer for each direction, put together along the channels."""
    inner = layers.ConvLSTM2D(3, 3, return_sequences=sequence)
    assert_same(model_of(layers.Bidirectional(inner, merge_mode=mode), 2), 2)


def test_states_begin_another_layer():
    """States come as Keras has them, with channels last."""
    inputs = keras.Input((None, 5, 6, 2))
    _, *states = layers.ConvLSTM2D(3, 3, return_state=True, padding="same")(inputs)
    layer = layers.ConvLSTM2D(3, 3, return_sequences=True, padding="same")
    model = drawn(keras.Model(inputs, layer(inputs, initial_state=states)))
    assert widest_gap(model, images(2)) < CLOSE


def test_channels_may_stand_before_sizes():
    """Keras cannot run such a layer here, so one with channels last is the judge."""
    settings = {"padding": "same", "strides": 2, "return_state": True}
    inputs = keras.Input((None, 2, 5, 6))
    layer = layers.ConvLSTM2D(3, 3, data_format="channels_first", **settings)
    first = keras.Model(inputs, layer(inputs))
    last = model_of(layers.ConvLSTM2D(3, 3, **settings), 2)
    first.set_weights(last.get_weights())
    x = images(2).astype("float64")
    with torch.no_grad():
        results = port_of(first).double()(torch.from_numpy(x).movedim(-1, 2))
    for result, right in zip(results, in_float64(last)(x), strict=True):
        gap = np.abs(result.movedim(1, -1).numpy() - right.numpy()).max()
        assert gap < CLOSE


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("sequence", [True, False])
def test_images_that_do_not_count_are_left_out(both, sequence):
    """The state stays, and the last output is repeated."""
    inputs = keras.Input((4, 5, 6, 2))
    mask = keras.Input((4,), dtype="bool")
    layer = layers.ConvLSTM2D(3, 3, return_sequences=sequence)
    if both:
        layer = layers.Bidirectional(layer)
    model = drawn(keras.Model([inputs, mask], layer(inputs, mask=mask)))
    count = np.array([[1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]]) == 1
    assert widest_gap(model, images(2), count) < CLOSE


def test_the_line_of_a_layer_is_short():
    """A layer is one line where it is made, and one where it is called."""
    inputs = keras.Input((None, 5, 6, 2))
    layer = layers.ConvLSTM2D(3, (3, 2), padding="same", name="seen")
    source = with_sizes(drawn(keras.Model(inputs, layer(inputs))))
    assert 'self.seen = ConvLSTMLayer(2, 3, (3, 2), padding="same")\n' in source
    assert "h, _ = self.seen(x)  # (batch, time, 5, 6, 3)\n" in source


def with_sizes(model):
    """The source of a port whose comments have words for open sizes."""
    plan, _, weights = plan_of(model)
    facts = Facts(*with_words(rebuilt(plan, weights)))
    return pytorch_source(plan, facts, weights, "Port").text


def test_axes_of_films_are_called_by_their_names():
    """The second axis of what a ConvLSTM takes is time; of a volume it is depth."""
    film = keras.Input((None, 5, 6, 2))
    h = layers.ConvLSTM2D(3, 3, return_sequences=True, padding="same")(film)
    source = with_sizes(keras.Model(film, layers.ReLU()(h)))
    assert "x: float, (batch, time, 5, 6, 2)." in source
    assert "returns: float, (batch, time, 5, 6, 3)." in source
    assert "# (batch, time, 5, 6, 3)\n" in source
    volume = keras.Input((None, 5, 6, 2))
    model = keras.Model(volume, layers.Conv3D(3, 3, padding="same")(volume))
    assert "x: float, (batch, depth, 5, 6, 2)." in with_sizes(model)


def test_a_port_has_one_class_for_all_its_layers():
    """Where one layer has strides, the class that has them serves the others too."""
    inputs = keras.Input((None, 5, 6, 2))
    x = layers.ConvLSTM2D(3, 3, return_sequences=True, padding="same")(inputs)
    model = drawn(keras.Model(inputs, layers.ConvLSTM2D(2, (3, 2), 2, "same")(x)))
    source = port_of(model).source
    assert source.count("class ConvLSTMLayer(") == 1
    assert "stride=(2, 2)" in source
    assert widest_gap(model, images(2)) < CLOSE
