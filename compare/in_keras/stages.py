"""The stages of a Keras model, recorded while it is traced or run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import keras
from keras import tree

from compare.in_keras import separable
from compare.in_keras.arrays import activates, before_activation, features_last, unfit
from compare.in_keras.internals import Call, calls_replaced
from compare.in_keras.models import options_set
from compare.in_keras.names import Renamed, children

STATES = ("h", "c")  # as stages are named, after their layer


class Stages:
    """The stages of a model, recorded by replaced calls while it runs once."""

    def __init__(self) -> None:
        self._recorded: dict[str, Any] = {}  # tensors
        self._layers: dict[str, keras.Layer] = {}  # that made them
        self._ran: set[str] = set()

    @contextmanager
    def recording(self, model: keras.Model | Renamed) -> Iterator[None]:
        """Record what the layers that the model has by name return inside the block."""
        replacements: list[tuple[keras.Layer, Callable[[Call], Call]]] = []
        for name, attribute in children(model).items():
            if isinstance(attribute, list) and attribute:
                attribute = attribute[-1]  # what a stack of layers hands on
            layer = attribute
            if isinstance(layer, keras.Layer):
                layer = separable.recorded(layer)
            if isinstance(layer, keras.Layer):
                replacements.append((layer, partial(self._record, name, layer)))
        with calls_replaced(replacements):
            yield

    def inside(self, results: Sequence[Any]) -> dict[str, Any]:
        """The stages by name, in order, without those that the model itself returns."""
        return {
            name: features_last(self._layers.get(name), tensor)
            for name, tensor in self._recorded.items()
            if all(tensor is not result for result in results) and not unfit(tensor)
        }

    def _record(self, name: str, layer: keras.Layer, call: Call) -> Call:
        """The `call` of a layer, recorded."""

        def record(*args: Any, **kwargs: Any) -> Any:
            if name in self._ran:  # what runs more than once is not a stage
                for stage in (name, *(f"{name}.{state}" for state in STATES)):
                    self._recorded.pop(stage, None)
                return call(*args, **kwargs)
            self._ran.add(name)
            self._layers[name] = layer
            run = partial(call, *args, **kwargs)
            if isinstance(layer, keras.layers.RNN):
                return self._record_recurrent(name, layer, run)
            return self._record_other(name, layer, run)

        return record

    def _record_recurrent(
        self, name: str, layer: keras.layers.RNN, run: Callable[[], Any]
    ) -> Any:
        """Record the states, and the output if it has every step."""
        # Changes what is handed out, not what is computed.
        with options_set(layer, return_state=True):
            output, *states = run()  # states: (batch, hidden_size)
        handed_out = states
        if isinstance(layer.cell, keras.layers.StackedRNNCells):
            states = tree.flatten(states[-1])  # of the last cell, as of a stack
        if layer.return_sequences:
            self._recorded[name] = output  # (batch, time, hidden_size)
        for letter, state in zip(STATES, states, strict=False):
            self._recorded[f"{name}.{letter}"] = state
        return (output, *handed_out) if layer.return_state else output

    def _record_other(
        self, name: str, layer: keras.Layer, run: Callable[[], Any]
    ) -> Any:
        """Record what the layer makes, before an activation that it has inside."""
        with before_activation(layer) as before:
            result = run()
        if before:
            self._recorded[name] = before[-1]
            return result
        if activates(getattr(layer, "layer", None)):
            return result  # each step by itself: nothing to compare here
        # A Bidirectional may return its final states after its output, or, like any
        # recurrent layer, no output at every step to compare.
        if getattr(layer, "return_sequences", True):
            several = isinstance(result, list | tuple)
            self._recorded[name] = result[0] if several else result
        return result
