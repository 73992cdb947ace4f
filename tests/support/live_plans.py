"""Plans and weights of live Keras models, read from their configurations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np

from compare.in_keras.variables import variables
from compare.kinds.graph import Call, LayerPlan, ModelPlan, Tensor
from compare.kinds.layer import Arrays


def plan_of(model: keras.Model) -> ModelPlan:
    """The plan of a functional model."""
    return _plan(model.get_config())


def weights_of(model: keras.Model, prefix: str = "") -> dict[str, Arrays]:
    """All weights of a functional model, by full names."""
    weights: dict[str, Arrays] = {}
    for layer in model.layers:
        name = prefix + layer.name
        if isinstance(layer, keras.Model):
            weights |= weights_of(layer, f"{name}.")
        elif layer.weights:
            held = variables(layer)
            if len(held) != len(layer.weights):
                held = dict(enumerate(layer.weights))
            weights[name] = {str(k): np.array(v) for k, v in held.items()}
    return weights


def draw(model: keras.Model, seed: int = 0) -> None:
    """Give a model random weights, all different."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        low = 0.5 if "variance" in variable.path else -1
        variable.assign(rng.uniform(low, 1, variable.shape).astype(variable.dtype))


def _plan(config: Mapping[str, Any]) -> ModelPlan:
    nodes = list(_nodes(config))
    # Keras computes masks in operations of their own, which no result depends on.
    entries = {entry["name"]: entry for entry in config["layers"]}
    needed = _names_in((config["output_layers"], config["input_layers"]))
    before: set[str] = set()
    while needed != before:
        before = needed
        for name, _, args, kwargs in nodes:
            if name in needed:
                needed = needed | {source for source, _ in _sources((args, kwargs))}
    nodes = [node for node in nodes if node[0] in needed]
    masks = set(entries) - needed
    layers = {k: _layer(entry) for k, entry in entries.items() if k not in masks}
    numbers: dict[tuple[str, int], int] = {}
    calls: list[Call] = []
    while nodes:
        waiting = []
        for node in nodes:
            name, number, args, kwargs = node
            if _sources((args, kwargs)) <= set(numbers):
                numbers[name, number] = len(calls)
                args, kwargs = _tensors((tuple(args), kwargs), numbers)
                if layers[name].keras == "ops.getitem":
                    args = args[0], tuple(args[1])
                calls.append(Call(name, args, kwargs))
            else:
                waiting.append(node)
        nodes = waiting
    inputs, outputs = (
        _ends(config[key], numbers) for key in ("input_layers", "output_layers")
    )
    return ModelPlan(config["name"], layers, tuple(calls), inputs, outputs)


def _is_operation(entry: Mapping[str, Any]) -> bool:
    return "ops" in entry["module"].split(".")


def _layer(entry: Mapping[str, Any]) -> LayerPlan:
    cls, config = entry["class_name"], dict(entry["config"])
    name = entry.get("name") or config.get("name")
    if _is_operation(entry):
        return LayerPlan(name, f"ops.{cls.lower()}")
    if cls == "InputLayer":
        _, *shape = config["batch_shape"]
        size = {"batch_size": config["batch_shape"][0]}
        more = size if config["batch_shape"][0] else {}
        return LayerPlan(name, cls, {"shape": shape, "dtype": config["dtype"], **more})
    if cls in ("Functional", "Sequential"):
        return LayerPlan(name, "Model", model=_plan(config))
    inside = []
    for key in ("layer", "backward_layer", "cell", "cells"):
        value = config.pop(key, None)
        inside += value if isinstance(value, list) else [value] if value else []
    return LayerPlan(name, cls, config, tuple(map(_layer, inside)))


def _nodes(config: Mapping[str, Any]) -> Iterator[tuple[str, int, Any, Any]]:
    """Name, number, arguments of each call."""
    for entry in config["layers"]:
        if entry["class_name"] == "InputLayer":
            yield entry["name"], 0, (), {}
        for number, node in enumerate(entry["inbound_nodes"]):
            kwargs = dict(node["kwargs"])
            if _is_operation(entry):
                kwargs |= {k: v for k, v in entry["config"].items() if k != "name"}
            for key in ("mask", "training"):  # Keras finds them again
                kwargs.pop(key, None)
            yield entry["name"], number, node["args"], kwargs


def _names_in(value: Any) -> set[str]:
    """The names of layers in lists and dictionaries."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return set()
    return set().union(*map(_names_in, value))


def _sources(value: Any) -> set[tuple[str, int]]:
    if isinstance(value, list | tuple):
        return set().union(*map(_sources, value))
    if not isinstance(value, Mapping):
        return set()
    if value.get("class_name") == "__keras_tensor__":
        name, number, _ = value["config"]["keras_history"]
        return {(name, number)}
    return set().union(*map(_sources, value.values()))


def _tensors(value: Any, numbers: Mapping[tuple[str, int], int]) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_tensors(item, numbers) for item in value)
    if not isinstance(value, Mapping):
        return value
    if value.get("class_name") == "__keras_tensor__":
        name, number, output = value["config"]["keras_history"]
        return Tensor(numbers[name, number], output)
    if value.get("class_name") == "__slice__":
        return slice(*(value["config"][key] for key in ("start", "stop", "step")))
    return {key: _tensors(item, numbers) for key, item in value.items()}


def _ends(value: Any, numbers: Mapping[tuple[str, int], int]) -> Any:
    if isinstance(value, list | tuple):
        if len(value) == 3 and isinstance(value[0], str):
            name, number, output = value
            if (name, number) not in numbers:  # the first call of a model is 1 here
                number -= 1
            return Tensor(numbers[name, number], output)
        return [_ends(item, numbers) for item in value]
    return {key: _ends(item, numbers) for key, item in value.items()}
