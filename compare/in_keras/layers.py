"""The layers of a Keras model, and the numbers in them, read and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from compare.errors import BadInput
from compare.in_keras.internals import (
    every_layer,
    view_of,
)
from compare.in_keras.kinds import (
    is_by_hand,
    is_constant,
    kind_of,
    projections_apart,
)
from compare.in_keras.leaves import constant_layers, leaves
from compare.in_keras.memory import value_of
from compare.in_keras.models import never_built
from compare.in_keras.names import Renamed, children, is_whole, unnamed
from compare.in_keras.spectral import is_spectral, settle_vectors, vectors
from compare.in_keras.variables import variables
from compare.kinds.layer import Layer
from compare.listing import bounded
from compare.one_line import class_name

# ------------------------------------------------------------ as the suite's data


def layers(model: keras.Model | Renamed) -> dict[str, Layer]:
    """The layers of a model that hold arrays, by attribute name.

    A list of layers, such as the layers of a stack, counts as one, and the names of its
    arrays begin with the position in the list; so do those of a `Bidirectional` with
    the direction: `1.backward.kernel`.

    Raises:
        BadInput: if the model has no weights yet, or some outside its layers, or
            some in bfloat16.
    """
    by_name = {}
    for name, layer in held(model).items():
        variables_by_name: Mapping[str, Any] = layer.arrays
        arrays = {key: variable.numpy() for key, variable in variables_by_name.items()}
        by_name[name] = replace(layer, arrays=arrays)
    return by_name


def held(model: keras.Model | Renamed) -> dict[str, Layer]:
    """The layers of a model, as `layers` has them, with variables in place of arrays.

    Raises:
        BadInput: as `layers` does.
    """
    by_attribute = children(model)
    by_name = {
        name: _layer(by_attribute[name], held_variables)
        for name, held_variables in holders(model).items()
    }
    return _checked(model, by_name)


def held_by_leaves(
    model: keras.Model, attention_apart: bool = False
) -> dict[str, Layer]:
    """The innermost layers of a model of any nesting, with variables for arrays.

    Args:
        model: of any nesting.
        attention_apart: whether each projection of attention is a layer by itself.

    Returns:
        Layers by the names of `leaves`.

    Raises:
        BadInput: as `layers` does.
    """
    innermost = leaves(model)
    if attention_apart:
        innermost = projections_apart(innermost, list(innermost.values()))
    by_name = {name: _layer(leaf, variables(leaf)) for name, leaf in innermost.items()}
    return _checked(model, by_name)


def _checked(
    model: keras.Model | Renamed, by_name: dict[str, Layer]
) -> dict[str, Layer]:
    """Layers with variables, if they hold all numbers of the model, for NumPy to read.

    Raises:
        BadInput: if they do not.
    """
    original = unnamed(model)
    if not by_name and not original.built:
        raise never_built(original)
    inside = set()
    for layer in by_name.values():
        inside |= {id(variable) for variable in layer.arrays.values()}
    for layer in constant_layers(model).values():
        inside |= {id(variable) for variable in layer.weights}
    inside |= set(map(id, vectors(every_layer(original))))
    outside = [v.path for v in model.weights if id(v) not in inside]
    if outside and is_whole(model):
        raise BadInput(
            f"{class_name(original)}: expected a Keras model whose layers without "
            f"layers inside hold all weights, got {bounded(outside)} elsewhere; put "
            "what the model, or a layer with others inside, holds itself into a layer "
            "of its own"
        )
    for name, layer in by_name.items():
        for key, variable in layer.arrays.items():
            if variable.dtype == "bfloat16":
                raise BadInput(
                    f"{name}.{key}: expected numbers that NumPy has as well, got "
                    "bfloat16; give the layer another dtype first"
                )
    return by_name


def read_layer(layer: keras.Layer) -> Layer:
    """A layer of any model with its arrays, not to be written to."""
    arrays = {name: read(variable) for name, variable in variables(layer).items()}
    return _layer(layer, arrays)


def _layer(attribute: Any, arrays: Mapping[str, Any]) -> Layer:
    """A layer, or a list of layers, as data, with arrays or with variables."""
    return Layer(kind_of(attribute), arrays, is_by_hand(attribute))


# ------------------------------------------------------------ reading and writing


def load(
    model: keras.Model | Renamed, arrays: Mapping[str, Mapping[str, np.ndarray]]
) -> None:
    """Write arrays, by layer and name, into a model, each in the model's precision."""
    for name, values in arrays.items():
        for key, variable in variables(children(model)[name]).items():
            write(variable, values[key])


def read(variable: keras.Variable) -> np.ndarray:
    """The numbers of a variable, not to be written to; TensorFlow copies none."""
    if keras.backend.backend() != "tensorflow":
        return variable.numpy()
    return view_of(variable)


def write(variable: keras.Variable, array: np.ndarray) -> None:
    """Put numbers into a variable, in its precision."""
    variable.assign(value_of(array, variable.dtype))


def settle(model: keras.Model) -> None:
    """Bring what training goes on from to the weights that were written."""
    settle_vectors(every_layer(unnamed(model)))


def computed(model: keras.Model | Renamed) -> list[str]:
    """Full names of weights that a model divides by their norm as it learns."""
    every = every_layer(unnamed(model))
    return [layer.kernel.path for layer in every if is_spectral(layer)]


def holders(model: keras.Model | Renamed) -> dict[str, dict[str, keras.Variable]]:
    """The variables of each layer of a model, by attribute name and their own."""
    by_name = {}
    for name, attribute in children(model).items():
        if isinstance(attribute, keras.Layer) and is_constant(attribute):
            continue
        held_variables = variables(attribute)
        if held_variables:
            by_name[name] = held_variables
    return by_name


def constants(model: keras.Layer | Renamed) -> list[str]:
    """Names of layers that hold what nobody learns.

    They are `Normalization`, and some of the user's own. They belong to what the model
    computes, as numbers in its code do; PyTorch's model may have them in its code.
    """
    return list(constant_layers(model))


def own_names(model: keras.Model | Renamed) -> dict[str, list[str]]:
    """Keras's names of the layers that go by other names.

    Returns:
        By the name that a layer, or a stack of layers, goes by: their names in
        `leaves`, where they are not just this one.
    """
    if not isinstance(model, Renamed):
        return {}
    every = leaves(unnamed(model))
    every |= projections_apart(every, list(every.values()))
    by_identity = {id(leaf): name for name, leaf in every.items()}
    by_name = {}
    for name, attribute in children(model).items():
        stack = attribute if isinstance(attribute, list) else [attribute]
        names = [by_identity[id(layer)] for layer in stack if id(layer) in by_identity]
        if names and names != [name]:
            by_name[name] = names
    return by_name
