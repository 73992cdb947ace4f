"""The settings of a Keras model's layers, as its layers say them."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from compare.in_keras.kinds import inner_layers, is_own
from compare.in_keras.names import Renamed, children
from compare.kinds import options_of
from compare.kinds.option import Options


def options_by_layer(
    model: keras.Model | Renamed, kinds: Mapping[str, str]
) -> dict[str, Options]:
    """Read the settings of some layers, by name; none of a layer of an unknown kind.

    Of one that is several layers in Keras, such as a stack, those that all have alike.

    Args:
        model: whose layers they are.
        kinds: by the name of the layer, as PyTorch names kinds.
    """
    by_name: dict[str, Options] = {}
    attributes = children(model)
    for name, kind in kinds.items():
        if name not in attributes:
            continue
        layers = _parts(attributes[name])
        if any(isinstance(layer, keras.Layer) and is_own(layer) for layer in layers):
            by_name[name] = {}  # the user's own class has none of these
            continue
        settings = [options_of("keras", kind, layer) for layer in layers]
        shared = {}
        for option, value in settings[0].items():
            if all(of_layer[option] == value for of_layer in settings):
                shared[option] = value
        by_name[name] = shared
    return by_name


def _parts(attribute: object) -> list[object]:
    """The layers that one is made of, and the cells of those that run one."""
    inner = inner_layers(attribute)
    if inner:
        inner_parts: list[object] = []
        for layer in inner.values():
            inner_parts += _parts(layer)
        return inner_parts
    if isinstance(attribute, keras.layers.RNN) and type(attribute) is keras.layers.RNN:
        return [attribute.cell]  # the layer itself has no settings
    return [attribute]
