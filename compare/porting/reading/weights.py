"""The arrays of a file for the layers of a plan: complete, by name, of right shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from compare.kinds.graph import STUB, LayerPlan, ModelPlan
from compare.kinds.names import identifier, snake
from compare.listing import bounded
from compare.porting.reading import legacy
from compare.porting.reading.arrays import Shape
from compare.porting.reading.findings import Findings
from compare.porting.reading.leaves import Leaf, leaves_of
from compare.porting.reading.old_arrays import as_in_keras_3, backend_note
from compare.twins.files import hdf5, keras_layouts
from compare.twins.files.keras_store import KerasStore

LayerArrays = dict[str, np.ndarray]


def weights_of(
    store: KerasStore, model: ModelPlan, found: Findings, generation: int
) -> dict[str, LayerArrays]:
    """The arrays of each layer that has any, by its full name.

    Args:
        store: the file that holds them.
        model: the plan, whose layers tell how many arrays they have.
        found: takes problems: what is missing, left over or of another shape.
        generation: of the Keras that saved the weights: 1, 2 or 3.
    """
    leaves = list(leaves_of(model, found.classes))
    if store.is_legacy:
        in_file = legacy.arrays_by_layer(store.weights, leaves, found)
    else:
        in_file = _by_layer(store.weights, leaves, found)
    weights = {}
    for leaf in leaves:
        arrays = in_file.get(leaf.name, [])
        if leaf.plan.keras == STUB:
            weights[leaf.name] = _of_stub(arrays)
            continue
        if not arrays and not leaf.shapes:
            continue
        usual = as_in_keras_3(leaf.plan, arrays, generation, store.backend)
        note = backend_note(leaf.plan, generation, store.backend)
        if note:
            found.note(note)
        weights[leaf.name] = _named(leaf, usual, found)
    return weights


def _of_stub(arrays: Sequence[Any]) -> LayerArrays:
    """The arrays of a layer that is left for the user to write, as the file has them.

    Keras 3 numbers them; other Kerases have names. No two have one.
    """
    named: LayerArrays = {}
    for data in arrays:
        array = np.asarray(data[()])
        if array.dtype.kind != "f":
            continue
        word = str(getattr(data, "name", "")).split("/")[-1].split(":")[0]
        word = f"weight_{word}" if word.isdigit() else identifier(word)
        name, number = word, 1
        while name in named:
            number += 1
            name = f"{word}_{number}"
        named[name] = array
    return named


def _by_layer(
    group: Any, leaves: Sequence[Leaf], found: Findings
) -> dict[str, list[Any]]:
    """The arrays in a file of Keras 3 by the full name of their layer."""
    in_file = {}
    for stored in keras_layouts.leaves_of(group):
        in_file[keras_layouts.without_containers(stored.path)] = stored
    paths = {leaf.path for leaf in leaves}
    by_layer: dict[str, list[Any]] = {}
    for leaf in leaves:
        own_path, by_name = leaf.path, "/".join(leaf.steps)
        taken = _at(own_path, in_file)
        if not taken and by_name not in paths:
            taken = _at(by_name, in_file)
        arrays: list[Any] = []
        for path in taken:
            parts = in_file.pop(path).parts
            arrays += _flat({part: parts[part] for part in _ordered(leaf, parts)})
        # Others hold the state of a drawing, or of a sequence.
        if leaf.shapes or leaf.plan.keras == STUB:
            by_layer[leaf.name] = arrays
    _share(leaves, by_layer, found)
    for path, stored in in_file.items():
        if not _flat(stored.parts):
            continue
        if any(step in keras_layouts.CONTAINERS for step in stored.path.split("/")):
            found.problem(f"arrays of {path}, which the configuration does not have")
        else:
            found.note(f"arrays of {path or 'the model itself'} are of no layer")
    return by_layer


def _share(
    leaves: Sequence[Leaf], by_layer: dict[str, list[Any]], found: Findings
) -> None:
    """Give layers that stand in two models their arrays, which the file has once.

    All layers of one of the models are without arrays then.
    """
    holding = [leaf for leaf in leaves if leaf.shapes]
    models_at_hand = {leaf.steps[:-1] for leaf in holding if by_layer[leaf.name]}
    for leaf in holding:
        if by_layer[leaf.name] or leaf.steps[:-1] in models_at_hand:
            continue
        for twin in holding:
            is_twin = twin.plan == leaf.plan and twin.steps[-1] == leaf.steps[-1]
            if is_twin and by_layer.get(twin.name):
                by_layer[leaf.name] = by_layer[twin.name]
                found.note(f"{leaf.name}: read from {twin.name}, which it seems to be")
                break


def _at(path: str, in_file: Mapping[str, keras_layouts.Leaf]) -> list[str]:
    """The paths in a file of the groups of a layer, and of those inside it.

    What goes forward comes first.
    """
    inside = [key for key in in_file if key == path or key.startswith(f"{path}/")]
    return sorted(inside, key=lambda key: "backward_layer" in key)


def _ordered(leaf: Leaf, parts: Mapping[str, Any]) -> list[str]:
    """The parts of a layer in its order.

    Cells of a stack go by their classes in the file, and are read by alphabet.
    """
    places: dict[str, int] = {}
    for start, plan in _directions(leaf.plan):
        if plan.keras == "RNN" and len(plan.inside) > 1:
            by_alphabet = sorted(_paths(plan.inside), key=hdf5.natural)
            for place, path in enumerate(_paths(plan.inside)):
                places[f"{start}{by_alphabet.index(path)}."] = place

    def place_of(part: str) -> tuple[bool, int]:
        return part.startswith("backward."), places.get(part, 0)

    return sorted(parts, key=place_of)


def _directions(plan: LayerPlan) -> list[tuple[str, LayerPlan]]:
    """A layer, or both of a Bidirectional, with what their parts begin with."""
    while plan.keras == "TimeDistributed":
        plan = plan.inside[0]
    if plan.keras == "Bidirectional":
        return list(zip(("forward.", "backward."), plan.inside, strict=True))
    return [("", plan)]


def _paths(cells: Sequence[LayerPlan]) -> list[str]:
    """What cells of a stack are called in a file: by their class, and numbered."""
    paths: list[str] = []
    for cell in cells:
        cls = snake(cell.keras)
        number = sum(path.startswith(f"{cls}_") or path == cls for path in paths)
        paths.append(f"{cls}_{number}" if number else cls)
    return paths


def _flat(parts: Mapping[str, Mapping[str, Any]]) -> list[Any]:
    """The data sets of all parts of a layer."""
    return [data for arrays in parts.values() for data in arrays.values()]


def _named(leaf: Leaf, arrays: Sequence[Any], found: Findings) -> LayerArrays:
    """The arrays of a layer by name; what is wrong with them is a problem each."""
    if len(arrays) != len(leaf.shapes):
        names = bounded(leaf.shapes) or "no arrays"
        shapes = bounded(f"one of {tuple(array.shape)}" for array in arrays)
        found.problem(
            f"{leaf.name}: {leaf.plan.keras} has {names}, the file has "
            f"{shapes or 'no arrays'} for it"
        )
        return {}
    named = {}
    for (name, expected_shape), data in zip(leaf.shapes.items(), arrays, strict=True):
        shape = tuple(data.shape)
        if not _fits(expected_shape, shape):
            found.problem(
                f"{leaf.name}: {name} is of shape {_shown(expected_shape)}, got {shape}"
            )
            continue
        array = np.asarray(data[()])
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            found.problem(f"{leaf.name}: NaN or infinity in {name}")
        if name.endswith("variance") and (array < 0).any():
            found.problem(f"{leaf.name}: numbers below 0 in {name}")
        named[name] = array
    return named


def _fits(expected: Shape, shape: tuple[int, ...]) -> bool:
    """Whether a shape has the sizes that the configuration tells."""
    if expected is None:
        return True
    if len(expected) != len(shape):
        return False
    return all(size in (None, real) for size, real in zip(expected, shape, strict=True))


def _shown(shape: Shape) -> str:
    sizes = ["any" if size is None else str(size) for size in shape or ()]
    return f"({', '.join(sizes)})"
