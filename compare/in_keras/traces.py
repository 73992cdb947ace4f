"""What a Keras model does to an input, operation by operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from inspect import isfunction
from typing import Any

import keras
import numpy as np
import tensorflow

from compare.in_keras import double
from compare.in_keras.callers import users_line
from compare.in_keras.internals import (
    KERAS_HOME,
    Call,
    activation_replaced,
    calls_replaced,
    every_layer,
    operations_noted,
)
from compare.in_keras.models import cells_run_once
from compare.in_keras.names import unnamed
from compare.in_keras.twin import Twin
from compare.mistakes.traces import Line, Recorder, Trace

# Layers of Keras that are looked into, since they only run what is inside.
CONTAINERS = (keras.Model, keras.layers.Lambda)
# What TensorFlow calls an operation, and a user of Keras.
NAMES = {
    "AddV2": "+",
    "Add": "+",
    "Sub": "-",
    "Mul": "*",
    "RealDiv": "/",
    "BatchMatMulV2": "@",
    "MatMul": "@",
    "StridedSlice": "[]",
    "GetItem": "[]",
    "ConcatV2": "concatenate",
}
WHOLE = "local_response_normalization"  # of `double`, which is one step
# Operations of TensorFlow that no user writes: they make what they take, or its shape.
HANDING = (
    *("ReadVariableOp", "Identity", "VarHandleOp", "NoOp"),
    *("Shape", "ShapeN", "Size", "Rank"),
)


def traced(twin: Twin, arrays: Sequence[np.ndarray]) -> Trace:
    """Run a twin, and note what its operations do.

    Args:
        twin: in float64.
        arrays: one for each input.
    """
    recorder = Recorder(_as_array, id)
    model = unnamed(twin.model)
    tensors = twin.tensors(arrays)
    for argument, tensor in zip(twin.inputs, tensors, strict=True):
        recorder.source(tensor, f"the input {argument.name}")
    for variable, name in _weights(model):
        recorder.source(variable, f"the weight {name}")
    running = _Running(model, recorder, twin.lines)
    with running.noting(), cells_run_once(model):
        results = twin.results(tensors)
    return recorder.trace(results)


def _weights(model: keras.Model) -> list[tuple[keras.Variable, str]]:
    """The variables of a model, each with its own name after that of its layer.

    The path of a variable says no layer where the model is a copy.
    """
    names: dict[int, str] = {}
    for layer in every_layer(model):  # a layer before those that are inside
        if _is_whole(layer):
            for variable in layer.variables:
                names.setdefault(id(variable), f"{layer.name}/{variable.name}")
    return [(v, names.get(id(v), v.path)) for v in model.variables]


class _Running:
    """Notes the operations of a model while it runs eagerly.

    Args:
        model: that runs.
        recorder: to be told.
        lines: as `lines_noted` has them.
    """

    def __init__(
        self,
        model: keras.Model,
        recorder: Recorder,
        lines: Mapping[int, Sequence[Line | None]],
    ) -> None:
        self._model, self._recorder, self._lines = model, recorder, lines
        self._count = 0
        self._inside = 0  # of how many operations that are one step
        self._layers: list[str] = []
        self._times: dict[int, int] = {}  # that each operation ran
        self._activated: dict[int, tuple[Any, Any, str]] = {}

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what runs inside the block."""
        with ExitStack() as stack:
            replaced = [
                (layer, partial(self._called, layer)) for layer in self._operations()
            ]
            for layer in every_layer(self._model):
                if _has_activation(layer):
                    noted = self._activation(layer, layer.activation)
                    stack.enter_context(activation_replaced(layer, noted))
            stack.enter_context(calls_replaced(replaced))
            stack.enter_context(self._functions_replaced())
            stack.enter_context(operations_noted(self._note))
            yield

    def _operations(self) -> list[Any]:
        """The layers of the model, and what else its graphs run, each once."""
        operations: dict[int, Any] = {}
        for layer in every_layer(self._model):
            operations[id(layer)] = layer
            for operation in getattr(layer, "operations", ()):
                operations.setdefault(id(operation), operation)
        return list(operations.values())

    # --------------------------------------------------------------------- layers

    def _called(self, layer: Any, call: Call) -> Call:
        """The `call` of a layer or an operation, noted."""
        if not _is_whole(layer):
            return self._entered(layer, call)

        def noted(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return call(*args, **kwargs)
            self._inside += 1
            try:
                takes = self._recorder.numbers(_taken((args, kwargs)))
                self._activated.pop(id(layer), None)
                result = call(*args, **kwargs)
                self._note_layer(layer, takes, args, kwargs, result)
                return result
            finally:
                self._inside -= 1

        return noted

    def _entered(self, layer: Any, call: Call) -> Call:
        """The `call` of a layer that is looked into."""

        def entered(*args: Any, **kwargs: Any) -> Any:
            self._layers.append("" if layer is self._model else layer.name)
            try:
                return call(*args, **kwargs)
            finally:
                self._layers.pop()

        return entered

    def _note_layer(
        self, layer: Any, takes: tuple[int, ...], args: Any, kwargs: Any, result: Any
    ) -> None:
        """Note a layer that ran, and its activation as a step of its own."""
        is_layer = isinstance(layer, keras.Layer)
        has = is_layer and bool(layer.weights)
        name = type(layer).__name__
        if not is_layer:
            name = NAMES.get(name, name.lower())
        line = self._line_of(layer)
        settings = {**_settings(layer), **_arguments(args, kwargs)}
        makes = _tensors(result)
        activated = self._activated.get(id(layer))
        if activated is not None and any(activated[1] is tensor for tensor in makes):
            before, after, function = activated
            self._step(name, takes, [before], settings, layer.name, is_layer, line, has)
            takes, makes = self._recorder.numbers([before]), [after]
            name, is_layer, settings, has = function, False, {}, False
        self._step(name, takes, makes, settings, layer.name, is_layer, line, has)

    def _activation(self, layer: Any, activation: Call) -> Call:
        """The activation of a layer, which notes what it is given and makes."""

        def noted(x: Any) -> Any:
            result = activation(x)
            name = getattr(activation, "__name__", type(activation).__name__)
            self._activated[id(layer)] = x, result, name
            return result

        return noted

    def _line_of(self, layer: Any) -> Line | None:
        """The line that runs a layer, or that has put it into a graph."""
        number = self._times.get(id(layer), 0)
        self._times[id(layer)] = number + 1
        line = users_line()
        if line is None and self._lines.get(id(layer)):
            lines = self._lines[id(layer)]
            line = lines[min(number, len(lines) - 1)]
        return line

    # ------------------------------------------------------------------ functions

    @contextmanager
    def _functions_replaced(self) -> Iterator[None]:
        """Note the functions of `keras.ops` and `keras.activations` that users call."""
        before = [(double, WHOLE, getattr(double, WHOLE))]
        for module in (keras.ops, keras.activations, keras.ops.image, keras.ops.nn):
            for name, function in list(vars(module).items()):
                if isfunction(function) and not name.startswith("_"):
                    before.append((module, name, function))
        try:
            for module, name, function in before:
                setattr(module, name, self._function(name, function))
            yield
        finally:
            for module, name, function in before:
                setattr(module, name, function)

    def _function(self, name: str, function: Call) -> Call:
        """A function that is noted."""

        @wraps(function)
        def noted(*args: Any, **kwargs: Any) -> Any:
            if self._inside:
                return function(*args, **kwargs)
            self._inside += 1
            try:
                takes = self._recorder.numbers(_taken((args, kwargs)))
                result = function(*args, **kwargs)
                makes = _tensors(result)
                arguments = _arguments(args, kwargs)
                self._step(
                    name, takes, makes, arguments, self._layer, False, users_line()
                )
                return result
            finally:
                self._inside -= 1

        return noted

    def _note(
        self,
        op_type: str | bytes,
        inputs: Sequence[Any],
        attrs: Sequence[Any],
        outputs: Sequence[Any],
        op_name: object = None,
        graph: object = None,
    ) -> None:
        """Note an operation of TensorFlow; the signature is TensorFlow's."""
        if isinstance(op_type, bytes):
            op_type = op_type.decode()
        if self._inside or graph is not None or op_type in HANDING:
            return
        self._inside += 1
        try:
            takes = self._recorder.numbers(inputs)
            name = NAMES.get(op_type, op_type)
            arguments: dict[str, Any] = {}
            for place, tensor in enumerate(inputs):
                array = _as_array(tensor)
                if array is not None and array.size < 2:
                    arguments[str(place)] = array.item() if array.size else None
            self._step(
                name, takes, outputs, arguments, self._layer, False, users_line()
            )
        finally:
            self._inside -= 1

    # -------------------------------------------------------------------- helpers

    @property
    def _layer(self) -> str:
        """The name of the layer that runs just now."""
        return self._layers[-1] if self._layers else ""

    def _step(
        self,
        name: str,
        takes: tuple[int, ...],
        makes: Sequence[Any],
        arguments: Mapping[str, Any],
        layer: str,
        is_layer: bool,
        line: Line | None,
        has_weights: bool = False,
    ) -> None:
        """Note one step, under the next number."""
        self._count += 1
        self._recorder.step(
            self._count,
            name,
            takes,
            makes,
            arguments,
            layer,
            is_layer,
            line,
            has_weights,
        )


def _is_whole(layer: Any) -> bool:
    """Whether a layer or an operation is one of Keras's own, which is one step."""
    if isinstance(layer, CONTAINERS):
        return False
    if not type(layer).__module__.startswith(KERAS_HOME):
        return False
    if not isinstance(layer, keras.Layer):
        return True
    inside = every_layer(layer, itself=False)
    return all(type(inner).__module__.startswith(KERAS_HOME) for inner in inside)


def _has_activation(layer: Any) -> bool:
    """Whether a layer ends with an activation that does something."""
    activation = vars(layer).get("activation")
    if not _is_whole(layer) or not callable(activation):
        return False
    is_recurrent = hasattr(layer, "recurrent_activation") or hasattr(layer, "cell")
    is_itself = isinstance(layer, keras.layers.Activation)
    return (
        not (is_recurrent or is_itself) and activation is not keras.activations.linear
    )


def _tensors(value: Any) -> list[Any]:
    """The tensors and variables in arguments or results, in order."""
    return [item for item in keras.tree.flatten(value) if _is_tensor(item)]


def _taken(value: Any) -> list[Any]:
    """The tensors, variables and arrays of constants in arguments, in order."""
    taken = []
    for item in keras.tree.flatten(value):
        is_constant = isinstance(item, np.ndarray) and item.size > 1
        if _is_tensor(item) or is_constant:
            taken.append(item)
    return taken


def _is_tensor(value: Any) -> bool:
    return isinstance(value, tensorflow.Tensor | tensorflow.Variable | keras.Variable)


def _as_array(tensor: Any) -> np.ndarray | None:
    """A copy of a tensor or of a constant of NumPy, as graphs have them.

    Returns:
        None of one that is only a symbol, or not of numbers.
    """
    if isinstance(tensor, keras.Variable):
        tensor = tensor.value
    try:
        # `np.array` of the tensor itself warns: its `__array__` knows no `copy`.
        is_numpy = isinstance(tensor, np.ndarray)
        array = tensor.copy() if is_numpy else np.array(tensor.numpy())
    except (AttributeError, TypeError, ValueError, NotImplementedError):
        return None
    return array if array.dtype.kind in "biufc" else None


def _arguments(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What a call is told beside its tensors, by name or by place."""
    arguments: dict[str, Any] = {}
    for place, value in enumerate(args):
        arguments[str(place)] = None if _is_tensor(value) else value
    for name, value in kwargs.items():
        if not _is_tensor(value):
            arguments[name] = value
    return arguments


def _settings(layer: Any) -> dict[str, Any]:
    """The public settings of a layer or an operation, and which function it is."""
    settings = {
        name: value
        for name, value in vars(layer).items()
        if not name.startswith("_")
        and name != "name"
        and isinstance(value, int | float | str | tuple | list)
    }
    if isinstance(layer, keras.layers.Activation):
        settings["activation"] = getattr(layer.activation, "__name__", "")
    return settings
