"""The layers of a Keras model that hold no arrays, seen while it runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import keras
import numpy as np

from compare.in_keras.arrays import to_numpy
from compare.in_keras.internals import Call, calls_replaced, every_layer
from compare.in_keras.kinds import kind_of
from compare.in_keras.layers import holders
from compare.in_keras.names import Renamed, children, unnamed
from compare.in_keras.refusals import REFUSALS
from compare.in_keras.twin import Twin
from compare.kinds.kind import Kind
from compare.mistakes.bare import BareLayer, bare_layer, kind_named


def bare_layers(twin: Twin, arrays: tuple[np.ndarray, ...]) -> list[BareLayer]:
    """Look at each layer without arrays that takes one tensor and runs once, in order.

    Args:
        twin: in float64.
        arrays: one for each input.
    """
    watch = _Watch()
    replacements: list[tuple[keras.Layer, Callable[[Call], Call]]] = []
    for name in holders(twin.model):
        attribute = children(twin.model)[name]
        stack = attribute if isinstance(attribute, list | tuple) else [attribute]
        for layer in stack:
            replacements.append((layer, partial(watch.holding, name)))
    for name, layer in _without_arrays(twin.model).items():
        kind = kind_named("keras", kind_of(layer))
        if kind is not None:
            replacements.append((layer, partial(watch.bare, name, layer, kind)))
    with calls_replaced(replacements), suppress(*REFUSALS):
        twin.results(twin.tensors(arrays))
    return [
        runs[0]
        for runs in watch.runs.values()
        if len(runs) == 1 and runs[0] is not None
    ]


def _without_arrays(model: keras.Model | Renamed) -> dict[str, keras.Layer]:
    """The layers without weights, by attribute where they have one, at any depth."""
    original = unnamed(model)
    names = {
        id(value): name
        for name, value in vars(original).items()
        if isinstance(value, keras.Layer)
    }
    return {
        names.get(id(layer), layer.name): layer
        for layer in every_layer(original, itself=False)
        if not layer.weights
    }


class _Watch:
    """What replaced calls see while a model runs once.

    Attributes:
        runs: of each layer without arrays, by its name in order; None for a run that
            shows nothing, such as one of several inputs.
    """

    def __init__(self) -> None:
        self.runs: dict[str, list[BareLayer | None]] = {}
        self._after = ""  # the layer with arrays that ran last

    def holding(self, name: str, call: Call) -> Call:
        """The `call` of a layer with arrays, which is noted as the last."""

        def noted(*args: Any, **kwargs: Any) -> Any:
            result = call(*args, **kwargs)
            self._after = name
            return result

        return noted

    def bare(self, name: str, layer: keras.Layer, kind: Kind, call: Call) -> Call:
        """The `call` of a layer without arrays, watched."""

        def watched(x: Any, *args: Any, **kwargs: Any) -> Any:
            result = call(x, *args, **kwargs)
            run = None
            if keras.ops.is_tensor(x) and keras.ops.is_tensor(result):
                arrays = to_numpy(x), to_numpy(result)
                run = bare_layer("keras", name, kind, layer, *arrays, self._after)
            self.runs.setdefault(name, []).append(run)
            return result

        return watched
