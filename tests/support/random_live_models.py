"""Random functional Keras models of sequences, with branches, merges and states."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

ACTIVATIONS = ("tanh", "relu", "sigmoid", "hard_sigmoid", "elu", "softsign", "linear")
RECURRENT = (layers.LSTM, layers.GRU, layers.SimpleRNN)
MERGES = (layers.Add, layers.Multiply, layers.Average, layers.Maximum, layers.Subtract)


def random_model(seed: int) -> keras.Model:
    """A model of one input or two, (batch, time, 4) each, and of one result or two."""
    rng = np.random.default_rng(seed)
    inputs = [keras.Input((None, 4), name=f"in{i}") for i in range(rng.integers(1, 3))]
    tensors = list(inputs)
    if rng.random() < 0.4:
        tensors[0] = layers.Masking(-1.0)(tensors[0])
    for _ in range(int(rng.integers(3, 8))):
        x = tensors[int(rng.integers(len(tensors)))]
        tensors.append(_merged(rng, tensors) if rng.random() < 0.3 else _layer(rng)(x))
    last = [_at_end(rng)(x) for x in tensors[-int(rng.integers(1, 3)) :]]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], last, name=f"m{seed}")


def _merged(rng: np.random.Generator, tensors: list[Any]) -> Any:
    pair = [tensors[int(i)] for i in rng.integers(0, len(tensors), 2)]
    return MERGES[int(rng.integers(len(MERGES)))]()(pair)


def _layer(rng: np.random.Generator) -> Any:
    """A layer that takes and returns (batch, time, 4)."""
    choice = int(rng.integers(6))
    if choice == 0:
        activation = str(rng.choice(ACTIVATIONS))
        return layers.Dense(4, activation=activation, use_bias=bool(rng.integers(2)))
    if choice == 1:
        rate = int(rng.integers(1, 3))
        padding = str(rng.choice(["same", "causal"]))
        return layers.Conv1D(4, 3, padding=padding, dilation_rate=rate)
    if choice == 2:
        return layers.LayerNormalization(epsilon=float(rng.choice([1e-3, 1e-5])))
    if choice == 3:
        merge = str(rng.choice(["sum", "mul", "ave"]))
        layer = _recurrent(rng, True, 4)
        layer.go_backwards = False  # Keras takes no other one
        return layers.Bidirectional(layer, merge_mode=merge)
    if choice == 4:
        return layers.TimeDistributed(layers.Dense(4, activation="tanh"))
    return _recurrent(rng, True, 4)


def _at_end(rng: np.random.Generator) -> Any:
    """A layer that takes a sequence."""
    if rng.random() < 0.3:
        return layers.GlobalAveragePooling1D()
    return _recurrent(rng, bool(rng.integers(2)), int(rng.integers(2, 6)))


def _recurrent(rng: np.random.Generator, sequences: bool, units: int) -> Any:
    cls = RECURRENT[int(rng.integers(3))]
    settings: dict[str, Any] = {
        "activation": str(rng.choice(ACTIVATIONS[:4])),
        "use_bias": bool(rng.integers(2)),
        "go_backwards": bool(rng.random() < 0.2),
        "return_sequences": sequences,
    }
    if cls is layers.GRU:
        settings["reset_after"] = bool(rng.integers(2))
    if cls is not layers.SimpleRNN:
        settings["recurrent_activation"] = str(rng.choice(["sigmoid", "hard_sigmoid"]))
    return cls(units, **settings)
