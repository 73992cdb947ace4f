"""What the layers of a Keras model take and return in one run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import keras

from compare.in_keras.arrays import to_numpy
from compare.in_keras.internals import Call, calls_replaced, every_layer
from compare.in_keras.kinds import is_by_hand, kind_of
from compare.in_keras.names import unnamed
from compare.in_keras.refusals import REFUSALS
from compare.in_keras.twin import Twin
from compare.judging.arrays import flat
from compare.mistakes.drawing import Arrays, LayerRun

# What to change where the code draws, and no layer of Keras.
IN_CODE = "draw numbers where `training` is true, and nowhere else"


def layer_runs(twin: Twin, arrays: Arrays) -> list[LayerRun]:
    """Run a twin once; return what each layer did, those inside a layer before it.

    Args:
        twin: in any precision.
        arrays: one for each input.
    """
    runs: list[LayerRun] = []
    model = unnamed(twin.model)
    attributes = {id(value): name for name, value in vars(model).items()}
    names = {}
    for layer in every_layer(model, itself=False):
        names[id(layer)] = attributes.get(id(layer), layer.name)
    replacements: list[tuple[keras.Layer, Callable[[Call], Call]]] = []
    for layer in every_layer(model, itself=False):
        inside = [names[id(inner)] for inner in every_layer(layer, itself=False)]
        noting = partial(_noting, runs, names[id(layer)], layer, tuple(inside))
        replacements.append((layer, noting))
    with calls_replaced(replacements), suppress(*REFUSALS):
        twin.results(twin.tensors(arrays))
    return runs


def _noting(
    runs: list[LayerRun],
    name: str,
    layer: keras.Layer,
    inside: tuple[str, ...],
    layer_call: Call,
) -> Call:
    """The `call` of a layer, which notes what it did."""
    fix = IN_CODE
    if not is_by_hand(layer):
        fix = (
            f"call {name} without training=True; of a functional model, "
            "model.predict(x) and model(x, training=False) leave it out, model(x) not"
        )

    def noting(*args: Any, **kwargs: Any) -> Any:
        result = layer_call(*args, **kwargs)
        inputs, outputs = _arrays((args, kwargs)), _arrays(result)
        runs.append(LayerRun(name, kind_of(layer), inputs, outputs, inside, fix))
        return result

    return noting


def _arrays(value: object) -> Arrays:
    """The tensors in a value, in order."""
    tensors = [tensor for _, tensor in flat(value) if keras.ops.is_tensor(tensor)]
    return tuple(map(to_numpy, tensors))
