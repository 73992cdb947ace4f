"""A Keras model as it predicts, though some layers act as in training by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature

import keras

from compare.in_keras.internals import (
    arguments_in_graphs,
    call_signature,
    every_layer,
)


def acting_as_in_training(model: keras.Layer) -> list[keras.Layer]:
    """The layers that act as in training where nothing is said, as RandomFlip does.

    `model(x)` runs them so; `model.predict(x)` and `model(x, training=False)` do not.
    """
    layers = []
    for layer in every_layer(model):
        training = signature(layer.call).parameters.get("training")
        if training is not None and training.default is True:
            layers.append(layer)
    return layers


@contextmanager
def evaluating(model: keras.Layer) -> Iterator[None]:
    """Let those layers act as in `model.predict` inside the block.

    One that a model of the user's own class calls with `training=True` still acts so. A
    functional model keeps the True that its layer took by itself, which is changed.
    """
    layers = acting_as_in_training(model)
    before = [call_signature(layer) for layer in layers]
    noted = []
    for layer in layers:
        noted += [
            named for named in arguments_in_graphs(layer) if named.get("training")
        ]
    try:
        for layer, taken in zip(layers, before, strict=True):
            parameters = dict(taken.parameters)
            parameters["training"] = parameters["training"].replace(default=False)
            changed = taken.replace(parameters=list(parameters.values()))
            vars(layer)["_call_signature"] = changed
        for named in noted:
            named["training"] = False
        yield
    finally:
        for layer, taken in zip(layers, before, strict=True):
            vars(layer)["_call_signature"] = taken
        for named in noted:
            named["training"] = True
