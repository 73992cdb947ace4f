"""The layers of a Keras model, and the numbers in them, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from compare.errors import BadInput
from compare.in_keras import cells, separable
from compare.in_keras.internals import (
    KERAS_HOME,
    attributes,
    every_layer,
    node_sources,
    view_of,
)
from compare.in_keras.kinds import (
    ATTENTION,
    inner_layers,
    is_by_hand,
    is_constant,
    is_own,
    kind_of,
    parts,
    projections_apart,
)
from compare.in_keras.memory import value_of
from compare.in_keras.models import is_graph, never_built
from compare.in_keras.names import Renamed, children, is_whole, unnamed
from compare.in_keras.spectral import is_spectral, settle_vectors, vectors
from compare.kinds.layer import Layer
from compare.listing import bounded
from compare.one_line import class_name

# Layers that count as one with those inside.
COMPOSITES = (
    keras.layers.RNN,
    keras.layers.Wrapper,
    keras.layers.Bidirectional,
    *ATTENTION,
)


def is_composite(layer: keras.Layer) -> bool:
    """Whether a layer counts as one with those inside.

    Not one whose cell the user made of layers: each of those is one by itself, unless
    they are held together.
    """
    cell = layer.cell if isinstance(layer, keras.layers.RNN) else None
    if isinstance(cell, keras.Layer) and is_own(cell):
        return cells.is_held_together(layer) or not every_layer(cell, itself=False)
    return isinstance(layer, COMPOSITES)


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


# ------------------------------------------------------------ layers by attribute


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


# ------------------------------------------------------------ layers at any depth


def leaves(model: keras.Layer, path: str = "") -> dict[str, keras.Layer]:
    """The layers that hold weights and no layers with a name, in order of definition.

    They are named by their attributes, `encoder.lstm` or `stack.0`, and by their own
    names inside Sequential and functional models. A recurrent layer counts as one with
    its cell, and a wrapper with what it wraps, though that is an attribute as well;
    a separable convolution as two, `stem.depthwise` and `stem.pointwise`. Those of
    `constants` are left out.

    Args:
        model: of any nesting.
        path: what the names begin with.
    """
    every = _holding(model, path)
    if not path and isinstance(model, keras.Model) and _holds_some_itself(model):
        every[""] = model  # as PyTorch's names call a model itself
    return separable.split(
        {name: layer for name, layer in every.items() if not is_constant(layer)}
    )


def directions_apart(leaves: Mapping[str, keras.Layer]) -> dict[str, keras.Layer]:
    """Layers by name, with two in the place of each `Bidirectional`."""
    by_name = {}
    for name, leaf in leaves.items():
        if isinstance(leaf, keras.layers.Bidirectional):
            by_name[f"{name}.forward_layer"] = leaf.forward_layer
            by_name[f"{name}.backward_layer"] = leaf.backward_layer
        else:
            by_name[name] = leaf
    return by_name


def constants(model: keras.Layer | Renamed) -> list[str]:
    """Names of layers that hold what nobody learns.

    They are `Normalization`, and some of the user's own. They belong to what the model
    computes, as numbers in its code do; PyTorch's model may have them in its code.
    """
    return list(constant_layers(model))


def constant_layers(model: keras.Layer | Renamed) -> dict[str, keras.Layer]:
    """The layers of `constants`, by name."""
    every = _holding(unnamed(model))
    return {name: layer for name, layer in every.items() if is_constant(layer)}


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


def _holding(model: keras.Layer, path: str = "") -> dict[str, keras.Layer]:
    """The layers that hold weights and no layers with a name, constants included."""
    by_name: dict[str, keras.Layer] = {}
    visited: set[int] = set()
    leaf_ids: set[int] = set()
    for name, child in _children(model):
        if id(child) in visited:
            continue
        visited.add(id(child))
        inside: dict[str, keras.Layer] = {}
        if not is_composite(child) and _may_have_layers(child):
            inside = _holding(child, f"{path}{name}.")
        if inside and isinstance(child, keras.layers.RNN):
            pass  # its cell is among those
        elif _holds_some_itself(child) or (child.weights and not inside):
            inside[f"{path}{name}"] = child
        new = {key: leaf for key, leaf in inside.items() if id(leaf) not in leaf_ids}
        by_name |= new
        leaf_ids |= {id(leaf) for leaf in new.values()}
    wrapped: set[int] = set()
    for leaf in by_name.values():
        if is_composite(leaf):
            wrapped |= {id(layer) for layer in every_layer(leaf, itself=False)}
    return {name: leaf for name, leaf in by_name.items() if id(leaf) not in wrapped}


def _may_have_layers(layer: keras.Layer) -> bool:
    """Whether a layer may have others inside: one of Keras's own says so."""
    own = type(layer).__module__.startswith(KERAS_HOME)
    return not own or bool(every_layer(layer, itself=False))


def _holds_some_itself(layer: keras.Layer) -> bool:
    """Whether a layer of the user's own has weights beside those of layers inside."""
    return is_own(layer) and bool(variables(layer))


def _children(layer: keras.Layer) -> Iterable[tuple[str, keras.Layer]]:
    """The layers directly inside a layer, by name; some of them more than once."""
    if is_graph(layer):
        for child in layer.layers:
            yield child.name, child
        return
    for attribute, value in attributes(layer).items():
        name = attribute.lstrip("_")
        for key, child in _items(name, value):
            if isinstance(child, keras.Layer):
                yield key, child


def _items(name: str, value: object) -> Iterable[tuple[str, object]]:
    """An attribute by its name, or what is in it if it is a list or a dictionary."""
    if isinstance(value, list | tuple):
        return [(f"{name}.{number}", item) for number, item in enumerate(value)]
    if isinstance(value, dict):
        return [(f"{name}.{key}", item) for key, item in value.items()]
    return [(name, value)]


def chains(model: keras.Layer, path: str = "") -> list[str]:
    """What the names of `leaves` begin with in each model whose layers form a chain.

    There the order of definition is that of execution.

    Args:
        model: of any nesting.
        path: what its own names begin with.
    """
    starts: list[str] = []
    whole = _is_chain(model)
    for name, child in _children(model):
        if is_composite(child):
            continue
        inside = chains(child, f"{path}{name}.")
        starts += inside
        if f"{path}{name}." not in inside and leaves(child):
            whole = False
    return [path, *starts] if whole else starts


def _is_chain(model: keras.Layer) -> bool:
    """Whether each layer takes one tensor, of a layer that feeds no other."""
    if isinstance(model, keras.Sequential) or not is_graph(model):
        return isinstance(model, keras.Sequential)
    sources = node_sources(model)
    feeding: list[int] = []
    for operations in sources:
        feeding += map(id, operations)
    inputs = sources.count([])
    return (
        max(map(len, sources)) <= 1
        and len(set(feeding)) == len(feeding)
        and len(sources) == len(model.operations)
        and inputs == 1
    )
