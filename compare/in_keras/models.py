"""Copies of live Keras models, in float32 and in float64; the originals stay as are.

A subclassed model need not know how it was made, so its configuration is no use; and
`copy.deepcopy` asks for it. What is copied here is what a model holds: its layers and
variables, and the lists and dictionaries that they are in. Everything else is shared.
"""

import random
from contextlib import contextmanager

import keras
import numpy as np

from compare.errors import BadInput
from compare.in_keras.twin import settled

PURE = ("float16", "bfloat16", "float32", "float64")


def copy(model: keras.Model, dtype: str) -> keras.Model:
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
            return keras.Sequential([_made_anew(layer) for layer in model.layers])
        if not model.built:
            raise BadInput(
                f"{type(model).__name__}: expected a Keras model that has its weights, "
                "got one that was never built; call it once on an input first"
            )
        return _copied(model, dtype, {})


@contextmanager
def untouched():
    """Random numbers that the block draws are not missing behind it."""
    kept, numbers = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(kept)
        np.random.set_state(numbers)


def is_graph(layer: keras.Layer) -> bool:
    """Whether a layer is a functional or a Sequential model."""
    return isinstance(layer, keras.Sequential) or hasattr(layer, "operations")


def _made_anew(layer):
    """A layer without weights yet, as its configuration describes it."""
    config = layer.get_config()
    _set_policy(config)
    return type(layer).from_config(config)


def _set_policy(config):
    """Leave the dtype of a layer, and of those inside, to the global policy."""
    if isinstance(config, dict):
        policy = config.get("dtype")
        if policy in PURE or _name(policy) in PURE:
            config["dtype"] = None
        for value in config.values():
            _set_policy(value)


def _name(policy):
    return policy["config"].get("name") if isinstance(policy, dict) else None


def _inputs(graph, dtype):
    """New inputs for a copy, in its precision; the original's would round to theirs."""
    sequential = isinstance(graph, keras.Sequential)
    return keras.tree.map_structure(
        lambda x: keras.Input(batch_shape=x.shape, dtype=_dtype(x, dtype), name=x.name),
        graph.inputs if sequential else graph.input,
    )


def _dtype(value, dtype):
    return dtype if value.dtype in PURE else value.dtype


def _copied(value, dtype, known):
    """A copy of layers and variables, and of the containers they are in.

    Args:
        value: anything that a layer holds.
        dtype: of the copies.
        known: what was copied before, by identity: shared layers stay shared.
    """
    if id(value) in known:
        return known[id(value)][1]
    if isinstance(value, keras.Layer) and is_graph(value):
        made = keras.models.clone_model(
            value,
            input_tensors=_inputs(value, dtype),
            clone_function=lambda layer: _copied(layer, dtype, known),
        )
        made.trainable = value.trainable
    elif isinstance(value, keras.Layer):
        made = object.__new__(type(value))
        known[id(value)] = value, made  # a child may hold its parent
        for name, held in vars(value).items():
            vars(made)[name] = _copied(held, dtype, known)
        vars(made)["_inbound_nodes"], vars(made)["_outbound_nodes"] = [], []
        if value.dtype_policy.name in PURE:
            vars(made)["_dtype_policy"] = keras.DTypePolicy(dtype)
    elif isinstance(value, keras.Variable):
        made = keras.Variable(
            value.numpy().astype(_dtype(value, dtype)),
            dtype=_dtype(value, dtype),
            trainable=value.trainable,
            name=value.name,
        )
    elif isinstance(value, list):
        made = [_copied(item, dtype, known) for item in value]
    elif type(value) is tuple:
        made = tuple(_copied(item, dtype, known) for item in value)
    elif isinstance(value, dict):
        made = {key: _copied(item, dtype, known) for key, item in value.items()}
    else:
        return value
    known[id(value)] = value, made
    return made
