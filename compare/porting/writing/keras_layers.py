"""How a layer of Keras is made, as source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from compare.in_keras.needed_arguments import needed_arguments
from compare.kinds.graph import LayerPlan, ModelPlan
from compare.kinds.wrappers import cells_of, is_mirrored
from compare.porting.writing.lines import Brackets, Code, call, literal, name

OLD_HARD_SIGMOID = "hard_sigmoid_fifth"
OLD_HARD_SIGMOID_LINES = (
    "@keras.saving.register_keras_serializable()",
    f"def {OLD_HARD_SIGMOID}(x):",
    '    """Limit 0.2 x + 0.5 to [0, 1]: the hard sigmoid of Keras before version 3.',
    "",
    "    Keras 3 has x / 6 + 0.5 under that name. It is registered since Keras copies",
    "    the layers of a Bidirectional by their configuration.",
    "",
    "    Source: `keras.activations.hard_sigmoid` of Keras 2.",
    '    """',
    "    return ops.clip(0.2 * x + 0.5, 0, 1)",
)


def layer_code(
    plan: LayerPlan, live_name: str, model: Callable[[ModelPlan], str]
) -> Brackets:
    """The expression that makes a layer.

    Args:
        plan: of the layer, or of a model.
        live_name: that it has in Keras; "" for one of Keras's.
        model: takes the plan of a model inside; returns the name of the function that
            makes it.

    Returns:
        Such as `layers.Bidirectional(layers.LSTM(8), merge_mode="sum", name="both")`.
    """
    if plan.model is not None:
        return call(model(plan.model))
    arguments = needed_arguments(plan)
    args: list[Code] = [_setting(value) for value in arguments.args]
    kwargs = {key: _setting(value, key) for key, value in arguments.kwargs.items()}
    if plan.keras == "Activation":
        args = [_setting(value, "activation") for value in arguments.args]
    inside = [layer_code(part, "", model) for part in _parts(plan)]
    if plan.keras == "StackedRNNCells" or (plan.keras == "RNN" and len(inside) > 1):
        args.insert(0, literal(inside))
    elif inside:
        args.insert(0, inside[0])
    if plan.keras == "Bidirectional" and not is_mirrored(plan):
        kwargs["backward_layer"] = inside[1]
    if live_name:
        kwargs["name"] = literal(live_name)
    return call(f"layers.{plan.keras}", args, kwargs)


def _parts(plan: LayerPlan) -> Iterator[LayerPlan]:
    """What is inside a layer, without what the layer makes of it in any case."""
    for part in cells_of(plan):
        if plan.keras != "Bidirectional":
            yield part
            continue
        config = dict(part.config)
        config.pop("zero_output_for_mask", None)  # a Bidirectional sets it
        yield replace(part, config=config)


def with_plain_axes(plan: LayerPlan, axes: int) -> LayerPlan:
    """A layer whose axes are left to Keras where it would choose the same.

    What Keras saves has them numbered for the input that the layer was built on.

    Args:
        plan: of the layer.
        axes: of what it is called on, the batch included.
    """
    if plan.keras == "TimeDistributed":
        inside = tuple(with_plain_axes(part, axes - 1) for part in plan.inside)
        return replace(plan, inside=inside)
    config = dict(plan.config)
    axis = config.get("axis")
    if isinstance(axis, list | tuple) and len(axis) == 1:
        axis = axis[0]
    if axis == axes - 1:
        axis = -1
    if axis is not None:
        config["axis"] = axis
    attention = config.get("attention_axes")
    if attention is not None and list(attention) == list(range(1, axes - 1)):
        del config["attention_axes"]
    return replace(plan, config=config)


def _setting(value: Any, key: str = "") -> Code:
    """A setting as source."""
    if key.endswith("activation") and value == OLD_HARD_SIGMOID:
        return name(OLD_HARD_SIGMOID)
    if isinstance(value, Mapping) and "class_name" in value:
        if key == "dtype":
            return literal(value["config"]["name"])
        cls = str(value["class_name"])
        plan = LayerPlan(cls, cls, value.get("config", {}))
        return layer_code(plan, "", _no_model)
    return literal(value)


def _no_model(plan: ModelPlan) -> str:
    raise TypeError(f"expected a layer as an activation, got the model {plan.name}")
