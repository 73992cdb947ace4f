"""Writes json.md, the fields of the JSON, from the schema that the package ships.

python docs/json_page.py > docs/json.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

Schema = Mapping[str, Any]

OPENING = """\
# The JSON

`twinproof run --json FILE` writes all that a run found out; so do `explain --json`,
`train --json`, `pytest --compare-json FILE` and, in Python, `evidence.to_json()`. That
of a port is its `evidence.json`.

The package ships a [JSON Schema](https://json-schema.org) of it, with which any
validator checks a file:

```python
import json
from importlib import resources

import jsonschema

folder = resources.files("compare.judging") / "schema"
schema = json.loads((folder / "evidence.json").read_text("utf-8"))
with open("evidence.json", encoding="utf-8") as file:
    jsonschema.validate(json.load(file), schema)
```

Read fields by name, and let new ones pass: fields are added without notice. One that is
removed or renamed raises `schema`, the first field of each document.

A float is a number, or one of the strings `"nan"`, `"inf"` and `"-inf"`, which JSON has
no numbers for. In Python `float(value)` reads both.

A run is as expected where `summary.unexpected` is 0 and `not_compared` is empty, as the
exit status says too. A mistake is called `fault` here, as it always was.

This page is written from the schema, by `docs/json_page.py`.
"""
DOCUMENTS = {"run": "A run", "training": "A training run", "checks": "A pytest session"}


def page() -> str:
    """The page, in Markdown."""
    file = resources.files("compare.judging") / "schema" / "evidence.json"
    parts = json.loads(file.read_text("utf-8"))["$defs"]
    lines = [OPENING]
    for name, part in parts.items():
        lines += [*_section(name, part), ""]
    return "\n".join(lines)


def _section(name: str, part: Schema) -> Iterator[str]:
    """A part of a document, with a row for each of its fields."""
    yield f"## {DOCUMENTS.get(name, name)}"
    yield ""
    yield part["description"]
    if "enum" in part:
        yield ""
        yield ", ".join(f"`{value}`" for value in part["enum"])
    if "properties" in part:
        yield ""
        yield "| field | type | |"
        yield "|---|---|---|"
        yield from _rows("", part)


def _rows(before: str, part: Schema) -> Iterator[str]:
    """A row for each field, and for those of an object that is written in it."""
    for name, field in part["properties"].items():
        kind = _type(field)
        if name not in part["required"]:
            kind += " (optional)"
        yield f"| `{before}{name}` | {kind} | {field['description']} |"
        inner = field
        for choice in field.get("anyOf", ()):
            if "properties" in choice:
                inner = choice
        if "properties" in inner:
            yield from _rows(f"{before}{name}.", inner)


def _type(field: Schema) -> str:
    """The type of a field, in words; those of our own lead to their sections."""
    if "$ref" in field:
        name = field["$ref"].split("/")[-1]
        title = DOCUMENTS.get(name, name).lower().replace(" ", "-")
        return f"[{name}](#{title})"
    if "anyOf" in field:
        return " or ".join(map(_type, field["anyOf"]))
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    types = [field["type"]] if isinstance(field["type"], str) else field["type"]
    words = []
    for kind in types:
        if kind == "array":
            words.append(f"list of {_type(field['items'])}")
        elif kind == "object" and "additionalProperties" in field:
            words.append(f"{_type(field['additionalProperties'])} by name")
        else:
            words.append(kind)
    return " or ".join(words)


if __name__ == "__main__":
    print(page(), end="")
