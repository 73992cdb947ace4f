"""The settings of a kind of layer: how each is read, and what both sides have of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import isfunction, signature
from typing import Any, Literal

from compare.judging.words import Side

Value = Any  # a number, a name, a bool, a tuple of numbers, or None
Options = Mapping[str, Value]  # by the suite's names, in Keras's words

REQUIRED = "required"  # in the place of a default


def plain_value(value: Value) -> Value:
    """Write a setting as data: a function or a class by its name, a list as a tuple."""
    if isinstance(value, list | tuple):
        return tuple(value)
    return getattr(value, "__name__", value)


def as_tuple(value: Value) -> Value:
    """Write a size that may be given as one number as a tuple."""
    return (value,) if isinstance(value, int) else plain_value(value)


def as_sizes(axes: int) -> Callable[[Value], Value]:
    """Return what writes a size as a tuple of a number for each of so many axes."""

    def read(value: Value) -> Value:
        if isinstance(value, int):
            return (value,) * axes
        return plain_value(value)

    return read


def is_there(value: Value) -> bool:
    """Read whether a layer has an array: PyTorch keeps None where it has none."""
    return value is not None and value is not False


def _of_function(layer: object, name: str, default: Value) -> Value:
    """What the function that a layer applies takes by itself for an argument.

    Keras's `Activation("leaky_relu")` has another slope than its `LeakyReLU`.
    """
    function = getattr(layer, "activation", None)
    parameters = signature(function).parameters if isfunction(function) else {}
    return parameters[name].default if name in parameters else default


@dataclass(frozen=True)
class Option:
    """A setting of a kind of layer.

    Args:
        name: the suite's word for it, such as "epsilon".
        torch: PyTorch's attribute and argument; "" where its layer has no choice.
        keras: the same of Keras.
        torch_default: what PyTorch takes where nothing is said, or always, if there is
            no choice; REQUIRED where something must be said.
        keras_default: the same of Keras.
        matters: whether results depend on it, or training alone.
        in_keras: takes PyTorch's value and returns it in Keras's words.
        read: takes what the attribute holds and returns it as data.
        in_pytorch: the values, in Keras's words, that PyTorch's layer can have; empty
            where it can have all.
        refused: whether a layer with a value that the other side cannot have goes by a
            name of its own, such as "LSTM(activation=relu)", for which there is no
            rule.
        instead: what to do about a value that the other side cannot have; "{value}"
            in it stands for the value.
        instead_in_torch: the same of Keras's value in PyTorch; empty where it is as
            `instead`.
        in_torch: takes a value in Keras's words and returns it as PyTorch's argument.
        keras_has: the values that Keras's layer can have; empty where it can have all.
        sample: another value than the default, as PyTorch and as Keras is given it;
            None where that side cannot be given one.
        torch_attribute, keras_attribute: what holds the setting in a layer, where that
            goes by another name than the argument.
        without_attribute: takes a layer that lacks the attribute, and reads
            the setting from it; None where that has the default.
    """

    name: str
    torch: str
    keras: str
    torch_default: Value
    keras_default: Value
    matters: Literal["results", "training"] = "results"
    in_keras: Callable[[Value], Value] = plain_value
    read: Callable[[Value], Value] = plain_value
    in_pytorch: tuple[Value, ...] = ()
    refused: bool = False
    instead: str = ""
    instead_in_torch: str = ""
    in_torch: Callable[[Value], Value] = plain_value
    keras_has: tuple[Value, ...] = ()
    sample: tuple[Value, Value] = (None, None)
    torch_attribute: str = ""
    keras_attribute: str = ""
    without_attribute: Callable[[Any], Value] | None = None

    def of_layer(self, side: Side, layer: object) -> Value:
        """Read the setting from a layer of either framework, in Keras's words.

        Args:
            side: whose layer it is.
            layer: alive; of a recurrent layer of Keras, or its cell.
        """
        attribute = self.torch_attribute or self.torch
        default = self.torch_default
        if side == "keras":
            attribute = self.keras_attribute or self.keras
            default = self.keras_default
        value = default
        if attribute:
            value = getattr(layer, attribute, _of_function(layer, attribute, default))
        has_it = attribute and hasattr(layer, attribute)
        if self.without_attribute is not None and not has_it:
            value = self.without_attribute(layer)
        value = self.read(value)
        return self.in_keras(value) if side == "torch" else value

    def of_config(self, config: Mapping[str, Value]) -> Value:
        """Read the setting from the configuration that Keras saved of a layer."""
        value = config.get(self.keras, self.keras_default)
        if isinstance(value, dict):
            # Keras 3 saves a function of the user's own as an object with a "config".
            return value.get("config")
        return self.read(value)
