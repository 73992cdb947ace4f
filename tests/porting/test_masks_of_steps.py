"""Masks that pass a wrapped model, and masks of each place in a film."""

import keras
import numpy as np
import pytest
from keras import layers

import compare
from compare.errors import BadInput
from tests.support.ports import drawn, widest_gap

CLOSE = 1e-12


def padded(*shape):
    """Random numbers, some steps of which are padding; in films some places too."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=shape).astype("float32")
    x[0, 3:] = 0
    x[1, 1] = 0
    if len(shape) > 3:
        x[2, 2, 0] = 0
    return x


def model_of(shape, *stack):
    x = keras.Input(shape)
    h = layers.Masking()(x)
    for layer in stack:
        h = layer(h)
    return drawn(keras.Model(x, h))


def test_a_mask_passes_a_model_that_each_step_goes_through(tmp_path):
    step = keras.Input((6,))
    inner = keras.Model(step, layers.Dense(3)(step))
    model = model_of(
        (None, 6), layers.TimeDistributed(inner), layers.GlobalAveragePooling1D()
    )
    model.save(tmp_path / "net.keras")

    port = compare.port(str(tmp_path / "net.keras"), str(tmp_path / "out"))

    assert port.is_proved, port.evidence.explain()


def test_each_place_of_a_film_has_a_mask_of_its_own():
    for settings in ({"return_sequences": True}, {}):
        cell = layers.ConvLSTM2D(3, 2, padding="same", **settings)
        assert (
            widest_gap(model_of((None, 4, 4, 2), cell), padded(3, 5, 4, 4, 2)) < CLOSE
        )


def test_what_each_step_goes_through_has_the_mask_inside_the_step():
    """Sentences of words: some words are padding, and the LSTM passes over them."""
    wrapped = layers.TimeDistributed(layers.LSTM(3))
    assert widest_gap(model_of((None, 5, 6), wrapped), padded(3, 4, 5, 6)) < CLOSE


def test_a_model_that_reads_the_mask_inside_a_step_is_refused(tmp_path):
    step = keras.Input((5, 6))
    inner = keras.Model(step, layers.LSTM(3)(step))
    model = model_of((None, 5, 6), layers.TimeDistributed(inner))
    model.save(tmp_path / "net.keras")

    with pytest.raises(BadInput, match="a mask inside of each step"):
        compare.port(str(tmp_path / "net.keras"), str(tmp_path / "out"))
