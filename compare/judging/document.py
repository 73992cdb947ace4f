"""Evidence as a JSON document."""

import json
import math
from collections.abc import Mapping
from typing import Any

SCHEMA = 1  # raised when a field of the JSON is removed or renamed


def as_json(document: Mapping[str, Any]) -> str:
    """A document as JSON, its schema first; NaN and infinities become strings."""
    document = {"schema": SCHEMA, **document}
    return json.dumps(jsonable(document), indent=1, allow_nan=False)


def jsonable(value: object) -> object:
    """A value in the types of JSON; NaN and infinities become the strings of `str`."""
    if isinstance(value, Mapping):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
