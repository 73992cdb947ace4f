"""A model's configuration in a JSON file, as any Keras writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from compare.errors import BadInput
from compare.porting.reading.findings import Config
from compare.twins.files.keras_store import LONGEST_CONFIG


def config_of(path: Path) -> Config:
    """The configuration: of `model.to_json()`, or of `model.get_config()`.

    Raises:
        BadInput: if the file describes no model.
    """
    value: Any = None
    if path.stat().st_size <= LONGEST_CONFIG:
        try:
            value = json.loads(path.read_text("utf-8"))
            if isinstance(value, str):  # of json.dump(model.to_json(), file)
                value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    if isinstance(value, list):  # of a Sequential, until Keras 2.2.3
        return {"class_name": "Sequential", "config": value}
    if isinstance(value, dict):
        if {"class_name", "config"} <= set(value):
            return value
        if isinstance(value.get("layers"), list):
            cls = "Functional" if "output_layers" in value else "Sequential"
            return {"class_name": cls, "config": value}
    raise BadInput(
        f"{path}: expected the configuration of a model in JSON, as model.to_json() "
        "writes it, got something else; write it anew"
    )
