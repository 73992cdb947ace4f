"""Live Keras models: what they are, copied, watched, and left as they were.

A subclassed model need not know how it was made, so its configuration is no use for a
copy; and `copy.deepcopy` asks for it. What is copied here is what a model holds: its
layers and variables, and the lists and dictionaries that they are in. Everything else
is shared.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import numpy as np

from compare.errors import BadInput
from compare.in_keras.evaluating import acting_as_in_training
from compare.in_keras.internals import (
    Call,
    calls_replaced,
    empty_copy,
    every_layer,
    finish_copy,
)
from compare.in_keras.memory import value_of
from compare.in_keras.names import Renamed, unnamed
from compare.in_keras.precision import settled
from compare.judging.words import Precision
from compare.listing import bounded
from compare.one_line import class_name

PURE = ("float16", "bfloat16", "float32", "float64")


def is_model(value: object) -> bool:
    """Whether this is a model and not what makes one."""
    return isinstance(value, keras.Layer)


def is_graph(layer: keras.Layer) -> bool:
    """Whether a layer is a functional or a Sequential model."""
    return isinstance(layer, keras.Sequential) or hasattr(layer, "operations")


def batch_of_a_call(model: keras.Model) -> bool:
    """Whether the size of a batch that a model declares is that of its first call.

    A Sequential model without an input takes all sizes of what it is called on first.
    Only layers that keep their states need one size of a batch.
    """
    if not isinstance(model, keras.Sequential) or not model.built:
        return False
    if keeps_states(model):
        return False
    return all(tensor.shape[0] is not None for tensor in model.inputs)


def check_usable(model: keras.Model) -> None:
    """Nothing to check: what Keras cannot run it refuses when the twin is built."""


def check_unbuilt(model: keras.Model, own_weights: bool) -> None:
    """Check that a model that has no weights yet is not asked for its own.

    Args:
        model: live.
        own_weights: whether its weights are to be shown, not others drawn or given.

    Raises:
        BadInput: if it is; or if the model was never built and cannot be made anew.
    """
    if model.built:
        return
    if own_weights or not isinstance(model, keras.Sequential):
        raise never_built(model)


def never_built(model: keras.Model) -> BadInput:
    """The error of a model that has no weights yet."""
    return BadInput(
        f"{class_name(model)}: expected a Keras model that has its weights, got one "
        "that was never built; call it once on an input first"
    )


def default_dtype() -> str:
    """The precision in which a model would be made just now."""
    return keras.config.floatx()


def dtypes(model: keras.Model) -> set[str]:
    """The precisions of a model's weights, such as "float32"."""
    return {str(variable.dtype) for variable in model.weights}


def note_of_training(model: keras.Model) -> str:
    """Say which layers `model(x)` runs as in training, and the judgement not, or ""."""
    names = [layer.name for layer in acting_as_in_training(model)]
    if not names:
        return ""
    return (
        f"Keras's model is judged as it predicts: model(x) has {bounded(names)} act as "
        "in training; call model(x, training=False) or model.predict(x)."
    )


def keeps_states(model: keras.Model | Renamed) -> bool | None:
    """Whether a layer begins a call with the states of the call before."""
    layers = every_layer(unnamed(model))
    return any(getattr(layer, "stateful", False) for layer in layers)


@contextmanager
def untouched() -> Iterator[None]:
    """Leave the random numbers that Keras draws from as they were before the block."""
    state, numpy_state = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


@contextmanager
def modes_kept(model: keras.Model) -> Iterator[None]:
    """Nothing to keep: Keras is told with each call whether a model learns."""
    yield


@contextmanager
def noticing(model: keras.Model, notice: Callable[[], object]) -> Iterator[None]:
    """Call `notice` whenever a layer of the model is called inside the block."""

    def noticed(call: Call) -> Call:
        def run(*args: Any, **kwargs: Any) -> Any:
            notice()
            return call(*args, **kwargs)

        return run

    with calls_replaced((layer, noticed) for layer in every_layer(model)):
        yield


@contextmanager
def options_set(layer: keras.Layer, **options: Any) -> Iterator[None]:
    """Give a layer other options inside the block, and its own back afterwards."""
    before = {name: getattr(layer, name) for name in options}
    try:
        for name, value in options.items():
            setattr(layer, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(layer, name, value)


@contextmanager
def cells_run_once(model: keras.Model) -> Iterator[None]:
    """Let cells that have layers inside run once for each step inside the block.

    Keras's loop on TensorFlow runs a cell one time more, before the first step, to see
    what it returns; an unrolled one does not.
    """
    with ExitStack() as stack:
        for layer in every_layer(model):
            if isinstance(layer, keras.layers.RNN) and every_layer(layer.cell, False):
                stack.enter_context(options_set(layer, unroll=True))
        yield


def takes_batch_for_steps(model: keras.Model | Renamed) -> bool:
    """Whether a part of a model takes the batch for the steps if it is traced for any.

    A `TimeDistributed` runs its layer once for each sample then, and not for each step:
    in Keras 3.15; this may go when its `call` counts the steps after the transpose.
    """
    layers = every_layer(unnamed(model))
    return any(isinstance(layer, keras.layers.TimeDistributed) for layer in layers)


# ------------------------------------------------------------ copying


def copied(model: keras.Model, dtype: Precision) -> keras.Model:
    """A model that computes as this one does, with the same weights, in a precision.

    Layers of a mixed policy, such as mixed_float16, keep theirs.

    Args:
        model: built; or Sequential or functional.
        dtype: "float32" or "float64".

    Raises:
        BadInput: if the model is neither.
    """
    with settled(dtype), untouched():
        if not model.built and isinstance(model, keras.Sequential):
            layers = [_made_anew(layer) for layer in model.layers]
            # TensorFlow keeps 35 KB for good for each new name of a variable.
            return keras.Sequential(layers, name=model.name)
        if not model.built:
            raise never_built(model)
        return _Copying(dtype).of(model)


def in_precision(model: keras.Model, dtype: Precision) -> keras.Model:
    """A model that a function has just made, in the precision it was asked for.

    A saved model keeps its own: `keras.models.load_model` reads float32 from the file,
    whatever the global policy is. It is copied as a live one is.

    Args:
        model: what the function returned.
        dtype: "float32" or "float64".

    Returns:
        The model itself where it is in that precision, or cannot be copied.
    """
    policies = {layer.dtype_policy.name for layer in every_layer(model)}
    other_policies = policies.intersection(PURE) - {dtype}
    if not other_policies or not model.built:
        return model
    try:
        return copied(model, dtype)
    except Exception:  # whatever a user's own class says: it is judged as it is
        return model


def _made_anew(layer: keras.Layer) -> keras.Layer:
    """A layer without weights yet, as its configuration describes it."""
    config = layer.get_config()
    _set_policy(config)
    return type(layer).from_config(config)


def _set_policy(config: object) -> None:
    """Leave the dtype of a layer, and of those inside, to the global policy."""
    if not isinstance(config, dict):
        return
    policy = config.get("dtype")
    if isinstance(policy, dict):
        policy = policy["config"].get("name")
    if policy in PURE:
        config["dtype"] = None
    for value in config.values():
        _set_policy(value)


class _Copying:
    """Copies layers and variables, and the containers they are in.

    Args:
        dtype: of the copies.
    """

    def __init__(self, dtype: Precision) -> None:
        self._dtype = dtype
        # What was copied before, by identity: shared layers stay shared. The originals
        # are kept, so that no other object gets their identity.
        self._copies: dict[int, tuple[Any, Any]] = {}

    def of(self, value: Any) -> Any:
        """A copy of anything that a layer holds; the value itself if it has no parts.

        Args:
            value: a layer, a variable, a list, a tuple, a dictionary or another thing.
        """
        if id(value) in self._copies:
            return self._copies[id(value)][1]
        if isinstance(value, keras.Layer):
            copy = self._of_graph(value) if is_graph(value) else self._of_layer(value)
        elif isinstance(value, keras.Variable):
            copy = self._of_variable(value)
        elif isinstance(value, list):
            copy = [self.of(item) for item in value]
        elif type(value) is tuple:
            copy = tuple(self.of(item) for item in value)
        elif isinstance(value, dict):
            copy = {key: self.of(item) for key, item in value.items()}
        else:
            return value
        self._copies[id(value)] = value, copy
        return copy

    def _of_graph(self, graph: keras.Model) -> keras.Model:
        """A functional or Sequential model, on new inputs with copies of its layers."""
        copy = keras.models.clone_model(
            graph, input_tensors=self._inputs(graph), clone_function=self.of
        )
        if not graph.trainable:
            copy.trainable = False  # True would set it in all layers that are frozen
        return copy

    def _inputs(self, graph: keras.Model) -> Any:
        """New inputs in the copy's precision; the original's would round to theirs."""
        called = batch_of_a_call(graph)

        def new(x: keras.KerasTensor) -> keras.KerasTensor:
            shape = (None, *x.shape[1:]) if called else x.shape
            return keras.Input(batch_shape=shape, dtype=self._dtype_of(x), name=x.name)

        sequential = isinstance(graph, keras.Sequential)
        inputs = graph.inputs if sequential else graph.input
        return keras.tree.map_structure(new, inputs)

    def _of_layer(self, layer: keras.Layer) -> keras.Layer:
        """Any other layer, attribute by attribute."""
        copy = empty_copy(layer)
        self._copies[id(layer)] = layer, copy  # a child may hold its parent
        for name, value in vars(layer).items():
            vars(copy)[name] = self.of(value)
        dtype = self._dtype if layer.dtype_policy.name in PURE else None
        finish_copy(copy, dtype)
        return copy

    def _of_variable(self, variable: keras.Variable) -> keras.Variable:
        dtype = self._dtype_of(variable)
        copy = keras.Variable(
            value_of(variable.numpy(), dtype),
            dtype=dtype,
            trainable=variable.trainable,
            name=variable.name,
        )
        copy.regularizer = variable.regularizer
        copy.constraint = variable.constraint
        return copy

    def _dtype_of(self, value: keras.Variable | keras.KerasTensor) -> str:
        """The precision of the copy of a variable or an input; of integers, theirs."""
        return self._dtype if value.dtype in PURE else value.dtype


def copy_numbers(source: keras.Model | Renamed, target: keras.Model | Renamed) -> None:
    """Give a model all numbers of another that was made in the same way.

    Args:
        source: whose weights are read.
        target: in any precision; it holds as many, of the same shapes.
    """
    for numbers, variable in zip(source.weights, target.weights, strict=True):
        variable.assign(numbers.numpy())
