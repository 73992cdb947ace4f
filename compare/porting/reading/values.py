"""Values in calls of a configuration: tensors named by layers, constants, slices."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

KERAS_TENSOR = "__keras_tensor__"
CONSTANT = "_CONSTANT_VALUE"  # in the place of a layer's name, in TensorFlow's Keras


@dataclass(frozen=True)
class Reference:
    """A tensor as a configuration names it.

    Args:
        layer: whose call makes it.
        node: the number of the call among those of the layer.
        output: which of the call's results.
        is_history: whether it is one of Keras 3's histories, which count the calls of a
            model from 0; all others count from 1, since a model calls itself first.
    """

    layer: str
    node: int
    output: int
    is_history: bool = False


def is_reference(value: Any) -> bool:
    """Whether a value is a layer's name, two numbers, and maybe arguments."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and type(value[1]) is int
        and (type(value[2]) is int or value[0] == CONSTANT)
        and (len(value) == 3 or isinstance(value[3], dict))
    )


def structure(value: Any) -> Any:
    """What names the inputs or outputs of a model: references, in lists, dictionaries.

    Raises:
        ValueError: if it is anything else.
    """
    if is_reference(value):
        return Reference(*value[:3])
    if isinstance(value, list):
        return [structure(item) for item in value]
    if isinstance(value, dict):
        return {name: structure(item) for name, item in value.items()}
    raise ValueError("a model's inputs or outputs are named by no layer")


def of_keras_2(value: Any, layers: Container[str] | None) -> Any:
    """An argument as Keras 1 and 2 wrote it.

    Args:
        value: tensors as lists that begin with a layer's name, and constants.
        layers: names of all layers of the model, where a list may be a constant too.
    """
    if is_reference(value):
        if value[0] == CONSTANT:
            return of_keras_3(value[2])
        if layers is None or value[0] in layers:
            return Reference(*value[:3])
    if isinstance(value, list):
        return [of_keras_2(item, layers) for item in value]
    if isinstance(value, dict):
        if _is_slice(value):
            bounds = [of_keras_2(value[n], layers) for n in ("start", "stop", "step")]
            return slice(*bounds)
        if "class_name" in value:
            return of_keras_3(value)
        return {name: of_keras_2(item, layers) for name, item in value.items()}
    return value


def _is_slice(value: Mapping[str, Any]) -> bool:
    return set(value) == {"start", "stop", "step"}


def of_keras_3(value: Any) -> Any:
    """An argument as Keras 3 wrote it: tensors and other objects are described."""
    if isinstance(value, list):
        return [of_keras_3(item) for item in value]
    if not isinstance(value, dict):
        return value
    cls, config = value.get("class_name"), value.get("config")
    if cls is None or not isinstance(config, dict | str | list):
        return {name: of_keras_3(item) for name, item in value.items()}
    if cls == KERAS_TENSOR and isinstance(config, dict):
        layer, node, output = config["keras_history"]
        return Reference(str(layer), int(node), int(output), is_history=True)
    if cls == "__slice__" and isinstance(config, dict):
        bounds = [of_keras_3(config.get(name)) for name in ("start", "stop", "step")]
        return slice(*bounds)
    if cls == "__ellipsis__":
        return Ellipsis
    if cls == "__tuple__" and isinstance(config, dict):
        return of_keras_3(config.get("value"))
    if cls in ("__tensor__", "__numpy__") and isinstance(config, dict):
        return array(config.get("value"), config.get("dtype"))
    if cls == "TensorShape" and isinstance(config, dict | list):
        return value.get("items", config)
    return value


def plain(value: Any) -> Any:
    """A setting that Keras 2 had in an array, and wrote with the array's type.

    Those of ReLU, LeakyReLU and ELU are {"type": "ndarray", "value": 6.0} there.
    """
    if isinstance(value, dict) and value.get("type") == "ndarray":
        return value.get("value")
    return value


def array(value: Any, dtype: Any = None) -> Any:
    """Numbers in lists as an array; anything else as it is.

    Args:
        value: of a configuration.
        dtype: such as "float32"; None for that of the numbers.
    """
    if not isinstance(value, list) or not _are_numbers(value):
        return of_keras_3(value)
    try:
        result = np.asarray(value)
        if dtype is None and result.dtype.kind == "f":
            dtype = "float32"  # what TensorFlow has of numbers of Python's
        return result.astype(dtype) if isinstance(dtype, str) else result
    except (TypeError, ValueError, OverflowError):  # of lists that are not alike
        return value


def _are_numbers(value: list[Any]) -> bool:
    for item in value:
        is_list = isinstance(item, list) and _are_numbers(item)
        if not is_list and not isinstance(item, bool | int | float):
            return False
    return bool(value)


def references(value: Any) -> Iterator[Reference]:
    """All references in a value."""
    if isinstance(value, Reference):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references(item)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)


def replaced(value: Any, replace: Callable[[Reference], Any]) -> Any:
    """The value with something else in the place of each reference."""
    if isinstance(value, Reference):
        return replace(value)
    if isinstance(value, list):
        return [replaced(item, replace) for item in value]
    if isinstance(value, tuple):
        return tuple(replaced(item, replace) for item in value)
    if isinstance(value, Mapping):
        return {name: replaced(item, replace) for name, item in value.items()}
    return value
