"""How a model is built, loaded, run and differentiated in Keras.

Only on TensorFlow does Keras compute in float64: its type promotion turns float64 into
float32 on JAX and on PyTorch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow

from compare.errors import BadInput
from compare.in_keras.arrays import to_numpy
from compare.in_keras.callers import lines_noted
from compare.in_keras.evaluating import evaluating
from compare.in_keras.internals import (
    every_layer,
    mark_built,
    mask_of,
)
from compare.in_keras.kinds import kind_of
from compare.in_keras.layers import holders, read_layer
from compare.in_keras.names import Renamed, children, unnamed
from compare.in_keras.noting import Noting
from compare.in_keras.ordered_leaves import OrderedLeaves
from compare.in_keras.precision import exact_constants, narrowing, settled, widen
from compare.in_keras.refusals import REFUSALS, message, origin
from compare.in_keras.shapes import like_result
from compare.in_keras.stages import Stages
from compare.in_keras.symbolic import on_symbols
from compare.in_keras.terms import left_out
from compare.in_keras.variables import variables
from compare.judging.arrays import Input, as_judged, check_outputs, flat
from compare.judging.refusals import refused
from compare.judging.words import Precision
from compare.kinds.layer import Layer
from compare.matching import adapter
from compare.mistakes.traces import Line

__all__ = ["REFUSALS", "Twin", "message", "versions"]


def versions() -> dict[str, str]:
    """The versions of what runs the models."""
    backend = f"tensorflow {tensorflow.__version__}"
    return {"keras": keras.__version__, "backend": backend}


class Twin(adapter.Twin):
    """A model in one precision, ready to run; each call returns its stages.

    Args:
        make, inputs, dtype, outputs, call: as in `adapter.Twin`. Unnamed outputs get
            their names at once.

    Attributes:
        functional: the model as a functional one of `inputs`, which is traced.
        masks: which steps of a stage count, (batch, time), in the last call, by its
            name; of stages that Keras keeps a mask for.
        traces: how often the model was traced, or run because an input fits no trace.
        left_out: what the model adds to its loss and is not to: REGULARISERS, ADD_LOSS.
        lines: of the user's source, on which each operation of a graph, by its
            identity, is put into it.
        watched: what the operations of the model do in its runs; in float32 alone.
        leaves: the layers that hold weights, as they count.
    """

    model: keras.Model | Renamed

    def __init__(
        self,
        make: Callable[[], keras.Model],
        inputs: Sequence[Input],
        dtype: Precision,
        outputs: Sequence[str] | None,
        call: adapter.Call | None = None,
    ) -> None:
        self.inputs, self.dtype, self.outputs = inputs, dtype, outputs
        self.traces = 0
        self.left_out: frozenset[str] = frozenset()
        self.watched = Noting()
        self.masks: dict[str, np.ndarray] = {}
        if call is None:
            self._call: adapter.Call = partial(adapter.call_by_name, inputs)
        else:
            self._call = call
        self._refused = (
            partial(refused, REFUSALS, origin, message) if call else nullcontext
        )
        _check_backend()
        self.lines: dict[int, list[Line | None]] = {}
        with settled(dtype):
            with lines_noted(self.lines):
                self.model = make()
            mark_built(self.model)
            self.functional, order = on_symbols(
                self.model, inputs, dtype, self._call, self._refused
            )
            self.leaves = OrderedLeaves(unnamed(self.model), order)
            if dtype == "float64":
                widen(self.model)
        if outputs is None:
            self.outputs = [name for name, _ in flat(self.functional.output)]
        self.retrace()

    def retrace(self) -> None:
        """Trace the model anew when it is called next, since it was changed."""
        # Eager Keras takes about 1 ms a step; one trace serves every length.
        self._run = self.traced(self._compute)
        self._gradients: dict[tuple[adapter.Loss, frozenset[str]], Any] = {}

    def __call__(self, *arrays: np.ndarray) -> dict[str, np.ndarray]:
        """Run the traced model; return its stages.

        A recurrent layer without `return_sequences` has no output at every step to
        return.
        """
        # What does not fit the trace goes to the model itself: the refusal is not ours.
        run = self._run if _fits(self.inputs, arrays) else self._compute
        with settled(self.dtype):
            stages, masks = run(*self.tensors(arrays))
        self.masks = {name: to_numpy(mask) for name, mask in masks.items()}
        return {name: as_judged(to_numpy(stage)) for name, stage in stages.items()}

    def results(self, tensors: Sequence[Any]) -> tuple[Any, ...]:
        """Run the model, not compiled, so that its layers can be watched."""
        predicting = evaluating(self.functional)
        with settled(self.dtype), predicting, self._refused():
            returned = self._call(self.model, tensors)
        return _flat(returned)

    def gradients(
        self,
        loss: adapter.Loss,
        arrays: Sequence[np.ndarray],
        targets: Sequence[np.ndarray],
        valid: Sequence[np.ndarray | None],
    ) -> adapter.Gradients:
        """Compute a loss, and its gradients by input and by layer."""
        key = loss, self.left_out
        if key not in self._gradients:  # one trace serves every batch and length
            self._gradients[key] = self._traced_gradients(loss, targets, valid)
        masks = [mask for mask in valid if mask is not None]
        with settled(self.dtype):
            value, by_input, by_layer = self._gradients[key](
                *self.tensors(arrays), *self.targets(targets), *masks
            )
        floats = [argument.name for argument in self.inputs if not argument.dtype]
        inputs = dict(zip(floats, map(to_numpy, by_input), strict=True))
        layers = {}
        for name, gradients in by_layer.items():
            arrays_by_name = {key: to_numpy(g) for key, g in gradients.items()}
            layers[name] = Layer(kind_of(children(self.model)[name]), arrays_by_name)
        return value.numpy(), inputs, layers

    def _traced_gradients(
        self,
        loss: adapter.Loss,
        targets: Sequence[np.ndarray],
        valid: Sequence[np.ndarray | None],
    ) -> Callable[..., Any]:
        """A compiled function of the inputs, the targets and the masks that are given.

        It returns the loss, its gradients by float inputs, in order, and by layers.
        """
        # Variables of TensorFlow: those of Keras have no zeros for a gradient of None.
        learnt = {}
        for name, held in holders(self.model).items():
            learnt[name] = {key: variable.value for key, variable in held.items()}

        def compute(*args: Any) -> Any:
            remaining = iter(args)
            tensors = list(islice(remaining, len(self.inputs)))
            aims = list(islice(remaining, len(targets)))
            masks = [None if mask is None else next(remaining) for mask in valid]
            floats = [tensor for tensor in tensors if tensor.dtype.is_floating]
            with tensorflow.GradientTape() as tape:
                tape.watch(floats)
                value = self.loss(loss, tensors, aims, masks)
            zero = tensorflow.UnconnectedGradients.ZERO
            by_input, by_layer = tape.gradient(
                value, [floats, learnt], unconnected_gradients=zero
            )
            return value, by_input, by_layer

        specs = [self.spec(number, target) for number, target in enumerate(targets)]
        for mask in valid:
            if mask is not None:
                specs.append(tensorflow.TensorSpec((None,) * mask.ndim, bool))
        return self.traced(compute, *specs)

    def spec(self, number: int, target: np.ndarray) -> tensorflow.TensorSpec:
        """What a trace knows of the target of a result: the result's own sizes.

        Args:
            number: of the result, from 0 on.
            target: whose first axis is the batch.
        """
        if target.dtype.kind != "f":
            return tensorflow.TensorSpec((None, *target.shape[1:]), target.dtype)
        return tensorflow.TensorSpec(self.functional.outputs[number].shape, self.dtype)

    def traced(
        self, function: Callable[..., Any], *specs: tensorflow.TensorSpec
    ) -> Any:
        """A function of the inputs, and of what `specs` describe, to be compiled.

        TensorFlow traces it when it is called first.
        """
        inputs = [
            tensorflow.TensorSpec(argument.shape, argument.dtype or self.dtype)
            for argument in self.inputs
        ]
        # TensorFlow counts the traces of one piece of code together, those of different
        # models too, and warns; it knows a partial as something of its own.
        return tensorflow.function(
            partial(function), input_signature=[*inputs, *specs], autograph=False
        )

    def tensors(self, arrays: Sequence[np.ndarray]) -> list[Any]:
        """Arrays, one for each of `inputs`, as tensors: floats in the precision."""
        return [
            # a copy: TensorFlow may take an array's own memory
            keras.ops.convert_to_tensor(
                array.copy(), dtype=argument.dtype or self.dtype
            )
            for argument, array in zip(self.inputs, arrays, strict=True)
        ]

    def targets(self, targets: Sequence[np.ndarray]) -> list[Any]:
        """Targets as tensors: floats in the twin's precision, labels as they are.

        As `fit` does, a target (batch,) of a result (batch, 1) is made one of its
        shape, and the other way round.
        """
        tensors = []
        for number, target in enumerate(targets):
            dtype, array = str(target.dtype), target.copy()
            if target.dtype.kind == "f":
                dtype = self.dtype
                array = like_result(array, self.functional.outputs[number].shape)
            tensors.append(keras.ops.convert_to_tensor(array, dtype=dtype))
        return tensors

    def loss(
        self,
        loss: adapter.Loss,
        tensors: Sequence[Any],
        targets: Sequence[Any],
        valid: Sequence[Any],
        training: bool = False,
    ) -> Any:
        """Run the model on tensors; return the sum of its results' losses.

        The terms that the model itself adds are part of it, as they are for `fit`, but
        for those of `left_out`.

        If `training`, it runs as it does while it learns; in PyTorch that is a mode.
        """
        total = 0
        model, layers = self.functional, every_layer(self.functional)
        leaving_out = left_out(model, layers, self.left_out)
        mode = {"training": True} if training else {}  # see `_compute`
        predicting = evaluating(model)
        with self._refused(), exact_constants(self.dtype), leaving_out, predicting:
            returned = model(list(tensors), **mode)
            for term in model.losses:
                total = total + keras.ops.sum(keras.ops.cast(term, self.dtype))
        results = _flat(returned)
        for result, target, mask in zip(results, targets, valid, strict=False):
            if mask is not None:
                result = keras.ops.where(mask, result, 0)
            total = total + loss(result, target)
        return total

    def narrows(self, arrays: Sequence[np.ndarray]) -> str:
        """Name the node of the compiled model that takes float64 to less, or ""."""
        with settled(self.dtype), suppress(*REFUSALS):
            graph = self._run.get_concrete_function().graph.as_graph_def()
            # Keras counts the models in a process, and so this one, in its name.
            return re.sub(rf"^{self.functional.name}(_\d+)*/", "", narrowing(graph))
        return ""

    def layers(self, arrays: Sequence[np.ndarray]) -> dict[str, Layer]:
        """Read the layers that hold weights, in the order in which the build called."""
        return {name: read_layer(leaf) for name, leaf in self.leaves.by_name().items()}

    def unread(self, layer: str, arrays: Sequence[np.ndarray]) -> list[str]:
        """Names of the arrays of a layer that have no part in what the model returns.

        All of them, or none: a layer that is called is taken to read what it holds.
        """
        leaf = self.leaves.by_name()[layer]
        if self.leaves.is_called(leaf):
            return []
        held = variables(leaf)
        expected = self(*arrays)
        before = {key: variable.numpy() for key, variable in held.items()}
        for key, variable in held.items():
            variable.assign(before[key] + 1)
        try:
            stages_of_run = self(*arrays)
        finally:
            for key, variable in held.items():
                variable.assign(before[key])
        same = all(
            np.array_equal(expected[name], stages_of_run[name]) for name in expected
        )
        return list(held) if same else []

    def rename(self, twins: Mapping[str, Sequence[int]], whole: bool) -> None:
        """Let the layers go by the names of their twins in PyTorch.

        Args:
            twins: by the name of each of those, the numbers of its own in `layers`.
            whole: whether each layer that holds weights has one.
        """
        in_order = list(self.leaves.by_name().values())
        named = {}
        for name, numbers in twins.items():
            named[name] = [in_order[number] for number in numbers]
        self.model = Renamed(unnamed(self.model), named, whole)
        if self.traces:  # with the stages of other names
            self.retrace()

    def _compute(self, *args: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """The stages on tensors, and the masks of those that have one, by name."""
        self.traces += 1
        recorded = Stages()
        noting: AbstractContextManager[None] = nullcontext()
        if self.dtype == "float32":
            noting = self.watched.noting(self.model)
        predicting = evaluating(self.functional)
        with recorded.recording(self.model), noting, predicting, self._refused():
            # Without `training`: False would take the place of a True that a layer of
            # a functional model was called with, which `model(x)` does not.
            returned = self.functional(list(args))
        results = _flat(returned)
        check_outputs(self, results)
        stages = recorded.inside(results)
        assert self.outputs is not None  # named when the model was built
        stages |= zip(self.outputs, results, strict=True)
        masks = {}
        for name, stage in stages.items():
            mask = mask_of(stage)
            if mask is not None:
                masks[name] = mask
        return stages, masks


def _flat(returned: object) -> tuple[Any, ...]:
    """The tensors in what a model returns, in order."""
    return tuple(tensor for _, tensor in flat(returned))


def _check_backend() -> None:
    """Check that Keras computes in float64, also where a twin in float32 comes first.

    Raises:
        BadInput: if its backend takes numbers to less.
    """
    if keras.backend.result_type("float64", "float64") != "float64":
        raise BadInput(
            f"KERAS_BACKEND={keras.backend.backend()}: expected a backend on which "
            "Keras computes in float64, which is to judge, got one on which it "
            "falls back to float32; set KERAS_BACKEND=tensorflow"
        )


def _fits(inputs: Sequence[Input], arrays: Sequence[np.ndarray]) -> bool:
    """Whether arrays have the shapes of the inputs, and lengths are those of sequences.

    A traced model cannot refuse a value, only a shape; the eager one can refuse both.
    """
    for argument, array in zip(inputs, arrays, strict=True):
        if array.ndim != len(argument.shape):
            return False
        for expected, size in zip(argument.shape, array.shape, strict=True):
            if expected not in (None, size):
                return False
        if argument.name == "lengths":
            batch, time = arrays[0].shape[:2]
            if len(array) != batch or not all(1 <= n <= time for n in array):
                return False
    return True
