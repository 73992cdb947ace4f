"""The variables of a layer of Keras, by name."""

from __future__ import annotations

import keras

from compare.in_keras import cells, separable
from compare.in_keras.internals import every_layer
from compare.in_keras.kinds import inner_layers, is_own, parts


def variables(attribute: object) -> dict[str, keras.Variable]:
    """The variables of a layer, or of a list of layers, by name.

    Args:
        attribute: what a model has by a name; anything else holds none.
    """
    of_part = separable.held(attribute)
    if of_part is not None:
        return of_part
    inner = inner_layers(attribute) or parts(attribute)
    if inner:
        by_name = {}
        for prefix, layer in inner.items():
            for name, variable in variables(layer).items():
                by_name[prefix + name] = variable
        return by_name
    if not isinstance(attribute, keras.Layer):
        return {}
    if cells.is_held_together(attribute):
        return cells.variables_inside(attribute)
    if not is_own(attribute):
        return {variable.name: variable for variable in attribute.weights}
    # As in PyTorch: by attribute, and without what layers inside hold.
    holder = attribute.cell if isinstance(attribute, keras.layers.RNN) else attribute
    names = {id(value): name for name, value in vars(holder).items()}
    inside: set[int] = set()
    for layer in every_layer(holder, itself=False):
        inside |= {id(variable) for variable in layer.weights}
    return {
        names.get(id(variable), variable.name): variable
        for variable in attribute.weights
        if id(variable) not in inside
    }
