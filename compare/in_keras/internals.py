"""What Keras does not promise and the suite uses all the same, in one place.

tests/adapters/test_internals.py holds that each of these is still there; its messages
say what to do when an upgrade of Keras takes one away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from inspect import Signature, isfunction, signature
from typing import Any

import keras
import numpy as np
from keras.src.backend.common import global_state
from keras.src.ops.node import Node
from tensorflow.python.eager import context
from tensorflow.python.framework import op_callbacks

# Modules in which Keras defines its classes; the true ones are in `keras.src.`.
KERAS_HOME = "keras."

# Attributes in which a layer keeps Keras's and TensorFlow's own lists, and its parent.
OWN_ATTRIBUTES = ("_layers", "_metrics", "_parent")
OWN_PREFIX = "_self_"

# What begins, and what is in, the text of an exception that Keras has put into words of
# its own; the one that the model raised is its context.
REWORDED = ("Exception encountered when", "Could not automatically infer the output")
# What the lines around a message begin with, and what comes after it.
WRAPPING = ("Exception encountered", "Graph execution error", "Detected at", "[[")
IN_A_GRAPH = "Graph execution error"  # the message is the last line then
ARGUMENTS = "Arguments received by"

Call = Callable[..., Any]


@contextmanager
def calls_replaced(
    replacements: Iterable[tuple[keras.Layer, Callable[[Call], Call]]],
) -> Iterator[None]:
    """Let layers run other functions in the place of their `call` inside the block.

    Keras has no hooks. `Layer.__call__` looks `self.call` up each time, and finds what
    stands in the instance before what its class defines.

    Args:
        replacements: layers, and for each what takes its `call` and returns the
            function that is to run. Of two for one layer the later wraps the earlier.
    """
    before: list[tuple[keras.Layer, Call | None]] = []
    try:
        for layer, replace in replacements:
            before.append((layer, vars(layer).get("call")))
            # `wraps` keeps the signature, by which Keras and callers hand arguments.
            vars(layer)["call"] = wraps(layer.call)(replace(layer.call))
        yield
    finally:
        for layer, call in reversed(before):
            if call is None:
                del vars(layer)["call"]
            else:  # a user set one on this layer alone
                vars(layer)["call"] = call


def call_signature(layer: keras.Layer) -> Signature:
    """What a layer takes, with defaults; `vars(layer)["_call_signature"]` has it."""
    signature_of_call: Signature = layer._call_signature
    return signature_of_call


def arguments_in_graphs(layer: keras.Layer) -> list[dict[str, Any]]:
    """Arguments by name with which each functional model calls a layer, themselves."""
    return [node.arguments.kwargs for node in layer._inbound_nodes]


def calls_in_graphs(layer: keras.Layer) -> list[tuple[list[Any], list[Any]]]:
    """The symbolic tensors that each call of a layer takes, and those it returns."""
    return [
        (list(node.input_tensors), list(node.output_tensors))
        for node in layer._inbound_nodes
    ]


def fix_shape(tensor: Any, shape: tuple[int, ...]) -> None:
    """Give a symbolic tensor another shape; an input made of it has that."""
    tensor._shape = shape


@contextmanager
def add_loss_replaced(
    replacements: Iterable[tuple[keras.Layer, Callable[[Call], Call]]],
) -> Iterator[None]:
    """Let layers run other functions in the place of their `add_loss` in the block.

    Past `Layer.__setattr__`; Keras and users look `self.add_loss` up each time.

    Args:
        replacements: as in `calls_replaced`, of layers that are all different.
    """
    replaced: list[keras.Layer] = []
    try:
        for layer, replace in replacements:
            vars(layer)["add_loss"] = replace(layer.add_loss)
            replaced.append(layer)
        yield
    finally:
        for layer in replaced:
            del vars(layer)["add_loss"]


@contextmanager
def random_functions_replaced(
    note: Callable[[str, Mapping[str, Any]], object],
) -> Iterator[None]:
    """Call `note` whenever code calls a function of `keras.random` in the block.

    Keras's own layers call their backend's; who calls these is a user.

    Args:
        note: gets the name of the function and its arguments by name.
    """
    functions = {
        name: value
        for name, value in vars(keras.random).items()
        if isfunction(value) and not name.startswith("_")
    }

    def noted(name: str, function: Call) -> Call:
        def run(*args: Any, **kwargs: Any) -> Any:
            note(name, signature(function).bind(*args, **kwargs).arguments)
            return function(*args, **kwargs)

        return run

    try:
        for name, function in functions.items():
            setattr(keras.random, name, noted(name, function))
        yield
    finally:
        for name, function in functions.items():
            setattr(keras.random, name, function)


@contextmanager
def activation_replaced(
    layer: keras.Layer, activation: Callable[[Any], Any]
) -> Iterator[None]:
    """Let a layer use another activation inside the block.

    Past `Layer.__setattr__`, which would track one that is a layer.
    """
    before = layer.activation
    vars(layer)["activation"] = activation
    try:
        yield
    finally:
        vars(layer)["activation"] = before


def hold_arrays(
    layer: keras.Layer, kernel: keras.Variable, bias: keras.Variable | None
) -> None:
    """Let a convolution that was not built hold variables of another layer.

    Past `Layer.__setattr__`, which would count them as this layer's own. A convolution
    keeps its kernel as `_kernel`, a depthwise one as `kernel`.
    """
    vars(layer).update(kernel=kernel, _kernel=kernel, bias=bias, built=True)


@contextmanager
def initializers_replaced(
    layer: keras.Layer,
    classes: tuple[type[keras.initializers.Initializer], ...],
    initializer: Callable[..., Any],
) -> Iterator[None]:
    """Let variables that have no value yet get it otherwise while the block runs.

    Args:
        layer: whose variables, those of the layers inside included.
        classes: of the initializers that are replaced.
        initializer: takes a shape and a dtype, and returns a tensor.
    """
    waiting = []
    for variable in layer.variables:
        if isinstance(variable._initializer, classes):
            waiting.append((variable, variable._initializer))
    try:
        for variable, _ in waiting:
            variable._initializer = initializer
        yield
    finally:
        for variable, before in waiting:
            variable._initializer = before


def every_layer(model: keras.Layer, itself: bool = True) -> list[keras.Layer]:
    """All layers inside a model or layer, at any depth, and it itself before them.

    `Model.layers` has those of the first level alone.
    """
    return list(model._flatten_layers(include_self=itself))


def attributes(layer: keras.Layer) -> dict[str, Any]:
    """The attributes of a layer, without those that Keras and TensorFlow set."""
    return {
        name: value
        for name, value in vars(layer).items()
        if name not in OWN_ATTRIBUTES and not name.startswith(OWN_PREFIX)
    }


def node_sources(model: keras.Model) -> list[list[Any]]:
    """For each node of a functional model, the operations whose tensors it takes."""
    sources = []
    for nodes in model._nodes_by_depth.values():
        for node in nodes:
            tensors = node.input_tensors
            sources.append([tensor._keras_history.operation for tensor in tensors])
    return sources


@contextmanager
def nodes_noted(note: Callable[[Any], object]) -> Iterator[None]:
    """Call a function with each operation that is put into a graph in the block."""
    right = Node.__init__

    @wraps(right)
    def noted(node: Any, operation: Any, *args: Any, **kwargs: Any) -> None:
        right(node, operation, *args, **kwargs)
        note(operation)

    Node.__init__ = noted
    try:
        yield
    finally:
        Node.__init__ = right


def operation_of(tensor: Any) -> Any:
    """The layer or the operation that made a symbolic tensor."""
    return tensor._keras_history.operation


def mask_of(tensor: Any) -> Any:
    """The mask that Keras keeps for a tensor, (batch, time), or None."""
    return getattr(tensor, "_keras_mask", None)


def set_mask(tensor: Any, mask: Any) -> None:
    """Let Keras keep a mask for a tensor, (batch, time)."""
    tensor._keras_mask = mask


@contextmanager
def operations_noted(note: Callable[..., None]) -> Iterator[None]:
    """Let a function see each operation of TensorFlow that this thread runs or traces.

    There is no public way; TensorFlow's debugger takes this one.

    Args:
        note: takes the type of an operation, its inputs, attributes and outputs, and
            returns nothing.
    """
    op_callbacks.add_op_callback(note)
    try:
        yield
    finally:
        op_callbacks.remove_op_callback(note)


@contextmanager
def without_callbacks() -> Iterator[None]:
    """Let no function of a user's see, or refuse, what this thread runs in the block.

    `tensorflow.debugging.enable_check_numerics` is one that refuses.
    """
    callbacks = [*context.context().op_callbacks]
    try:
        for callback in callbacks:
            op_callbacks.remove_op_callback(callback)
        yield
    finally:
        for callback in callbacks:
            op_callbacks.add_op_callback(callback)


# What Keras keeps for a thread, and has no public way to put back.

GLOBAL_SEED_GENERATOR = "global_seed_generator"  # since Keras 3.0; named so since 3.12


def default_policy() -> keras.DTypePolicy | None:
    """The policy of new layers; None where nobody set one, so that floatx decides.

    `keras.config.dtype_policy()` would set it.
    """
    return global_state.get_global_attribute("dtype_policy")


def set_default_policy(policy: keras.DTypePolicy | None) -> None:
    """Set the policy of new layers; None lets floatx decide."""
    global_state.set_global_attribute("dtype_policy", policy)


def names_counted() -> dict[str, int] | None:
    """How many layers got a name of each kind so far, such as dense, dense_1."""
    counts = global_state.get_global_attribute("object_name_uids")
    return None if counts is None else counts.copy()


def set_names_counted(counts: dict[str, int] | None) -> None:
    """Let the names of new layers go on from these counts."""
    global_state.set_global_attribute("object_name_uids", counts)


def draws() -> tuple[Any, np.ndarray] | None:
    """What random numbers without a seed come from, and how far it is."""
    generator = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    if generator is None:
        return None
    return generator, generator.state.numpy()


def set_draws(state: tuple[Any, np.ndarray] | None) -> None:
    """Let random numbers without a seed go on from there."""
    generator = None
    if state is not None:
        generator, numbers = state
        generator.state.assign(numbers)
    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, generator)


def numbers_of(variable: keras.Variable) -> Any:
    """What a variable holds just now, as a tensor that stays so; on TensorFlow."""
    return variable.value.read_value()


def view_of(variable: keras.Variable) -> np.ndarray:
    """The memory of a variable as an array, not to be written to; on TensorFlow."""
    return np.asarray(memoryview(numbers_of(variable)))


def framework_class(layer: keras.Layer) -> type[keras.Layer]:
    """Keras's own class that the layer's is, or is derived from."""
    classes = type(layer).__mro__
    return next(cls for cls in classes if cls.__module__.startswith(KERAS_HOME))


def parts_of_attention(layer: keras.Layer) -> dict[str, keras.Layer]:
    """The dense layers inside attention of several heads, by a prefix for their arrays.

    Some of them are public in `MultiHeadAttention`, none in `GroupQueryAttention`. One
    that is not built has none.
    """
    projections = {}
    for name in ("query", "key", "value", "gate", "output"):
        projection = getattr(layer, f"_{name}_dense", None)
        if projection is not None:
            projections[f"{name}."] = projection
    return projections


def mask_of_attention(layer: keras.Layer, query: Any, value: Any, **masks: Any) -> Any:
    """The mask that attention of several heads makes of all that it is given.

    Args:
        layer: a `MultiHeadAttention` or a `GroupQueryAttention`.
        query: its queries.
        value: its values.
        masks: the arguments of its call that have to do with masks.

    Returns:
        True where a query sees a key, (batch or 1, time, source) or with heads; None
        where it sees all.
    """
    return layer._compute_attention_mask(query, value, **masks)


def mark_built(model: keras.Model) -> None:
    """Say that a model with Keras's own `build` is built.

    That `build` would call the model on symbols just to have its layers built, which
    its own call does in any case.
    """
    if type(model).build is keras.Model.build:
        model.built = True


def empty_copy(layer: keras.Layer) -> keras.Layer:
    """A layer of the same class without any attribute; its `__init__` does not run."""
    return object.__new__(type(layer))


def finish_copy(layer: keras.Layer, dtype: str | None) -> None:
    """Take a layer that was copied attribute by attribute out of the graphs it is in.

    Args:
        layer: the copy.
        dtype: what it computes in from now on; None for what the original does.
    """
    vars(layer)["_inbound_nodes"], vars(layer)["_outbound_nodes"] = [], []
    if dtype is not None:  # the setter would change the layers inside as well
        vars(layer)["_dtype_policy"] = keras.DTypePolicy(dtype)


def has_run() -> bool:
    """Whether TensorFlow has its threads, which it makes when it first runs."""
    return bool(context.context()._initialized)
