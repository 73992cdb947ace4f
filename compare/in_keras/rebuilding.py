"""A live Keras model of a plan and of weights, and what is known of its tensors."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np

from compare.errors import BadInput
from compare.in_keras.calling import called
from compare.in_keras.constants import replace_figures
from compare.in_keras.internals import mask_of, nodes_noted, operation_of, set_mask
from compare.in_keras.legal_names import legal_names
from compare.in_keras.made_layers import Bounded, made, operation
from compare.in_keras.models import copied, forget_states
from compare.in_keras.operation_names import name_operations
from compare.in_keras.placed_weights import place
from compare.in_keras.precision import settled, widen
from compare.in_keras.refusals import message
from compare.judging.words import Precision
from compare.kinds.graph import (
    HANDED_ON,
    INPUT,
    OPERATION,
    Call,
    LayerPlan,
    ModelPlan,
    Tensor,
    TensorFacts,
    Weights,
    tensors_in,
    with_tensors,
)
from compare.kinds.layer import Arrays

Facts = list[tuple[TensorFacts, ...]]  # for each call of a model, of each result
Results = list[list[Any]]  # for each call, symbolic tensors


@dataclass(frozen=True)
class Rebuilt:
    """A live Keras model.

    Args:
        model: functional, with its weights.
        facts: of the results of each call.
        models: the same of the models inside, by their full names; where one is called
            several times, what holds for all of these calls.
        layers: by the full name of a plan; the live ones may have other names, since
            Keras admits no slashes.
        graph: that can be called on symbolic tensors again.
    """

    model: keras.Model
    facts: Facts
    models: Mapping[str, Facts]
    layers: Mapping[str, keras.Layer]
    graph: _Graph


def rebuilt(plan: ModelPlan, weights: Weights) -> Rebuilt:
    """Make a live Keras model of layers that are Keras's own.

    Args:
        plan: of the model.
        weights: of all its layers that have some, by Keras's names or in its order.

    Raises:
        BadInput: with the layer's name and Keras's words, where Keras refuses a layer;
            or if its weights are not those of the layer.
    """
    layers: dict[str, keras.Layer] = {}
    models: dict[str, Facts] = {}
    with warnings.catch_warnings():  # of masks that are lost, as they are at work
        warnings.simplefilter("ignore", UserWarning)
        graph = _Graph(plan, "", weights, layers)
        facts = graph.facts(graph.inputs, models)
    return Rebuilt(graph.model, facts, models, layers, graph)


def facts_at(
    model: Rebuilt, shapes: Sequence[Sequence[int]]
) -> tuple[Facts, Mapping[str, Facts]]:
    """What the model, and the models in it, make of inputs of these shapes.

    Nothing is computed, so they may be of any size.

    Args:
        model: rebuilt.
        shapes: of its inputs, in order, with the batch.

    Raises:
        BadInput: with the name of a layer that does not take them.
    """
    models: dict[str, Facts] = {}
    facts = model.graph.at(model.facts, shapes, models)
    return facts, models


def results(
    model: keras.Model, arrays: Sequence[np.ndarray], dtype: Precision
) -> list[np.ndarray]:
    """What a functional model returns in a precision, one array for each result.

    Args:
        model: in any precision; it is not changed.
        arrays: one for each input, in order.
        dtype: in which it computes.
    """
    with settled(dtype):
        copy = copied(model, dtype)
        forget_states(copy)
        if dtype == "float64":  # as tf-keras has them there
            widen(copy)
            list(replace_figures(copy, _as_given, _as_given))
        return called(copy, arrays, dtype)


def _as_given(figures: np.ndarray) -> np.ndarray:
    """Means or variances as the user wrote them, which float32 would round."""
    return figures


class _Graph:
    """A model that is made of a plan, and can be called on symbolic tensors again.

    Args:
        plan: of the model.
        prefix: what the full names of its layers begin with.
        weights: of the whole model.
        layers: gets the layers that are made, by their full names.
        whole: the arrays of all its layers, where they are not told apart.

    Attributes:
        plan: as it was given.
        inputs: its own, by the numbers of their calls.
        model: live, with its weights.
    """

    def __init__(
        self,
        plan: ModelPlan,
        prefix: str,
        weights: Weights,
        layers: dict[str, keras.Layer],
        whole: Arrays | None = None,
    ) -> None:
        self.plan, self._prefix = plan, prefix
        self._weights, self._layers, self._whole = weights, layers, whole
        self._inside: dict[str, _Graph] = {}  # by the name of a layer
        legal = legal_names(plan.layers)
        self._live: dict[str, keras.Layer] = {}
        self.inputs: dict[int, Any] = {}
        for name, layer in plan.layers.items():
            if layer.keras != INPUT and not layer.keras.startswith(OPERATION):
                self._live[name] = self._made(layer, legal[name])
        for number, call in enumerate(plan.calls):
            layer = plan.layers[call.layer]
            if layer.keras == INPUT:
                self.inputs[number] = self._input(layer, legal[call.layer])
        operations: list[Any] = []
        with nodes_noted(operations.append):
            results = self._results(self.inputs)
        names = self._names_of_operations(results, legal)
        taken = {legal[name] for name in self._live}
        name_operations(operations, names, taken)
        find = partial(_result, results)
        try:
            self.model = keras.Model(
                with_tensors(plan.inputs, find),
                with_tensors(plan.outputs, find),
                name=legal_names([plan.name or "model"])[plan.name or "model"],
            )
        except RecursionError:
            raise BadInput(
                f"{prefix}{plan.name}: expected a model that Keras can follow, got a "
                f"chain of {len(plan.calls)} layers, which is too deep for it; port "
                "it in parts"
            ) from None
        except ValueError as error:
            raise BadInput(
                f"{prefix}{plan.name}: expected inputs and outputs that calls connect, "
                f"got a model that Keras {keras.__version__} refuses: {message(error)}"
            ) from None
        for name, live in self._live.items():
            full = prefix + name
            layers[full] = live
            if whole is None and (
                full in weights or not _holds_model(plan.layers[name])
            ):
                place(full, live, weights.get(full, {}))

    # ------------------------------------------------------------------- layers

    def _made(self, layer: LayerPlan, name: str) -> keras.Layer:
        """A layer or a model, not called yet."""
        full = self._prefix + layer.name
        arrays = self._whole or self._weights.get(full, {})
        most = max((array.size for array in arrays.values()), default=0)

        def model(plan: ModelPlan) -> keras.Model:
            self._inside[layer.name] = _Graph(
                plan, f"{full}.", self._weights, self._layers, arrays or None
            )
            return self._inside[layer.name].model

        try:
            live = made(layer, name, Bounded(most), model)
        except (BadInput, MemoryError):
            raise
        except Exception as error:  # Keras raises many kinds
            raise self._refused(layer, error) from None
        live.name = name  # of a model as well, which has one of its own in its plan
        return live

    def _input(self, layer: LayerPlan, name: str) -> Any:
        """An input of the model."""
        config = layer.config
        shape = config.get("batch_shape")
        if shape is None:
            shape = (config.get("batch_size"), *config["shape"])
        try:
            return keras.Input(batch_shape=shape, dtype=config.get("dtype"), name=name)
        except Exception as error:
            raise self._refused(layer, error) from None

    def _refused(self, layer: LayerPlan, error: Exception) -> BadInput:
        """The error of a layer that Keras refuses."""
        return BadInput(
            f"{self._prefix}{layer.name}: expected a layer that Keras "
            f"{keras.__version__} can make and call, got {layer.keras}, which it "
            f"refuses: {message(error)}"
        )

    # -------------------------------------------------------------------- calls

    def facts(self, inputs: Mapping[int, Any], models: dict[str, Facts]) -> Facts:
        """What is known of the results of each call.

        Args:
            inputs: symbolic tensors by the numbers of the inputs' calls.
            models: gets the facts of the models inside.
        """
        results = self._results(inputs, models)
        return [tuple(map(_facts_of, tensors)) for tensors in results]

    def at(
        self,
        known: Sequence[tuple[TensorFacts, ...]],
        shapes: Sequence[Sequence[int]],
        models: dict[str, Facts] | None = None,
    ) -> Facts:
        """What is known of the results of each call, for inputs of these shapes.

        Args:
            known: facts of the inputs, by the numbers of their calls.
            shapes: of the inputs, in order, with the batch.
            models: gets the facts of the models inside.

        Raises:
            BadInput: with the name of a layer that does not take them.
        """
        inputs = {}
        numbers = [tensor.call for tensor in tensors_in(self.plan.inputs)]
        for number, shape in zip(dict.fromkeys(numbers), shapes, strict=True):
            dtype = known[number][0].dtype
            inputs[number] = keras.Input(batch_shape=tuple(shape), dtype=dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return self.facts(inputs, {} if models is None else models)

    def all_inside(self) -> dict[str, _Graph]:
        """The models inside, and those in them, by their full names."""
        graphs: dict[str, _Graph] = {}
        for layer, inside in self._inside.items():
            graphs[self._prefix + layer] = inside
            graphs |= inside.all_inside()
        return graphs

    def _results(
        self, inputs: Mapping[int, Any], models: dict[str, Facts] | None = None
    ) -> Results:
        """Call all layers on symbolic tensors.

        Args:
            inputs: by the numbers of their calls.
            models: gets the facts of the models inside, if they are asked for.
        """
        results: Results = []
        for number, call in enumerate(self.plan.calls):
            if number in inputs:
                results.append([inputs[number]])
                continue
            find = partial(_result, results)
            args = with_tensors(call.args, find)
            kwargs = with_tensors(dict(call.kwargs), find)
            tensors = keras.tree.flatten(self._called(call, args, kwargs))
            if models is not None and call.layer in self._inside:
                name, inside = self._prefix + call.layer, self._inside[call.layer]
                if self.plan.layers[call.layer].model is not None:
                    inside.look_inside(name, args[0], tensors, models)
                else:  # a wrapper calls it on parts of what it gets
                    models[name] = inside.facts(inside.inputs, models)
            results.append(tensors)
        return results

    def _names_of_operations(
        self, results: Results, legal: Mapping[str, str]
    ) -> dict[int, str]:
        """The names that operations have in the plan, by their `id`."""
        names: dict[int, str] = {}
        for call, tensors in zip(self.plan.calls, results, strict=True):
            if self.plan.layers[call.layer].keras.startswith(OPERATION):
                names.setdefault(id(operation_of(tensors[0])), legal[call.layer])
        return names

    def _called(self, call: Call, args: Any, kwargs: Any) -> Any:
        """What a layer or an operation makes of symbolic tensors."""
        layer = self.plan.layers[call.layer]
        try:
            if layer.keras.startswith(OPERATION):
                return operation(layer.keras)(*args, **kwargs)
            if isinstance(kwargs.get("mask"), str) and kwargs["mask"] == HANDED_ON:
                kwargs = {**kwargs, "mask": mask_of(keras.tree.flatten(args)[0])}
            return self._live[call.layer](*args, **kwargs)
        except (BadInput, MemoryError):
            raise
        except Exception as error:
            raise self._refused(layer, error) from None

    def look_inside(
        self,
        name: str,
        inputs: Any,
        outputs: Sequence[Any],
        models: dict[str, Facts],
    ) -> None:
        """Give the results of this model the masks that layers inside hand on.

        Keras finds them when the model runs, not when it is called on symbols. This is
        for facts alone: Keras makes a mask of symbols part of the graph it is read in.

        Args:
            name: full, of the model.
            inputs: what it is called on in another model.
            outputs: what it returned there.
            models: gets the facts of what is inside.
        """
        given = dict(
            zip(map(id, self.model.inputs), keras.tree.flatten(inputs), strict=True)
        )
        seen = {
            number: _seen_inside(own, given.get(id(own), own))
            for number, own in self.inputs.items()
        }
        results = self._results(seen, models)
        ends = with_tensors(self.plan.outputs, partial(_result, results))
        for output, end in zip(outputs, keras.tree.flatten(ends), strict=True):
            if mask_of(end) is not None:
                set_mask(output, mask_of(end))
        facts = [tuple(map(_facts_of, tensors)) for tensors in results]
        models[name] = _common(models[name], facts) if name in models else facts


def _result(results: Results, tensor: Tensor) -> Any:
    """The symbolic tensor that a plan means."""
    return results[tensor.call][tensor.output]


def _facts_of(tensor: Any) -> TensorFacts:
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return TensorFacts(tuple(tensor.shape), dtype, mask_of(tensor) is not None)


def _seen_inside(own: Any, given: Any) -> Any:
    """An input of a model inside, with shape and mask of what the model is given."""
    if len(given.shape) != len(own.shape):  # Keras adds an axis, or takes it away
        return own
    seen = keras.Input(batch_shape=given.shape, dtype=own.dtype)
    set_mask(seen, mask_of(given))
    return seen


def _common(before: Facts, after: Facts) -> Facts:
    """What holds in both of two calls of a model."""
    common = []
    for first, second in zip(before, after, strict=True):
        common.append(tuple(map(_common_of_tensor, first, second)))
    return common


def _common_of_tensor(first: TensorFacts, second: TensorFacts) -> TensorFacts:
    shape = []
    for sizes in zip(first.shape, second.shape, strict=True):
        shape.append(sizes[0] if sizes[0] == sizes[1] else None)
    return TensorFacts(tuple(shape), first.dtype, first.masked or second.masked)


def _holds_model(layer: LayerPlan) -> bool:
    """Whether a layer is a model, or wraps one."""
    return layer.model is not None or any(map(_holds_model, layer.inside))
