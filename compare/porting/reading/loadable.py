"""Whether a Keras may load a file: whether its configuration is of Keras's own alone.

What is read here is never made into anything but a plan. A Keras that loads the file
itself, to confirm the port, makes all objects that its configuration describes, those
of training too, and imports the modules that it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from compare.porting.reading.keras_layers import OTHER_LAYERS

# Where Keras and tf-keras have what models are made of.
PARTS = "activations|constraints|dtype_policies|engine|initializers|layers|legacy"
PARTS += "|mixed_precision|models|ops|regularizers"
MODULE = re.compile(rf"(tf_)?keras(\.src)?(\.({PARTS})(\.\w+)*)?", re.ASCII)
CODE = ("function", "__lambda__", *OTHER_LAYERS)


def is_of_keras(config: Any) -> bool:
    """Whether a model's configuration describes nothing but objects of Keras's own.

    How the whole model was compiled is left out: nothing is compiled.
    """
    inside = dict(config)
    inside.pop("compile_config", None)
    return all(map(_is_own, _objects(inside)))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """All dictionaries in a configuration."""
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects(item)


def _is_own(value: dict[str, Any]) -> bool:
    """Whether a dictionary describes an object of Keras's own, or none."""
    cls, module = value.get("class_name"), value.get("module")
    registered = value.get("registered_name")
    if cls is None and registered is None:
        return "function_name" not in value
    if not isinstance(cls, str) or cls in CODE or ">" in f"{cls}{registered}":
        return False
    if module in (None, "builtins"):
        return module is None or cls.startswith("__")
    return isinstance(module, str) and MODULE.fullmatch(module) is not None
