"""The twelve Keras models that converters are measured on, and what each is run on.

    python twelve_models.py FOLDER MODEL ...

saves each model, its inputs and its results in float64, and prints the models' names.
It needs Keras alone.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import keras
import numpy as np
from keras import layers

Array: TypeAlias = np.ndarray
Draw: TypeAlias = Callable[[np.random.Generator, int, int], list[Array]]

SEED = 17
NUM_FEATURES = 5
NUM_TOKENS = 23

# (batch, length) of what a model is run on. Converters see the first one; the lengths
# of the others are shorter and longer, and their batches other than its.
OWN_SIZE = (2, 12)
OTHER_SIZES = ((1, 5), (4, 19))


@dataclass(frozen=True)
class BenchModel:
    """A Keras model and the inputs it is run on.

    Args:
        name: of the model's folder, and in the table.
        build: makes the model under the float type that Keras is set to.
        draw: inputs for a batch and a length, in the model's order.
        any_length: False where an axis of time is missing or its length is fixed; the
            batch alone varies then.
    """

    name: str
    build: Callable[[], keras.Model]
    draw: Draw
    any_length: bool = True


def _draw_features(rng: np.random.Generator, batch: int, length: int) -> list[Array]:
    """Draw one float input, (batch, length, features)."""
    return [rng.normal(size=(batch, length, NUM_FEATURES))]


def _draw_padded(rng: np.random.Generator, batch: int, length: int) -> list[Array]:
    """Draw features padded with zeros: after, before, on both sides, nowhere, in turn.

    A batch of one is padded before its values, as `pad_sequences` does by default.
    """
    (x,) = _draw_features(rng, batch, length)
    for sample in range(batch):
        before, after = _padding(sample, batch, length)
        x[sample, :before] = 0
        x[sample, length - after :] = 0
    return [x]


def _draw_tokens(rng: np.random.Generator, batch: int, length: int) -> list[Array]:
    """Draw tokens from 1, (batch, length), padded with 0 as features are."""
    tokens = rng.integers(1, NUM_TOKENS, size=(batch, length))
    for sample in range(batch):
        before, after = _padding(sample, batch, length)
        tokens[sample, :before] = 0
        tokens[sample, length - after :] = 0
    return [tokens]


def _padding(sample: int, batch: int, length: int) -> tuple[int, int]:
    """Return the steps of padding before and after the values of a sample."""
    part = length // 4
    if batch == 1:
        return part, 0
    return ((0, part), (part, 0), (part, part), (0, 0))[sample % 4]


def _draw_images(rng: np.random.Generator, batch: int, length: int) -> list[Array]:
    """Draw images, (batch, 15, 12, 3): of odd and of even size, channels last."""
    return [rng.normal(size=(batch, 15, 12, 3))]


def _draw_pairs(rng: np.random.Generator, batch: int, length: int) -> list[Array]:
    """Draw what an encoder reads and what a decoder reads, of different lengths."""
    encoded = rng.normal(size=(batch, length, NUM_FEATURES))
    return [encoded, rng.normal(size=(batch, length - 2, NUM_FEATURES - 1))]


def _sequence() -> keras.KerasTensor:
    return keras.Input((None, NUM_FEATURES), name="x")


def _lstm_last_step() -> keras.Model:
    x = _sequence()
    h = layers.LSTM(7, name="lstm")(x)
    return keras.Model(x, layers.Dense(3, activation="softmax", name="head")(h))


def _lstm_stacked() -> keras.Model:
    x = _sequence()
    h = layers.LSTM(7, return_sequences=True, name="lower")(x)
    h = layers.LSTM(6, return_sequences=True, name="upper")(h)
    return keras.Model(x, layers.Dense(3, name="head")(h))


def _lstm_bidirectional() -> keras.Model:
    x = _sequence()
    h = layers.LSTM(6, return_sequences=True, name="lower")
    h = layers.Bidirectional(h, name="both_lower")(x)
    h = layers.Bidirectional(layers.LSTM(5, name="upper"), name="both_upper")(h)
    return keras.Model(x, layers.Dense(3, name="head")(h))


def _gru() -> keras.Model:
    x = _sequence()
    h = layers.GRU(7, name="gru")(x)
    return keras.Model(x, layers.Dense(3, name="head")(h))


def _gru_reset_before() -> keras.Model:
    x = _sequence()
    h = layers.GRU(7, reset_after=False, name="gru")(x)
    return keras.Model(x, layers.Dense(3, name="head")(h))


def _lstm_hard_sigmoid() -> keras.Model:
    x = _sequence()
    h = layers.LSTM(7, recurrent_activation="hard_sigmoid", name="lstm")(x)
    return keras.Model(x, layers.Dense(3, name="head")(h))


def _lstm_masked() -> keras.Model:
    x = _sequence()
    h = layers.Masking(name="masking")(x)
    h = layers.LSTM(7, return_sequences=True, name="lower")(h)
    h = layers.LSTM(6, name="upper")(h)
    return keras.Model(x, layers.Dense(3, name="head")(h))


def _embedding_lstm() -> keras.Model:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    h = layers.Embedding(NUM_TOKENS, 6, mask_zero=True, name="embedding")(tokens)
    h = layers.LSTM(7, name="lstm")(h)
    output = layers.Dense(1, activation="sigmoid", name="head")(h)
    return keras.Model(tokens, output)


def _cnn() -> keras.Model:
    image = keras.Input((15, 12, 3), name="image")
    h = layers.Conv2D(6, 3, strides=2, padding="same", name="conv_in")(image)
    h = layers.BatchNormalization(name="norm")(h)
    h = layers.ReLU(name="relu")(h)
    h = layers.Conv2D(8, (5, 4), strides=2, padding="same", name="conv_out")(h)
    h = layers.Flatten(name="flatten")(h)
    return keras.Model(image, layers.Dense(4, activation="softmax", name="head")(h))


def _tcn() -> keras.Model:
    x = _sequence()
    h = x
    for dilation in (1, 2, 4):
        name = f"conv_{dilation}"
        conv = layers.Conv1D(
            NUM_FEATURES, 3, padding="causal", dilation_rate=dilation, name=name
        )
        h = layers.Add(name=f"add_{dilation}")([h, layers.ReLU()(conv(h))])
    return keras.Model(x, layers.Dense(3, name="head")(h))


def _transformer() -> keras.Model:
    x = _sequence()
    h = layers.Dense(8, name="project")(x)
    attended = layers.MultiHeadAttention(2, 4, name="attention")(h, h)
    h = layers.LayerNormalization(name="norm_attention")(h + attended)
    wide = layers.Dense(16, activation="gelu", name="wide")(h)
    h = layers.LayerNormalization(name="norm_out")(
        h + layers.Dense(8, name="narrow")(wide)
    )
    h = layers.GlobalAveragePooling1D(name="mean")(h)
    return keras.Model(x, layers.Dense(3, name="head")(h))


def _seq2seq() -> keras.Model:
    source = keras.Input((None, NUM_FEATURES), name="source")
    target = keras.Input((None, NUM_FEATURES - 1), name="target")
    _, h, c = layers.LSTM(7, return_state=True, name="encoder")(source)
    decoder = layers.LSTM(7, return_sequences=True, name="decoder")
    decoded = decoder(target, initial_state=[h, c])
    output = layers.Dense(3, activation="softmax", name="head")(decoded)
    return keras.Model([source, target], output)


MODELS = (
    BenchModel("lstm_last_step", _lstm_last_step, _draw_features),
    BenchModel("lstm_stacked", _lstm_stacked, _draw_features),
    BenchModel("lstm_bidirectional", _lstm_bidirectional, _draw_features),
    BenchModel("gru", _gru, _draw_features),
    BenchModel("gru_reset_before", _gru_reset_before, _draw_features),
    BenchModel("lstm_hard_sigmoid", _lstm_hard_sigmoid, _draw_features),
    BenchModel("lstm_masked", _lstm_masked, _draw_padded),
    BenchModel("embedding_lstm", _embedding_lstm, _draw_tokens),
    BenchModel("cnn", _cnn, _draw_images, any_length=False),
    BenchModel("tcn", _tcn, _draw_features),
    BenchModel("transformer", _transformer, _draw_features),
    BenchModel("seq2seq", _seq2seq, _draw_pairs),
)


def write_all(folder: Path, names: list[str]) -> list[str]:
    """Write folder/NAME/{model.keras, cases.npz, facts.json}; return the names.

    Args:
        folder: that gets a folder for each model.
        names: of models; all of them if it is empty.

    Raises:
        SystemExit: if a name is no model's.
    """
    known = [model.name for model in MODELS]
    for name in names:
        if name not in known:
            raise SystemExit(f"no model is called {name}; there are {', '.join(known)}")
    chosen = [model for model in MODELS if not names or model.name in names]
    for model in chosen:
        _write(model, folder / model.name)
    return [model.name for model in chosen]


def _write(model: BenchModel, folder: Path) -> None:
    """Write a model, what it is run on, and what it gives in float64.

    cases.npz holds "input_CASE_NUMBER" and "output_CASE"; case 0 has the size that
    converters see. Floats are float64 arrays of numbers that float32 holds as well.
    """
    rng = np.random.default_rng([SEED, zlib.crc32(model.name.encode())])
    single = _build(model, "float32")
    single.set_weights([_draw_weight(rng, weight) for weight in single.weights])
    double = _build(model, "float64")
    double.set_weights([weight.astype("float64") for weight in single.get_weights()])

    arrays = {}
    for case, (batch, length) in enumerate((OWN_SIZE, *OTHER_SIZES)):
        inputs = [_held_by_float32(x) for x in model.draw(rng, batch, length)]
        output = double(inputs if len(inputs) > 1 else inputs[0], training=False)
        for number, x in enumerate(inputs):
            arrays[f"input_{case}_{number}"] = x
        arrays[f"output_{case}"] = keras.ops.convert_to_numpy(output)

    folder.mkdir(parents=True)
    single.save(folder / "model.keras")
    np.savez(folder / "cases.npz", **arrays)
    facts = {
        "any_length": model.any_length,
        "trainable": sum(int(np.prod(w.shape)) for w in single.trainable_weights),
    }
    (folder / "facts.json").write_text(json.dumps(facts))


def _build(model: BenchModel, dtype: str) -> keras.Model:
    """Build a model whose inputs, weights and results are floats of this type."""
    keras.utils.clear_session()  # layers without a name are counted from here
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    return model.build()


def _draw_weight(rng: np.random.Generator, weight: keras.Variable) -> Array:
    """Draw a weight's values: every one differs, and biases are not 0.

    A variance is positive; kernels are small enough for gates to stay unsaturated.
    """
    values = rng.normal(size=weight.shape)
    if "variance" in weight.name:
        return np.exp(0.5 * values)
    if len(weight.shape) < 2:
        return 0.3 + 0.4 * values
    if weight.name == "embeddings":
        return values
    fan_in = np.prod(weight.shape[:-1])
    return values * min(1.0, 1.5 / np.sqrt(fan_in))


def _held_by_float32(x: Array) -> Array:
    """Return floats rounded to what float32 holds, as float64; integers as int32."""
    if x.dtype.kind == "f":
        return x.astype("float32").astype("float64")
    return x.astype("int32")


if __name__ == "__main__":
    print(json.dumps(write_all(Path(sys.argv[1]), sys.argv[2:])))
