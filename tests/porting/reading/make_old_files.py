"""Make small models with old versions of Keras, and what they compute, in `old_keras/`.

It runs on Python 3.7 with TensorFlow 1.15.5, h5py 2, protobuf 3.20 and NumPy 1.18: once
for each of Keras 1.2.2, the same on Theano 1.0.5, Keras 2.2.4 and TensorFlow's Keras:

    python make_old_files.py keras
    python make_old_files.py tensorflow.keras
    export KERAS_BACKEND=theano THEANO_FLAGS=optimizer=fast_compile
    python make_old_files.py keras

The layers of one name take other arguments in Keras 1 than in Keras 2.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

PACKAGE = sys.argv[1]
if os.environ.get("KERAS_BACKEND") == "theano":
    import_module("theano.ifelse")  # Keras 1 takes it for imported
keras = import_module(PACKAGE)
layers = import_module(f"{PACKAGE}.layers")
models = import_module(f"{PACKAGE}.models")
backend = import_module(f"{PACKAGE}.backend")
FOLDER = Path(__file__).with_name("old_keras")
IS_FIRST = keras.__version__.startswith("1.")
CHANNELS_FIRST = IS_FIRST and backend.backend() == "theano"
if CHANNELS_FIRST:
    backend.set_image_dim_ordering("th")


# ------------------------------------------------------------------------------ Keras 1


def gates_1():
    return models.Sequential(
        [
            layers.LSTM(4, return_sequences=True, input_shape=(5, 3)),
            layers.Dropout(0.3),
            layers.GRU(5, return_sequences=True, consume_less="gpu"),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.1),
            layers.TimeDistributedDense(4),
            layers.Bidirectional(layers.GRU(3), merge_mode="sum"),
            layers.Dense(2, W_regularizer="l2"),
            layers.Activation("hard_sigmoid"),
        ]
    )


def words_1():
    return models.Sequential(
        [
            layers.Embedding(9, 4, input_length=6, mask_zero=True, dropout=0.1),
            layers.LSTM(3, go_backwards=True, return_sequences=True),
            layers.SimpleRNN(2),
        ]
    )


def steps_1():
    return models.Sequential(
        [
            layers.Convolution1D(4, 3, border_mode="same", input_shape=(9, 3)),
            layers.AtrousConvolution1D(3, 2, atrous_rate=2, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Convolution1D(5, 2, subsample_length=2, bias=False),
            layers.UpSampling1D(2),
            layers.ZeroPadding1D(1),
            layers.Cropping1D((1, 0)),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )


def images_1():
    shape = (3, 8, 9) if CHANNELS_FIRST else (8, 9, 3)
    return models.Sequential(
        [
            layers.ZeroPadding2D((1, 1), input_shape=shape),
            layers.Convolution2D(4, 3, 2, activation="relu", subsample=(2, 1)),
            layers.BatchNormalization(axis=1 if CHANNELS_FIRST else 3),
            layers.MaxPooling2D((2, 2)),
            layers.Convolution2D(3, 3, 3, border_mode="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )


def branches_1():
    left = models.Sequential([layers.LSTM(4, input_shape=(5, 3))])
    right = models.Sequential([layers.Dense(4, input_dim=2)])
    merge = layers.Merge([left, right], mode="concat")
    return models.Sequential([merge, layers.Dense(2)])


def shared_1():
    left, right = layers.Input((7, 3)), layers.Input((7, 3))
    shared = layers.LSTM(4, return_sequences=True)
    both = layers.merge([shared(left), shared(right)], mode="concat", concat_axis=-1)
    h = layers.GRU(3)(layers.merge([both, both], mode="sum"))
    inner = models.Sequential([layers.Dense(4, input_dim=3), layers.ELU(0.5)])
    product = layers.merge([h, h], mode="dot", dot_axes=1)
    return models.Model(input=[left, right], output=[inner(h), product])


# ------------------------------------------------------------------------------ Keras 2


def gates_2():
    return models.Sequential(
        [
            layers.LSTM(4, return_sequences=True, input_shape=(None, 3)),
            layers.GRU(5, return_sequences=True),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.1),
            layers.TimeDistributed(layers.Dense(2)),
            layers.Bidirectional(layers.GRU(3, reset_after=True)),
            layers.Dense(2),
            layers.Activation("hard_sigmoid"),
        ]
    )


def nested_2():
    x = layers.Input((None, 4))
    h = layers.LSTM(3, return_sequences=True, name="lstm")(x)
    inner = models.Model(x, layers.BatchNormalization()(h), name="inner")
    dense = layers.Dense(4, input_shape=(None, 4))
    chain = models.Sequential([dense, inner], name="chain")
    words = layers.Input((6,))
    h = layers.Embedding(9, 4)(words)
    other = chain(layers.Dense(4)(h))
    h = layers.Add()([chain(h), other, inner(h)])
    return models.Model(words, layers.LSTM(2, name="lstm")(h))


def states_2():
    source, target = layers.Input((None, 3)), layers.Input((None, 2))
    _, h, c = layers.LSTM(4, return_state=True)(source)
    decoder = layers.LSTM(4, return_sequences=True, return_state=True)
    y, last, _ = decoder(target, initial_state=[h, c])
    cells = [layers.LSTMCell(3), layers.GRUCell(2)]
    y = layers.RNN(cells, return_sequences=True)(y)
    return models.Model([source, target], [y, last])


def joins_2():
    left, right = layers.Input((7, 3)), layers.Input((7, 3))
    shared = layers.Conv1D(4, 3, padding="causal", dilation_rate=2)
    a, b = shared(left), shared(right)
    h = layers.Concatenate()([a, layers.Subtract()([a, b])])
    h = layers.MaxPooling1D(2)(layers.SeparableConv1D(6, 3)(h))
    h = layers.ConvLSTM2D(2, 2)(layers.Reshape((2, 3, 2, 1))(h))
    h = layers.Flatten()(h)
    cosine = layers.Dot(axes=1, normalize=True)([h, h])
    return models.Model([left, right], [layers.ThresholdedReLU(0.1)(h), cosine])


def operations_2():
    import tensorflow as tf

    x = layers.Input((6, 4))
    h = layers.GRU(3, return_sequences=True)(x)
    last, mean = h[:, -1], tf.reduce_mean(h, axis=1)
    z = tf.nn.relu(tf.concat([last * 2.0 - 1.0, mean, 1.0 - last], axis=-1))
    z = tf.squeeze(tf.expand_dims(z, 1), axis=1) / 3.0
    stacked = tf.transpose(tf.stack([z, z], axis=1), [0, 2, 1])
    largest = tf.reduce_max(stacked[:, 1:, 0], axis=[1], keepdims=True)
    flat = tf.reshape(stacked, (-1, 18))
    return models.Model(x, [layers.Dense(2)(flat), largest, tf.nn.softmax(z)])


# ---------------------------------------------------------------------------- the files

FIRST = (gates_1, words_1, steps_1, images_1, branches_1, shared_1)
SECOND = (gates_2, nested_2, states_2, joins_2)


def make(function, label):
    """Save a model, inputs and what it computes of them."""
    rng = np.random.RandomState(0)
    model = function()
    low = 0.2 if function in (gates_1, gates_2, images_1, nested_2) else -1
    weights = [rng.uniform(low, 1, array.shape) for array in model.get_weights()]
    model.set_weights(weights)
    inputs = []
    for tensor in model.inputs:
        shape = [5 if n is None else int(n) for n in backend.int_shape(tensor)[1:]]
        if function in (words_1, nested_2):
            inputs.append(rng.randint(0, 9, [2, *shape]))
        else:
            inputs.append(rng.uniform(-2, 2, [2, *shape]).astype("float32"))
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0])
    if not isinstance(outputs, list):
        outputs = [outputs]
    path = FOLDER / f"{label}-{function.__name__[:-2]}"
    model.save(f"{path}.h5")
    arrays = {f"x{number}": array for number, array in enumerate(inputs)}
    arrays.update({f"y{number}": array for number, array in enumerate(outputs)})
    np.savez(f"{path}.npz", **arrays)


if __name__ == "__main__":
    label = f"keras-{keras.__version__}-{backend.backend()}"
    functions = FIRST if IS_FIRST else SECOND
    if PACKAGE.startswith("tensorflow"):
        label = f"tensorflow-keras-{keras.__version__}"
        functions = (gates_2, operations_2)
    if CHANNELS_FIRST:
        functions = FIRST[:-1]  # Theano has no product of matrices without a BLAS
    for function in functions:
        make(function, label)
        if not CHANNELS_FIRST:
            backend.clear_session()
