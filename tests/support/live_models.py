"""Functional Keras models of every structure that a saved one may have."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers, ops

Make = Callable[[], keras.Model]


def chain() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    h = layers.LSTM(4, return_sequences=True, name="lstm")(x)
    h = layers.Dropout(0.3, name="dropout")(h)
    h = layers.GRU(5, reset_after=False, activation="relu", name="gru")(h)
    y = layers.Dense(2, activation="softmax", name="head")(h)
    return keras.Model(x, y, name="chain")


def branches() -> keras.Model:
    left, right = keras.Input((7, 3), name="left"), keras.Input((7, 3), name="right")
    shared = layers.Conv1D(4, 3, padding="same", name="shared")
    a, b = shared(left), shared(right)
    h = layers.Concatenate(name="both")([a, layers.Subtract(name="less")([a, b])])
    h = layers.BatchNormalization(name="norm")(h)
    y = layers.Add(name="sum")([layers.Dense(8, name="dense")(h), h])
    flat = layers.Flatten(name="flat")(y)
    return keras.Model([left, right], [layers.Dense(2, name="out")(flat), y], name="b")


def named_ends() -> keras.Model:
    words = keras.Input((None,), dtype="int32", name="words")
    size = keras.Input((2,), name="size")
    h = layers.Embedding(9, 4, mask_zero=True, name="embedding")(words)
    h = layers.Bidirectional(layers.LSTM(3), merge_mode="sum", name="both")(h)
    h = layers.Concatenate(name="join")([h, size])
    ends = {"b": layers.Dense(2, name="b")(h), "a": layers.Dense(1, name="a")(h)}
    return keras.Model({"words": words, "size": size}, ends, name="named")


def states() -> keras.Model:
    source = keras.Input((None, 3), name="source")
    target = keras.Input((None, 2), name="target")
    encoder = layers.LSTM(4, return_state=True, name="encoder")
    _, *h_and_c = encoder(source)
    decoder = layers.LSTM(4, return_sequences=True, return_state=True, name="decoder")
    y, h, _ = decoder(target, initial_state=h_and_c)
    y = layers.TimeDistributed(layers.Dense(2), name="each_step")(y)
    return keras.Model([source, target], [y, h], name="states")


def two_ways() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    backward = layers.GRU(
        2, go_backwards=True, return_sequences=True, return_state=True
    )
    forward = layers.LSTM(4, return_sequences=True, return_state=True)
    both = layers.Bidirectional(forward, merge_mode=None, name="ways")
    h, g, *others = both(x)
    other = layers.Bidirectional(
        layers.GRU(3, return_sequences=True, return_state=True),
        backward_layer=layers.GRU(
            3,
            go_backwards=True,
            activation="relu",
            return_sequences=True,
            return_state=True,
        ),
        merge_mode="concat",
        name="unlike",
    )
    del backward
    z, *_ = other(layers.Concatenate(name="c")([h, g]))
    return keras.Model(x, [z, others[0], others[3]], name="two_ways")


def cells() -> keras.Model:
    x = keras.Input((5, 3), name="x")
    stack = [layers.LSTMCell(4), layers.GRUCell(3), layers.SimpleRNNCell(2)]
    h = layers.RNN(stack, return_sequences=True, name="stack")(x)
    h = layers.RNN(layers.GRUCell(3), go_backwards=True, name="cell")(h)
    return keras.Model(x, h, name="cells")


def nested() -> keras.Model:
    inner_x = keras.Input((None, 4), name="inner_x")
    h = layers.LSTM(3, return_sequences=True, name="lstm")(inner_x)
    inner = keras.Model(inner_x, h, name="inner")
    middle_x = keras.Input((None, 4), name="middle_x")
    first = layers.Dense(4, name="dense")(middle_x)
    middle = keras.Model(
        middle_x, [inner(first), layers.GRU(2, name="gru")(first)], name="middle"
    )
    words = keras.Input((6,), dtype="int32", name="words")
    h = layers.Embedding(9, 4, mask_zero=True, name="embedding")(words)
    a, b = middle(h)
    c, d = middle(layers.Dense(4, name="between")(h))
    a = layers.LSTM(2, name="last")(layers.Add(name="add")([a, c]))
    return keras.Model(words, layers.Concatenate(name="join")([a, b, d]), name="outer")


def masked() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    h = layers.Masking(-1.0, name="masking")(x)
    h = layers.SimpleRNN(4, return_sequences=True, name="rnn")(h)
    h = layers.Bidirectional(layers.GRU(3, return_sequences=True), name="both")(h)
    pooled = layers.GlobalAveragePooling1D(name="mean")(h)
    last = layers.LSTM(2, go_backwards=True, name="last")(h)
    return keras.Model(x, layers.Concatenate(name="join")([pooled, last]), name="m")


def operations() -> keras.Model:
    x = keras.Input((None, 3), name="x")
    h = layers.GRU(4, return_sequences=True, name="gru")(x)
    last = h[:, -1] * 2.0 - h[:, 0]
    mean = ops.mean(h, axis=1)
    y = ops.concatenate([ops.tanh(last), mean], axis=-1)
    return keras.Model(x, layers.Dense(2, name="head")(y), name="operations")


def images() -> keras.Model:
    x = keras.Input((8, 9, 3), name="x")
    h = layers.Conv2D(4, (3, 2), strides=(2, 1), activation="relu", name="conv")(x)
    h = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(h)
    h = layers.SeparableConv2D(5, 3, padding="same", name="separable")(h)
    h = layers.BatchNormalization(momentum=0.9, epsilon=1e-4, name="norm")(h)
    h = layers.LeakyReLU(negative_slope=0.1, name="leaky")(h)
    h = layers.MaxPooling2D((3, 2), name="pool")(h)
    h = layers.Reshape((-1, 5), name="reshape")(h)
    return keras.Model(x, layers.Dense(2, name="head")(h), name="images")


def attention() -> keras.Model:
    x = keras.Input((None, 6), name="x")
    attend = layers.MultiHeadAttention(num_heads=2, key_dim=3, name="attention")
    h = attend(x, x, use_causal_mask=True)
    h = layers.LayerNormalization(epsilon=1e-6, name="norm")(h + x)
    return keras.Model(x, h, name="attention_model")


def stateful() -> keras.Model:
    x = keras.Input((4, 3), batch_size=2, name="x")
    h = layers.LSTM(4, stateful=True, return_sequences=True, name="lstm")(x)
    return keras.Model(x, layers.Dense(2, name="head")(h), name="stateful")


def wrapped_model() -> keras.Model:
    frame = keras.Input((6, 6, 2), name="frame")
    h = layers.Conv2D(3, 3, name="conv")(frame)
    inner = keras.Model(frame, layers.Flatten(name="flat")(h), name="frames")
    x = keras.Input((4, 6, 6, 2), name="x")
    h = layers.TimeDistributed(inner, name="each")(x)
    return keras.Model(x, layers.LSTM(2, name="lstm")(h), name="film")


MODELS: tuple[Make, ...] = (
    chain,
    branches,
    named_ends,
    states,
    two_ways,
    cells,
    nested,
    masked,
    operations,
    images,
    attention,
    stateful,
    wrapped_model,
)
