"""The arguments with which one would make a layer of Keras by hand."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras

from compare.in_keras.made_layers import layer_class, made, operation
from compare.kinds.graph import LayerPlan
from compare.kinds.wrappers import OF_TRAINING, WITHOUT_EFFECT

# What the configuration of a wrapper says of the layers inside.
INSIDE = ("layer", "backward_layer", "cell", "cells")
# Required arguments that people give by name all the same.
BY_NAME = (
    "axes",
    "head_dim",
    "key_dim",
    "num_heads",
    "num_key_value_heads",
    "num_query_heads",
)
# Those that are not required, and need no name where they are a layer's first.
WITHOUT_NAME = ("cropping", "padding", "pool_size", "size")
PLAIN = "float32"  # Keras's own dtype


@dataclass(frozen=True)
class Arguments:
    """Arguments of a layer's class, in JSON; lists are tuples.

    Args:
        args: without names.
        kwargs: by name, in the order of the signature.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]


def needed_arguments(plan: LayerPlan) -> Arguments:
    """The fewest and shortest arguments that make a layer with the same results.

    What only training depends on is left out, as are name, seed and what is inside.

    Raises:
        ValueError, TypeError: what Keras says to a plan that it refuses.
    """
    parameters = inspect.signature(layer_class(plan.keras)).parameters
    config = {key: plan.config[key] for key in parameters if key in plan.config}
    config |= plan.config  # what the signature does not name comes last
    required = []
    for key, parameter in parameters.items():
        if parameter.default is parameter.empty and key in config:
            required.append(key)
    needed = {key: value for key, value in config.items() if _matters(key, value)}
    whole = _described(plan, needed)
    for key in list(needed):
        shorter = {name: value for name, value in needed.items() if name != key}
        if key not in required and _described(plan, shorter) == whole:
            needed = shorter
    for key, value in needed.items():
        short = {**needed, key: _number_for_all(value)}
        needed[key] = _with_tuples(value)
        if short[key] is not None and _described(plan, short) == whole:
            needed[key] = short[key]
    first = next(iter(parameters), "")
    unnamed = [key for key in required if key in needed and key not in BY_NAME]
    if first in needed and first in WITHOUT_NAME:
        unnamed = [first]
    args = tuple(needed.pop(key) for key in unnamed)
    return Arguments(args, needed)


def defaults_of(name: str) -> dict[str, Any]:
    """The arguments of an operation that need not be given, with what they are then.

    Args:
        name: such as "ops.mean".

    Raises:
        ValueError: if Keras has none of the name.
    """
    parameters = inspect.signature(operation(name)).parameters
    return {
        key: parameter.default
        for key, parameter in parameters.items()
        if parameter.default is not parameter.empty
    }


def _matters(key: str, value: Any) -> bool:
    """Whether a setting may matter for results."""
    if key == "dtype":
        return _dtype(value) not in (None, PLAIN)
    return key not in WITHOUT_EFFECT and not key.endswith(OF_TRAINING)


def _dtype(value: Any) -> Any:
    return value["config"]["name"] if isinstance(value, Mapping) else value


def _described(plan: LayerPlan, config: Mapping[str, Any]) -> Any:
    """What Keras says of a layer that is made so; None where it refuses to make it."""
    try:
        layer = made(replace(plan, config=config), None, model=_any_model)
    except Exception:  # a setting that is needed was left out, or cannot be shorter
        return None
    return {
        key: _with_tuples(value)
        for key, value in layer.get_config().items()
        if key not in (*INSIDE, "name")
    }


def _any_model(_: object) -> keras.Model:
    """A model in the place of one that a wrapper wraps, which is written elsewhere."""
    return keras.Sequential()


def _number_for_all(value: Any) -> Any:
    """The number that stands at all places of a list; None where there are others."""
    numbers = set(keras.tree.flatten(value)) if isinstance(value, list | tuple) else ()
    return numbers.pop() if len(numbers) == 1 else None


def _with_tuples(value: Any) -> Any:
    """A setting with tuples in the place of lists, as one writes sizes."""
    if isinstance(value, list | tuple):
        return tuple(map(_with_tuples, value))
    return value
