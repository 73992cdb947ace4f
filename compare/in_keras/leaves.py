"""The layers of a Keras model of any nesting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import keras

from compare.in_keras import cells, separable
from compare.in_keras.internals import (
    KERAS_HOME,
    attributes,
    every_layer,
    node_sources,
)
from compare.in_keras.kinds import ATTENTION, is_constant, is_own
from compare.in_keras.models import is_graph
from compare.in_keras.names import Renamed, unnamed
from compare.in_keras.variables import variables

# Layers that count as one with those inside.
COMPOSITES = (
    keras.layers.RNN,
    keras.layers.Wrapper,
    keras.layers.Bidirectional,
    *ATTENTION,
)


def _is_composite(layer: keras.Layer) -> bool:
    """Whether a layer counts as one with those inside.

    Not one whose cell the user made of layers: each of those is one by itself, unless
    they are held together.
    """
    cell = layer.cell if isinstance(layer, keras.layers.RNN) else None
    if isinstance(cell, keras.Layer) and is_own(cell):
        return cells.is_held_together(layer) or not every_layer(cell, itself=False)
    return isinstance(layer, COMPOSITES)


def leaves(model: keras.Layer, path: str = "") -> dict[str, keras.Layer]:
    """The layers that hold weights and no layers with a name, in order of definition.

    They are named by their attributes, `encoder.lstm` or `stack.0`, and by their own
    names inside Sequential and functional models. A recurrent layer counts as one with
    its cell, and a wrapper with what it wraps, though that is an attribute as well;
    a separable convolution as two, `stem.depthwise` and `stem.pointwise`. Those of
    `constant_layers` are left out.

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


def constant_layers(model: keras.Layer | Renamed) -> dict[str, keras.Layer]:
    """The layers that hold what nobody learns, by name."""
    every = _holding(unnamed(model))
    return {name: layer for name, layer in every.items() if is_constant(layer)}


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
        if not _is_composite(child) and _may_have_layers(child):
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
        if _is_composite(leaf):
            wrapped |= {id(layer) for layer in every_layer(leaf, itself=False)}
    return {name: leaf for name, leaf in by_name.items() if id(leaf) not in wrapped}


def _may_have_layers(layer: keras.Layer) -> bool:
    """Whether a layer may have others inside: one of Keras's own says so."""
    is_of_keras = type(layer).__module__.startswith(KERAS_HOME)
    return not is_of_keras or bool(every_layer(layer, itself=False))


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


def _items(name: str, value: object) -> Iterator[tuple[str, object]]:
    """An attribute by its name, or what is in it if it is a list or a dictionary.

    Lists may hold lists, as those of blocks of several layers do.
    """
    if isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _items(f"{name}.{number}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _items(f"{name}.{key}", item)
    else:
        yield name, value


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
        if _is_composite(child):
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
