"""The layers of a Keras model that hold no arrays, as they run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import keras
import numpy as np

from compare.in_keras.arrays import features_last, to_numpy
from compare.in_keras.internals import Call, calls_replaced, every_layer
from compare.in_keras.kinds import is_by_hand, kind_of
from compare.in_keras.names import unnamed
from compare.in_keras.refusals import REFUSALS
from compare.in_keras.twin import Twin
from compare.kinds import BY_KERAS_NAME, call
from compare.kinds.kind import Kind
from compare.mistakes.bare import IDLE, BareLayer


def bare_layers(twin: Twin, arrays: tuple[np.ndarray, ...]) -> list[BareLayer]:
    """See what layers without arrays do, each time that one runs, in order.

    Args:
        twin: in float64.
        arrays: one for each input.
    """
    noted: list[BareLayer] = []
    replacements: list[tuple[keras.Layer, Callable[[Call], Call]]] = []
    every = every_layer(unnamed(twin.model))
    wrapped = {id(x.layer) for x in every if isinstance(x, keras.layers.Wrapper)}
    attributes = {id(value): name for name, value in vars(unnamed(twin.model)).items()}
    for layer in every:
        kind = BY_KERAS_NAME.get(kind_of(layer))
        if kind is None or kind.rows is not None or kind.name in IDLE:
            continue
        if not is_by_hand(layer) and id(layer) not in wrapped:
            name = attributes.get(id(layer), layer.name)
            replacements.append((layer, partial(_noting, noted, name, layer, kind)))
    with calls_replaced(replacements), suppress(*REFUSALS):
        twin.results(twin.tensors(arrays))
    return noted


def _noting(
    noted: list[BareLayer], name: str, layer: keras.Layer, kind: Kind, layer_call: Call
) -> Call:
    """The `call` of a layer, which notes what it did."""

    def noting(x: Any, *args: Any, **kwargs: Any) -> Any:
        result = layer_call(x, *args, **kwargs)
        if keras.ops.is_tensor(x) and keras.ops.is_tensor(result):
            x_last, output = features_last(layer, x), features_last(layer, result)
            options = kind.options_of("keras", layer)
            at_work = call(kind.name, {}, to_numpy(x_last), options=options)
            written = kind_of(layer)
            noted.append(BareLayer(name, written, kind, at_work, to_numpy(output)))
        return result

    return noting
