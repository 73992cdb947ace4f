"""A model of a configuration as a plan: a chain of layers, or a graph of calls."""

from __future__ import annotations

from typing import Any

from compare.kinds.graph import INPUT, Call, LayerPlan, ModelPlan, Tensor
from compare.kinds.names import snake
from compare.one_line import printable
from compare.porting.reading.branches import with_branches
from compare.porting.reading.findings import Config, Findings
from compare.porting.reading.functional import Graph
from compare.porting.reading.layers import (
    LayerReader,
    input_of,
    is_model,
    name_of,
)

WHOLE_NUMBERS = "int32"  # what an Embedding reads
OPEN_SHAPE = "shape is not told"  # an option of an input until weights tell its shape


def model_plan(config: Config, found: Findings, full_name: str = "") -> ModelPlan:
    """A model as a plan.

    Args:
        config: its class, and what it is made of.
        found: takes notes and problems.
        full_name: of the model, if it is a layer of another one.
    """
    inside = config["config"]
    if isinstance(inside, list):
        inside = {"layers": inside}
    name = name_of({"name": inside.get("name")}) or name_of(config)
    name = name or snake(config["class_name"])
    prefix = f"{full_name}." if full_name else ""
    layers = [layer for layer in inside["layers"] if isinstance(layer, dict)]
    if len(layers) < len(inside["layers"]):
        found.problem(f"{full_name or name}: a layer that is not described")
    if "output_layers" in inside:
        _note_own_class(config, full_name or name, found)
        plans = _plans(layers, prefix, found)
        graph = Graph(layers, plans, prefix, found)
        return graph.plan(name, inside)
    first = layers[0] if layers else {"class_name": "", "config": {}}
    if first["class_name"] == "Merge" and "layers" in first["config"]:
        return with_branches(name, layers, prefix, found, model_plan, _plans)
    return _chain(name, inside, layers, prefix, found)


def _note_own_class(config: Config, name: str, found: Findings) -> None:
    """Note that a model's class is the user's own, whose code is not in the file."""
    cls = config["class_name"]
    if cls not in ("Model", "Functional", "Sequential"):
        found.note(
            f"{name}: a model of the user's own class {printable(str(cls), 60)}, read "
            "as the layers and calls in its configuration"
        )


def _plans(layers: list[Config], prefix: str, found: Findings) -> list[LayerPlan]:
    """The layers of a model, each with a name of its own."""
    reader = LayerReader(found, model_plan)
    names: set[str] = set()
    plans = []
    for layer in layers:
        first = name_of(layer) or snake(layer["class_name"])
        name, number = first, 1
        while name in names:
            number += 1
            name = f"{first}_{number}"
        if name != first and name_of(layer):
            found.note(f"{prefix}{first}: two layers of this name; one is {name} here")
        names.add(name)
        plans.append(reader.plan(layer, name, f"{prefix}{name}"))
    return plans


# ---------------------------------------------------------------------- of a Sequential


def _chain(
    name: str, inside: Config, layers: list[Config], prefix: str, found: Findings
) -> ModelPlan:
    """A Sequential: each layer takes what the one before it returns."""
    plans = _plans(layers, prefix, found)
    if not plans:
        found.problem(f"{prefix}{name}: a model without layers")
        plans = [input_of([None], "float32", "input")]
    if plans[0].keras != INPUT:
        plans.insert(0, _first_input(inside, layers[0], plans[0]))
    calls = [Call(plans[0].name)]
    value: Any = Tensor(0)
    for plan in plans[1:]:
        calls.append(Call(plan.name, (value,)))
        value = Tensor(len(calls) - 1)
        if plan.model is not None and isinstance(plan.model.outputs, list):
            count = len(plan.model.outputs)
            value = [Tensor(len(calls) - 1, number) for number in range(count)]
    named = {plan.name: plan for plan in plans}
    return ModelPlan(name, named, tuple(calls), Tensor(0), value)


def _first_input(inside: Config, layer: Config, plan: LayerPlan) -> LayerPlan:
    """The input of a Sequential that has no layer for it."""
    name = f"{plan.name}_input"
    if plan.model is not None:
        for inner in plan.model.layers.values():
            if inner.keras == INPUT:
                return LayerPlan(name, INPUT, inner.config)
    dtype = "float32"
    if plan.keras == "Embedding":
        dtype = WHOLE_NUMBERS
    shape = _shape_told(layer)
    if shape is None:
        shape = _built(inside)
    if shape is None and isinstance(layer.get("build_config"), dict):
        shape = layer["build_config"].get("input_shape")
    if not isinstance(shape, list):
        return LayerPlan(name, INPUT, {"shape": OPEN_SHAPE, "dtype": dtype})
    return input_of(shape, dtype, name)


def _built(inside: Config) -> Any:
    """The shape that a Sequential was built for, if its configuration keeps it."""
    if inside.get("build_input_shape"):
        return inside["build_input_shape"]
    build_config = inside.get("build_config")
    if isinstance(build_config, dict):
        return build_config.get("input_shape")
    return None


def _shape_told(layer: Config) -> list[Any] | None:
    """The shape of what the first layer reads, with the batch, as it says it."""
    settings = layer["config"]
    if not isinstance(settings, dict) or is_model(layer):
        return None
    for name in ("batch_input_shape", "batch_shape"):
        if isinstance(settings.get(name), list):
            return list(settings[name])
    if isinstance(settings.get("input_shape"), list):
        return [None, *settings["input_shape"]]
    cls = layer["class_name"]
    if cls == "Embedding":
        length = settings.get("input_length")
        return [None, length] if not isinstance(length, list) else [None, *length]
    features = settings.get("input_dim")
    if isinstance(features, int):  # of Keras 1
        if cls == "Dense":
            return [None, features]
        return [None, settings.get("input_length"), features]
    inner = settings.get("layer")
    if cls == "Bidirectional" and isinstance(inner, dict) and "class_name" in inner:
        return _shape_told(inner)
    return None
