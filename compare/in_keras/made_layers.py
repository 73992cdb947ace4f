"""Layers of Keras made of their plans: of Keras's own classes, and of nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from math import prod
from operator import getitem
from typing import Any

import keras

from compare.in_keras import old_joins
from compare.kinds.graph import OLD_MASKS, LayerPlan, ModelPlan
from compare.kinds.wrappers import OF_TRAINING, is_mirrored

# What layers of Keras have that run code or files of somebody's, or are no layer.
REFUSED = (
    "FlaxLayer",
    "JaxLayer",
    "Lambda",
    "Layer",
    "TFSMLayer",
    "TorchModuleWrapper",
    "Wrapper",
)
PACKAGE = "twinproof"  # under which Keras finds what the suite adds to it


@keras.saving.register_keras_serializable(package=PACKAGE)
def hard_sigmoid_fifth(x: Any) -> Any:
    """Limit 0.2 x + 0.5 to [0, 1], as Keras did before version 3.

    Keras copies the layers in a Bidirectional through their configuration, for which
    it has to know the function.
    """
    return keras.ops.clip(0.2 * x + 0.5, 0, 1)


@keras.saving.register_keras_serializable(package=PACKAGE)
class Bounded(keras.initializers.Initializer):
    """Zeros, to be replaced by numbers of a file, where they are no more than those.

    A configuration may ask for more memory than there is; the file cannot hold it.

    Args:
        most: numbers in the largest array of the layer.
    """

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """Zeros of this shape.

        Raises:
            ValueError: if they are too many.
        """
        if prod(map(int, shape)) > self.most:
            raise ValueError(
                f"its configuration asks for weights {tuple(shape)}, and the largest "
                f"that come with it have {self.most} numbers"
            )
        return keras.ops.zeros(shape, dtype)

    def get_config(self) -> dict[str, int]:
        """What it is made with."""
        return {"most": self.most}


def layer_class(name: str) -> type[keras.Layer]:
    """Keras's class of a name in `keras.layers`.

    Raises:
        ValueError: if there is none, or it runs what is not Keras's own.
    """
    cls = getattr(keras.layers, name, None)
    if not inspect.isclass(cls) or not issubclass(cls, keras.Layer) or name in REFUSED:
        raise ValueError(f"{name} is no layer of Keras's own")
    return cls


def made(
    plan: LayerPlan,
    name: str | None,
    initializer: keras.initializers.Initializer | None = None,
    model: Callable[[ModelPlan], keras.Model] | None = None,
) -> keras.Layer:
    """A layer without weights yet.

    Args:
        plan: of the layer, or of a model that a wrapper wraps.
        name: that Keras admits; None for one of Keras's.
        initializer: of all its weights; None for Keras's own.
        model: makes a model, which may stand in a wrapper.

    Raises:
        ValueError, TypeError: what Keras says to a plan that it refuses.
    """
    if plan.model is not None:
        if model is None:
            raise ValueError(f"{plan.name} is a model, and none can stand here")
        return model(plan.model)
    cls = layer_class(plan.keras)
    arguments = settings(plan.config)
    if arguments.pop(OLD_MASKS, False):
        cls = old_joins.CLASSES[plan.keras]
    if initializer is not None:
        for parameter in inspect.signature(cls).parameters:
            if parameter.endswith("initializer"):
                arguments[parameter] = initializer
    if name is not None:
        arguments["name"] = name
    inside = [made(part, None, initializer, model) for part in plan.inside]
    if not inside:
        return cls(**arguments)
    if plan.keras == "StackedRNNCells" or (plan.keras == "RNN" and len(inside) > 1):
        return cls(inside, **arguments)
    if plan.keras == "Bidirectional" and not is_mirrored(plan):
        arguments["backward_layer"] = inside[1]
    return cls(inside[0], **arguments)


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a class of Keras, without the name and those of training.

    Args:
        config: the settings of a layer in JSON.

    Raises:
        ValueError: if a setting describes an object that is not Keras's own.
    """
    arguments = {}
    for key, value in config.items():
        if key != "name" and not key.endswith(OF_TRAINING):
            arguments[key] = _setting(key, value)
    return arguments


def _setting(key: str, value: Any) -> Any:
    """A setting as Keras takes it."""
    if key == "dtype" and isinstance(value, Mapping):
        return value["config"]["name"]
    if key.endswith("activation") and value == hard_sigmoid_fifth.__name__:
        return hard_sigmoid_fifth
    if isinstance(value, Mapping) and "class_name" in value:
        if not key.endswith("activation"):
            raise ValueError(f"{key} is a {value['class_name']}, and none is made here")
        cls = str(value["class_name"])
        return made(LayerPlan(cls, cls, value.get("config", {})), None)
    return value


def operation(name: str) -> Callable[..., Any]:
    """A function of `keras.ops`.

    Args:
        name: such as "ops.mean", or "ops.getitem", which takes a tensor and an index.

    Raises:
        ValueError: if Keras has none of the name.
    """
    if name == "ops.getitem":
        return getitem
    value: Any = keras
    for part in name.split("."):
        value = None if part.startswith("_") else getattr(value, part, None)
    if not callable(value) or inspect.isclass(value):
        raise ValueError(f"keras.{name} is no operation of Keras's own")
    return value
