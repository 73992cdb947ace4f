"""Where ports have features, and how often they move them."""

import keras
import numpy as np
import pytest
from keras import layers
from ports import drawn, in_float64, port_from, port_of, widest_gap
from torch import from_numpy

from compare.in_keras.rebuilding import rebuilt
from compare.porting.reading import read
from compare.porting.writing.pytorch_source import Facts

RANDOM = np.random.default_rng(0)


def numbers(*shape):
    return RANDOM.normal(size=shape).astype("float32")


def gap_and_moves(inputs, outputs, *arrays):
    """The gap of a port, and how many lines of it move axes."""
    model = drawn(keras.Model(inputs, outputs))
    gap = widest_gap(model, *arrays)
    source = port_of(model).source
    moves = ("permute(", "transpose(", "movedim(")
    lines = [line for line in source.splitlines() if any(m in line for m in moves)]
    return gap, len(lines)


def test_features_move_before_convolutions_and_after_them():
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(8, 3)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    x = layers.Dense(10, activation="softmax")(x)

    gap, moves = gap_and_moves(inputs, x, numbers(2, 16, 16, 3))

    assert gap < 1e-12
    assert moves == 2


def test_results_have_features_last():
    inputs = keras.Input((None, 5))
    x = layers.Conv1D(8, 3, padding="same", activation="softmax")(inputs)
    y = layers.LSTM(4, return_sequences=True)(x)

    gap, moves = gap_and_moves(inputs, [x, y], numbers(2, 9, 5))

    assert gap < 1e-12
    assert moves == 2


def test_residual_blocks_move_nothing():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same")(inputs)
    for _ in range(3):
        y = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
        y = layers.BatchNormalization()(y)
        x = layers.ReLU()(layers.Add()([x, layers.Conv2D(4, 1)(y)]))
    x = layers.GlobalAveragePooling2D()(x)

    gap, moves = gap_and_moves(inputs, x, numbers(2, 8, 8, 3))

    assert gap < 1e-12
    assert moves == 1


@pytest.mark.parametrize("keepdims", [False, True])
def test_squeeze_and_excite_scales_channels(keepdims):
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3)(inputs)
    y = layers.GlobalAveragePooling2D(keepdims=keepdims)(x)
    if keepdims:
        y = layers.Conv2D(2, 1, activation="relu")(y)
        y = layers.Conv2D(4, 1, activation="sigmoid")(y)
    else:
        y = layers.Reshape((1, 1, 4))(y)
        y = layers.Dense(2, activation="relu")(y)
        y = layers.Dense(4, activation="sigmoid")(y)
    x = layers.GlobalMaxPooling2D()(layers.Multiply()([x, y]))

    gap, moves = gap_and_moves(inputs, x, numbers(2, 8, 8, 3))

    assert gap < 1e-12
    assert moves == (1 if keepdims else 2)


def test_readers_of_one_tensor_have_it_as_they_take_it():
    inputs = keras.Input((8, 8, 3))
    same = layers.Activation("linear")(inputs)
    outputs = [
        layers.Conv2D(4, 3)(same),
        layers.Dense(3)(inputs),
        layers.GlobalAveragePooling2D()(same),
        layers.Conv2D(3, 1)(inputs),
        same,
    ]

    assert gap_and_moves(inputs, outputs, numbers(2, 8, 8, 3))[0] < 1e-12


def test_two_names_of_one_tensor_move_together():
    inputs = keras.Input((8, 6, 3))
    same = layers.Activation("linear")(inputs)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(same))
    outputs = [layers.Dense(2)(x), layers.Softmax(axis=2)(inputs)]

    assert gap_and_moves(inputs, outputs, numbers(2, 8, 6, 3))[0] < 1e-12


@pytest.mark.parametrize("steps", [5, None])
def test_each_step_is_run_as_a_sample(steps):
    inputs = keras.Input((steps, 8, 8, 3))
    x = layers.TimeDistributed(layers.Conv2D(4, 3, activation="relu"))(inputs)
    x = layers.TimeDistributed(layers.BatchNormalization())(x)
    x = layers.Dropout(0.1)(x)
    x = layers.TimeDistributed(layers.MaxPooling2D())(x)
    x = layers.TimeDistributed(layers.Flatten())(x)
    x = layers.TimeDistributed(layers.Dense(6, activation="tanh"))(x)
    x = layers.LSTM(4)(x)
    model = drawn(keras.Model(inputs, x))

    assert widest_gap(model, numbers(2, 5, 8, 8, 3)) < 1e-12
    assert port_of(model).source.count("flatten(0, 1)") == 1


def test_steps_of_steps_and_other_layers_between_them():
    inputs = keras.Input((None, 6, 8, 3))
    x = layers.TimeDistributed(layers.Conv2D(4, 3, padding="same"))(inputs)
    rows = layers.TimeDistributed(layers.Conv1D(4, 3, padding="same"))
    outputs = [
        layers.TimeDistributed(rows)(x),
        layers.Conv3D(2, 1)(x),
        layers.TimeDistributed(layers.LayerNormalization(axis=[1, 2]))(x),
        layers.TimeDistributed(layers.LayerNormalization())(x),
        x,
    ]

    assert gap_and_moves(inputs, outputs, numbers(2, 5, 6, 8, 3))[0] < 1e-12


@pytest.mark.parametrize("wrapped", ["LSTM", "Bidirectional"])
def test_recurrent_layers_run_in_each_step(wrapped):
    inputs = keras.Input((None, 4, 3))
    layer = layers.LSTM(5)
    if wrapped == "Bidirectional":
        layer = layers.Bidirectional(layer)
    x = layers.TimeDistributed(layer)(inputs)
    x = layers.LSTM(2)(x)

    assert gap_and_moves(inputs, x, numbers(2, 6, 4, 3))[0] < 1e-12


def test_steps_that_do_not_count_stay_so_after_each_step_is_run():
    inputs = keras.Input((None,), dtype="int32")
    x = layers.Embedding(11, 4, mask_zero=True)(inputs)
    x = layers.TimeDistributed(layers.BatchNormalization())(x)
    x = layers.TimeDistributed(layers.Dense(3))(x)
    x = layers.LSTM(3)(x)
    indices = np.random.default_rng(1).integers(0, 3, (4, 7)).astype("int32")

    assert widest_gap(drawn(keras.Model(inputs, x)), indices) < 1e-12


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_model_runs_in_each_step(suffix, tmp_path):
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    x = layers.GlobalMaxPooling2D()(layers.BatchNormalization()(x))
    encoder = keras.Model(inputs, x, name="encoder")
    videos = keras.Input((None, 8, 8, 3))
    x = layers.TimeDistributed(encoder, name="steps")(videos)
    x = layers.Activation("tanh")(x)
    model = drawn(keras.Model(videos, layers.LSTM(4)(x), name="reader"))
    path = tmp_path / f"model{suffix}"
    model.save(path)
    saved = read(path)
    live = rebuilt(saved.plan, saved.weights)
    facts = Facts(live.facts, live.models)
    port = port_from(saved.plan, facts, saved.weights).double()
    videos = RANDOM.normal(size=(2, 5, 8, 8, 3))

    result = port(from_numpy(videos)).detach().numpy()

    assert "x.flatten(0, 1)" in port.source
    assert "torch.tanh(x)" in port.source  # the call of a model is a line of its own
    assert np.abs(result - np.array(in_float64(model)(videos))).max() < 1e-12


def channels(data_format):
    """A model whose images have channels first or last."""
    of_format = {"data_format": data_format}
    is_first = data_format == "channels_first"
    inputs = keras.Input((3, None, None) if is_first else (None, None, 3))
    x = layers.ZeroPadding2D(((1, 2), (0, 1)), **of_format)(inputs)
    x = layers.Conv2D(8, 3, strides=2, padding="same", **of_format)(x)
    x = layers.BatchNormalization(axis=1 if is_first else -1)(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, **of_format)(x)
    x = layers.SeparableConv2D(6, 2, padding="same", **of_format)(x)
    x = layers.PReLU(shared_axes=[2, 3] if is_first else [1, 2])(x)
    x = layers.MaxPooling2D(3, 2, padding="same", **of_format)(x)
    x = layers.UpSampling2D(2, **of_format)(x)
    x = layers.Conv2DTranspose(4, 3, strides=2, padding="same", **of_format)(x)
    x = layers.GroupNormalization(2, axis=1 if is_first else -1)(x)
    x = layers.AveragePooling2D(2, padding="same", **of_format)(x)
    y = layers.GlobalAveragePooling2D(**of_format)(x)
    return keras.Model(inputs, [x, y])


def test_channels_that_are_first_in_keras_move_nowhere():
    """TensorFlow runs no such model on a processor: its twin says what is right."""
    model, twin = drawn(channels("channels_first")), channels("channels_last")
    weights = model.get_weights()
    for number, variable in enumerate(twin.weights):
        weights[number] = weights[number].reshape(variable.shape)
    twin.set_weights(weights)
    port = port_of(model).double()
    x = RANDOM.normal(size=(2, 3, 13, 16))

    images, means = port(from_numpy(x))
    expected_images, expected_means = in_float64(twin)(x.transpose(0, 2, 3, 1))

    expected_images = np.array(expected_images).transpose(0, 3, 1, 2)
    assert np.abs(images.detach().numpy() - expected_images).max() < 1e-12
    assert np.abs(means.detach().numpy() - np.array(expected_means)).max() < 1e-12
    assert "permute" not in port.source
    assert "(batch, 8, height, width)" in port.source
