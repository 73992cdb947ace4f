"""What a Keras model was compiled with, read from the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from compare.in_keras.names import Renamed, unnamed
from compare.judging.compiled import Compiled
from compare.judging.losses import CROSS_ENTROPY, MEAN_SQUARED_ERROR
from compare.judging.optimizers import SETTINGS

CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")
# Settings that change nothing, or are counted elsewhere.
OF_NO_MATTER = ("name", "learning_rate", "jit_compile", "is_legacy_optimizer")
# Settings that say nothing where another is off, by that other.
MOMENTUM_OF_AVERAGE = ("ema_momentum", "ema_overwrite_frequency")
LOSSES = {
    "mse": MEAN_SQUARED_ERROR,
    "mean_squared_error": MEAN_SQUARED_ERROR,
    "MeanSquaredError": MEAN_SQUARED_ERROR,
    "categorical_crossentropy": CROSS_ENTROPY,
    "sparse_categorical_crossentropy": CROSS_ENTROPY,
    "CategoricalCrossentropy": CROSS_ENTROPY,
    "SparseCategoricalCrossentropy": CROSS_ENTROPY,
}
# Arguments of losses that the suite's have no counterpart of, where they are not this.
PLAIN_LOSS = {"reduction": "sum_over_batch_size", "label_smoothing": 0.0}
PLAIN_LOSS |= {"ignore_class": None, "axis": -1}
DIGITS = 7  # of a learning rate, which Keras keeps in float32


def compiled(model: keras.Model | Renamed) -> Compiled | None:
    """What a model was compiled with; None where it was not."""
    original = unnamed(model)
    if not getattr(original, "compiled", False):
        return None
    loss, known_loss, takes_logits = _loss(original.loss)
    optimizer = original.optimizer
    if optimizer is None:
        return Compiled(loss=loss, known_loss=known_loss, takes_logits=takes_logits)
    name, cls = _class(optimizer)
    config = optimizer.get_config()
    values = _values(cls, config)
    unused = tuple(_unused(cls, config, optimizer))
    clips = {key: config[key] for key in CLIPS if config.get(key) is not None}
    settings = {**values, **clips}
    words = ", ".join(f"{key}={value:g}" for key, value in settings.items())
    if "learning_rate" not in values:
        unused = (*unused, "a schedule of the learning rate")
    if unused:
        name = ""
    return Compiled(
        optimizer=f"{cls}({', '.join([words, *unused])})",
        known_optimizer=name,
        values=values,
        clips=clips,
        unused=unused,
        loss=loss,
        known_loss=known_loss,
        takes_logits=takes_logits,
    )


def _class(optimizer: keras.optimizers.Optimizer) -> tuple[str, str]:
    """The suite's name of an optimizer, or "", and the name of its class."""
    cls = type(optimizer).__name__
    if not type(optimizer).__module__.startswith("keras."):
        return "", cls
    if cls == "SGD" and optimizer.momentum:
        return "momentum", cls
    names = {"SGD": "sgd", "RMSprop": "rmsprop", "Adam": "adam", "AdamW": "adamw"}
    return names.get(cls, ""), cls


def _values(cls: str, config: Mapping[str, Any]) -> dict[str, float]:
    """The settings of an optimizer that the suite's has as well."""
    values = {}
    for setting in SETTINGS.get(cls, ("learning_rate",)):
        value = config.get(setting)
        if isinstance(value, int | float):
            values[setting] = float(value)
    if "learning_rate" in values:
        values["learning_rate"] = float(f"{values['learning_rate']:.{DIGITS}g}")
    return values


def _unused(
    cls: str, config: Mapping[str, Any], optimizer: keras.optimizers.Optimizer
) -> list[str]:
    """The settings of an optimizer that are on, and that the suite's has not."""
    skipped = {*OF_NO_MATTER, *CLIPS, *MOMENTUM_OF_AVERAGE, *SETTINGS.get(cls, ())}
    return [
        f"{key}={value}"
        for key, value in config.items()
        if key not in skipped and value not in (None, False, 0)
    ]


def _loss(loss: Any) -> tuple[str, str, bool | None]:
    """A loss in words, the suite's name of it or "", and whether it takes logits."""
    if loss is None:
        return "", "", None
    name = loss if isinstance(loss, str) else ""
    name = name or getattr(loss, "__name__", type(loss).__name__)
    known_loss = LOSSES.get(name, "")
    config: Mapping[str, Any] = {}
    if isinstance(loss, keras.Loss):
        config = loss.get_config()
    for key, plain in PLAIN_LOSS.items():
        if config.get(key, plain) != plain:
            return f"{name}({key}={config[key]})", "", None
    takes_logits = None
    if known_loss == CROSS_ENTROPY:
        takes_logits = bool(config.get("from_logits", False))
    return name, known_loss, takes_logits
