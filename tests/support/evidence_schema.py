"""The JSON Schema of evidence, as it is shipped, and with no field but its own."""

import json
from importlib import resources

import jsonschema

FILE = resources.files("compare.judging") / "schema" / "evidence.json"
SCHEMA = json.loads(FILE.read_text("utf-8"))


def closed(part):
    """A part of the schema that admits no field without a description."""
    if isinstance(part, list):
        return [closed(item) for item in part]
    if not isinstance(part, dict):
        return part
    result = {name: closed(value) for name, value in part.items()}
    if result.get("type") == "object" and "properties" in result:
        result["additionalProperties"] = False
    return result


def assert_described(text, kind):
    """A document conforms to its part of the schema, which describes all its fields.

    Args:
        text: JSON.
        kind: "run", "training" or "checks".
    """
    document = json.loads(text)
    jsonschema.validate(document, SCHEMA)
    of_kind = {"$defs": closed(SCHEMA["$defs"]), "$ref": f"#/$defs/{kind}"}
    jsonschema.validate(document, of_kind)
