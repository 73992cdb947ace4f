"""Where the weights of a Keras model stand in an HDF5 file: two layouts."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compare.kinds.layer import Layer
from compare.twins.files import cudnn, hdf5, keras_config
from compare.twins.files.hdf5 import natural
from compare.twins.files.keras_kinds import (
    apart,
    cell_kind,
    layer_of_config,
    layers_of_arrays,
)

if TYPE_CHECKING:
    import h5py

    from compare.twins.files.keras_kinds import Parts

    MutableParts = dict[str, dict[str, h5py.Dataset]]

# The dense layers inside attention, in the order of its kind; Keras 2 names the last
# otherwise.
PROJECTIONS = ("query", "key", "value", "output")
LEGACY_PROJECTIONS = {
    "query": "query.",
    "key": "key.",
    "value": "value.",
    "attention_output": "output.",
}
CONTAINERS = ("layers", "_layer_checkpoint_dependencies")

# Name of each layer, and what it may be, likelier first.
Layers = Iterator[tuple[str, list[Layer]]]


# -------------------------------------------------------------------- layout of Keras 3


@dataclass(frozen=True)
class Leaf:
    """A layer in a file that holds arrays.

    Args:
        path: of its group.
        name: of the layer, with those of the models that it is in.
        hints: what it goes by, which may tell its kind.
        parts: its arrays.
    """

    path: str
    name: str
    hints: tuple[str, ...]
    parts: Parts


def layers(group: h5py.Group, config: dict[str, Any] | None) -> Layers:
    """The layers in a file of Keras 3; those that the configuration describes first."""
    leaves = {leaf.path: leaf for leaf in leaves_of(group)}
    if config is not None:
        for layer, leaf in _described(list(leaves.values()), config):
            del leaves[leaf.path]
            name = layer.name.replace("/", ".")
            yield from apart(name, [layer_of_config(layer.config, leaf.parts)])
    for path in sorted(leaves, key=natural):
        leaf = leaves[path]
        yield from apart(leaf.name or "model", layers_of_arrays(leaf.hints, leaf.parts))


def _described(
    leaves: list[Leaf], config: dict[str, Any]
) -> Iterator[tuple[keras_config.Described, Leaf]]:
    """Each layer of a configuration that is in the file, and where it is."""
    by_path = {without_containers(leaf.path): leaf for leaf in leaves}
    described = list(keras_config.described(config))
    paths = {layer.path for layer in described}
    taken = set()
    for layer in described:
        leaf = by_path.get(layer.path)  # as Keras 3 calls it
        if leaf is None and layer.name not in paths:
            leaf = by_path.get(layer.name)  # as Keras 2 does
        if leaf is not None and leaf.path not in taken:
            taken.add(leaf.path)
            yield layer, leaf


def leaves_of(
    group: h5py.Group, path: str = "", name: str = "", hints: tuple[str, ...] = ()
) -> Iterator[Leaf]:
    """Each layer inside a group that holds arrays, itself included.

    Args:
        group: a layer or a model.
        path: of the group.
        name: of the layer; those of the models around it come before its own.
        hints: what it goes by.
    """
    inner = hdf5.children(group)
    composite = _composite(inner)
    groups = composite or {"": hdf5.variables(group)}
    if any(groups.values()):
        yield Leaf(path, name, hints, groups)
    if composite:
        return
    for step, child in inner.items():
        if step in CONTAINERS:
            for key, layer in hdf5.children(child).items():
                leaf_name = hdf5.own_name(layer, key)
                inside = f"{path}/{step}/{key}"
                yield from leaves_of(
                    layer, inside, _joined(name, leaf_name), (key, leaf_name)
                )
        elif step != "vars":
            leaf_name = hdf5.own_name(child, step)
            inside = f"{path}/{step}"
            yield from leaves_of(child, inside, _joined(name, step), (step, leaf_name))


def _joined(*names: str) -> str:
    """A full name, of those that are not empty."""
    return ".".join(name for name in names if name)


def _composite(inner: dict[str, h5py.Group]) -> MutableParts:
    """The parts of a recurrent layer or a wrapper with these groups, or nothing."""
    if "forward_layer" in inner and "backward_layer" in inner:
        inner_groups = {}
        for direction in ("forward", "backward"):
            for prefix, arrays in _part(inner[f"{direction}_layer"]).items():
                inner_groups[f"{direction}.{prefix}"] = arrays
        return inner_groups
    for start in ("", "_"):  # of attention; where heads share keys, with an underscore
        groups = {f"{word}.": f"{start}{word}_dense" for word in PROJECTIONS}
        if set(inner) >= set(groups.values()):
            return {path: hdf5.variables(inner[key]) for path, key in groups.items()}
    if "cell" in inner:
        return _cells(inner["cell"])
    if "layer" in inner and set(inner) <= {"layer", "vars"}:
        inner_groups = _part(inner["layer"])
        if any(inner_groups.values()):
            return inner_groups
    return {}


def _part(group: h5py.Group) -> MutableParts:
    """The parts of a layer inside a wrapper."""
    inner = hdf5.children(group)
    composite = _composite(inner)
    if not composite and "cell" in inner:  # of a ConvLSTM
        return {"": hdf5.variables(inner["cell"])}
    return composite or {"": hdf5.variables(group)}


def _cells(group: h5py.Group) -> MutableParts:
    """The parts of a recurrent layer with this cell, or with the cells of a stack."""
    stack = hdf5.children(group).get("cells")
    if stack is not None:
        cells = hdf5.children(stack)
        ordered = sorted(cells, key=natural)
        return {
            f"{number}.": hdf5.variables(cells[name])
            for number, name in enumerate(ordered)
        }
    arrays = hdf5.variables(group)
    if cell_kind(list(arrays.values())):
        return {"": arrays}
    return {}


def without_containers(path: str) -> str:
    """A path without the groups that only hold others."""
    return "/".join(step for step in path.split("/") if step not in ("", *CONTAINERS))


# -------------------------------------------------------------------- layout of Keras 2


def legacy_layers(group: h5py.Group, config: dict[str, Any] | None) -> Layers:
    """The layers in a file of Keras 2, in the order of the file."""
    described = {}
    if config is not None:
        for layer in keras_config.described(config):
            described[layer.name.split("/")[-1]] = layer
    for path, paths_inside in _legacy_arrays(group, described).items():
        groups = {
            prefix: cudnn.as_usual(arrays)
            for prefix, arrays in _prefixed(paths_inside).items()
        }
        name = path.split("/")[-1]
        if name in described:
            layer = described[name]
            yield from apart(
                layer.name.replace("/", "."), [layer_of_config(layer.config, groups)]
            )
        else:
            yield from apart(path.replace("/", "."), layers_of_arrays((), groups))


def _legacy_arrays(
    group: h5py.Group, described: Container[str]
) -> dict[str, MutableParts]:
    """The data sets by the path of their layer, the path inside it, and name.

    Args:
        group: of the file's weights.
        described: the names of the layers, as far as they are known.
    """
    layers: dict[str, MutableParts] = {}
    for layer in hdf5.names(group, "layer_names"):
        for weight in hdf5.names(hdf5.child(group, layer), "weight_names"):
            data = hdf5.child(group, f"{layer}/{weight}")
            *steps, key = weight.split(":")[0].split("/")
            if steps[:1] != [layer]:
                steps = [layer, *steps]
            end = _end_of_layer(steps, described)
            arrays_of_layer = layers.setdefault("/".join(steps[:end]), {})
            arrays_of_layer.setdefault("/".join(steps[end:]), {})[key] = data
    return layers


def _end_of_layer(steps: list[str], described: Container[str]) -> int:
    """How many steps of a path name a layer; the others are inside it."""
    for number, step in enumerate(steps):
        if step in described:
            return number + 1
    for number, step in enumerate(steps):
        if number and re.match(r"(forward|backward)_|.*cells?(_\d+)?$", step):
            return number
    return len(steps)


def _prefixed(paths_inside: MutableParts) -> MutableParts:
    """Parts by prefix instead of by their path inside the layer."""
    if len(paths_inside) == 1:
        (arrays,) = paths_inside.values()
        return {"": arrays}
    if set(paths_inside) == set(LEGACY_PROJECTIONS):
        return {
            prefix: paths_inside[path] for path, prefix in LEGACY_PROJECTIONS.items()
        }
    directions = [re.search(r"\b(forward|backward)_", path) for path in paths_inside]
    prefixes = []
    for number, direction in enumerate(directions):
        place = direction[1] if direction else number
        prefixes.append(f"{place}.")
    # A layer of the user's own that goes backwards has a name of its own.
    if len(directions) == 2 and any(directions):
        prefixes = ["forward.", "backward."]
    return dict(zip(prefixes, paths_inside.values(), strict=True))
