"""What sort of layer a layer of Keras is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras

from compare.in_keras.internals import framework_class, parts_of_attention
from compare.kinds import unlike_pytorch
from compare.kinds.einsum import axes_of
from compare.one_line import class_name

# Layers that count as one with the dense layers that each makes for itself.
ATTENTION = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)
# What `keras.layers` calls a class that has another name in its own module.
PUBLIC_NAMES = {"GroupedQueryAttention": "GroupQueryAttention"}
OWN_CELLS = "keras_models.lstm_layer"  # the module of the suite's own cell


def is_constant(layer: keras.Layer) -> bool:
    """Whether a layer holds numbers, and nobody learns them."""
    is_of_keras = is_own(layer) or kind_of(layer) == "Normalization"
    return is_of_keras and layer.trainable and not layer.trainable_weights


def is_own(layer: keras.Layer) -> bool:
    """Whether a layer's class is the user's own, derived from no layer of Keras."""
    return kind_of(layer).endswith(("(Layer)", "(Model)"))


def parts(layer: object) -> dict[str, keras.Layer]:
    """The layers inside attention, with which it is one, by the prefix of arrays."""
    if not isinstance(layer, ATTENTION):
        return {}
    return parts_of_attention(layer)


def projections_apart(
    leaves: Mapping[str, keras.Layer], chosen: Collection[keras.Layer]
) -> dict[str, keras.Layer]:
    """Layers by name, with its projections in the place of attention.

    Args:
        leaves: layers by name.
        chosen: of which those that are attention of several heads are taken apart.
    """
    by_name: dict[str, keras.Layer] = {}
    identities = {id(layer) for layer in chosen}
    for name, leaf in leaves.items():
        if id(leaf) not in identities or not parts(leaf):
            by_name[name] = leaf
            continue
        for prefix, projection in parts(leaf).items():
            by_name[f"{name}.{prefix.rstrip('.')}"] = projection
    return by_name


def is_by_hand(layer: object) -> bool:
    """Whether the user wrote what a layer, its cell, or one of several computes."""
    inner = inner_layers(layer)
    if inner:
        return any(map(is_by_hand, inner.values()))
    if not isinstance(layer, keras.Layer):
        return False
    cell = layer.cell if isinstance(layer, keras.layers.RNN) else layer
    return type(cell).call is not framework_class(cell).call


def kind_of(layer: Any) -> str:
    """Name of a layer's class, with the options in it that PyTorch has no layer for.

    Of a recurrent layer, the name of its cell without "Cell"; of several parts, of all
    that differ.

    Args:
        layer: or a list of layers that are one in PyTorch.
    """
    return _kind_of(layer, backwards=False)


def _kind_of(attribute: Any, backwards: bool) -> str:
    """`kind_of` a layer that is to read from the last step on if `backwards`."""
    kinds = [
        _kind_of(layer, backwards=prefix == "backward.")
        for prefix, layer in inner_layers(attribute).items()
    ]
    if kinds:
        return " and ".join(dict.fromkeys(kinds))
    cell, options = attribute, []
    if isinstance(attribute, keras.layers.RNN):
        cell = attribute.cell
        if attribute.go_backwards != backwards:  # beside no forward direction
            options.append(f"go_backwards={attribute.go_backwards}")
    kind = _class_name(cell).removesuffix("Cell")
    if kind == "Activation":
        return f"Activation({_name_of(attribute.activation)})"
    options += unlike_pytorch(kind, lambda option: option.of_layer("keras", cell))
    if isinstance(cell, keras.layers.EinsumDense) and axes_of(cell.equation) is None:
        options.append(f"equation={cell.equation}")
    if options:
        return f"{kind}({', '.join(options)})"
    relu = kind == "SimpleRNN" and _name_of(cell.activation) == "relu"
    return f"{kind}(relu)" if relu else kind


def _name_of(activation: object) -> str:
    """The name of a function, or the class of a layer, that is an activation."""
    return getattr(activation, "__name__", class_name(activation))


def _class_name(layer: keras.Layer) -> str:
    """Name of the class of Keras that the layer has, or whose subclass it has.

    What is derived from `Layer` or `Model` alone is not a layer of Keras, whatever its
    name; the suite's own cell has a rule.
    """
    own_class, cls = type(layer), framework_class(layer)
    if own_class.__module__ == OWN_CELLS:
        return class_name(own_class)
    if cls in (keras.Layer, keras.Model):
        return f"{class_name(own_class)}({class_name(cls)})"
    name = class_name(cls)
    return PUBLIC_NAMES.get(name, name)


def inner_layers(attribute: object) -> dict[str, keras.Layer]:
    """The layers inside a list or a wrapper, by the prefix of their arrays' names."""
    if isinstance(attribute, list | tuple):
        return _numbered(attribute)
    if isinstance(attribute, keras.layers.Bidirectional):
        return {
            "forward.": attribute.forward_layer,
            "backward.": attribute.backward_layer,
        }
    if isinstance(attribute, keras.layers.TimeDistributed):
        return {"": attribute.layer}
    if isinstance(attribute, keras.layers.SpectralNormalization):
        return {"": attribute.layer}
    cell = attribute.cell if isinstance(attribute, keras.layers.RNN) else attribute
    if isinstance(cell, keras.layers.StackedRNNCells):
        return _numbered(cell.cells)
    return {}


def _numbered(values: Sequence[object]) -> dict[str, keras.Layer]:
    layers = [value for value in values if isinstance(value, keras.Layer)]
    return {f"{number}.": layer for number, layer in enumerate(layers)}
