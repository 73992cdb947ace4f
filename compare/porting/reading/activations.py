"""Activations in configurations of any Keras, in the words of Keras 3."""

from __future__ import annotations

from typing import Any

from compare.one_line import printable
from compare.porting.reading.findings import Findings
from compare.porting.reading.keras_layers import ACTIVATIONS
from compare.porting.reading.values import plain
from compare.porting.reading.words import FUNCTIONS

HARD_SIGMOID = "hard_sigmoid"
HARD_SIGMOID_OF_KERAS_2 = "hard_sigmoid_fifth"  # 0.2 x + 0.5; that of Keras 3 x / 6

# Layers that are given as an activation, and what is left of them without options.
LAYERS = {"ReLU": "relu", "ELU": "elu", "Softmax": "softmax", "Activation": "linear"}


def activation(value: Any, found: Findings) -> Any:
    """An activation as Keras 3 names it; a layer stays a dictionary.

    Args:
        value: as it stands in a configuration: None, a name, or an object described.
        found: takes as foreign an activation that Keras does not have.
    """
    if value is None:
        return "linear"
    if isinstance(value, dict):
        return _described(value, found)
    name = str(value)
    if isinstance(value, str):
        name = FUNCTIONS.get(value, value)
    if name not in ACTIVATIONS:
        found.foreign.append(f"the activation {printable(name, 60)}")
        return name
    if name == HARD_SIGMOID and found.generation < 3:
        return HARD_SIGMOID_OF_KERAS_2
    return name


def _described(value: dict[str, Any], found: Findings) -> Any:
    """An activation that is written as an object: a function, or a layer."""
    cls, settings = value.get("class_name"), value.get("config")
    if isinstance(settings, str):  # a function; TensorFlow's have no other name
        return activation(settings, found)
    if not isinstance(settings, dict):
        settings = {}
    if cls == "Activation":
        return activation(settings.get("activation"), found)
    options = {
        name: plain(setting)
        for name, setting in settings.items()
        if name not in ("name", "trainable", "dtype") and setting is not None
    }
    if cls == "LeakyReLU":
        slope = options.get("negative_slope", options.get("alpha", 0.3))
        return {"class_name": "LeakyReLU", "config": {"negative_slope": slope}}
    if cls == "ELU" and options.get("alpha", 1.0) != 1.0:
        return {"class_name": "ELU", "config": {"alpha": options["alpha"]}}
    if cls == "Softmax" and options.get("axis", -1) != -1:
        return {"class_name": "Softmax", "config": {"axis": options["axis"]}}
    if cls == "ReLU":
        changed = {name: v for name, v in options.items() if v != 0}
        if changed:
            return {"class_name": "ReLU", "config": changed}
    if cls in LAYERS:
        return LAYERS[cls]
    found.foreign.append(f"the activation {printable(str(cls), 60)}")
    return "linear"
