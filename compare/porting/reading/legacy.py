"""Which layer each array of an HDF5 file of Keras 1 or 2 is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compare.kinds.graph import STUB
from compare.listing import bounded
from compare.porting.reading.arrays import STATISTICS
from compare.porting.reading.findings import Findings
from compare.porting.reading.leaves import Leaf
from compare.twins.files import hdf5

if TYPE_CHECKING:
    import h5py


@dataclass(frozen=True)
class _Stored:
    """A data set of a layer.

    Args:
        steps: of its path, without the name of the array.
        name: of the array, such as "kernel".
        data: the data set.
    """

    steps: tuple[str, ...]
    name: str
    data: Any


def arrays_by_layer(
    group: h5py.Group, leaves: Sequence[Leaf], found: Findings
) -> dict[str, list[Any]]:
    """The arrays of each layer in the order of the file, by its full name.

    Args:
        group: of the file's weights.
        leaves: the layers of the plan.
        found: takes a problem with arrays that are of none.
    """
    by_layer: dict[str, list[Any]] = {}
    inside: dict[str, list[Leaf]] = {}
    by_last_name: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        inside.setdefault(leaf.steps[0], []).append(leaf)
        by_last_name.setdefault(leaf.steps[-1], []).append(leaf)
    by_name: dict[str, list[_Stored]] = {}
    for name in hdf5.names(group, "layer_names"):
        stored = list(_stored(group, name))
        if stored:
            by_name[name] = stored
    for name, stored in _in_configuration(by_name, inside, found).items():
        if name not in inside and len(by_last_name.get(name, [])) == 1:
            (leaf,) = by_last_name[name]  # Keras 1 kept no models in a Sequential apart
            by_layer[leaf.name] = [item.data for item in _in_order(leaf, stored)]
        elif name not in inside:
            found.problem(f"arrays of {name}, which the configuration does not have")
        elif len(inside[name]) == 1 and len(inside[name][0].steps) == 1:
            leaf = inside[name][0]
            by_layer[leaf.name] = [item.data for item in _in_order(leaf, stored)]
        else:
            by_layer |= _of_model(name, inside[name], stored, found)
    return by_layer


def _in_configuration(
    by_name: dict[str, list[_Stored]],
    inside: Mapping[str, Sequence[Leaf]],
    found: Findings,
) -> dict[str, list[_Stored]]:
    """The data sets of each layer, by its name in the configuration.

    Keras goes by the order of layers with arrays and never reads their names, which are
    others where the configuration was made anew.

    Args:
        by_name: as the file names the layers.
        inside: the layers of the plan, by the first of their names.
        found: takes a note where names are not those of the file.
    """
    expected = []
    for name, leaves in inside.items():
        if any(leaf.shapes for leaf in leaves):
            expected.append(name)
    pairs = list(zip(by_name, expected, strict=False))
    moved = [pair for pair in pairs if pair[0] != pair[1]]
    is_known = any(name in inside for name, _ in moved)
    if not moved or is_known or len(by_name) != len(expected):
        return by_name
    for old, new in moved:
        if any(old in (leaf.steps[-1], leaf.name) for leaf in inside[new]):
            return by_name
    names = bounded(f"{new} from {old}" for old, new in moved)
    found.note(f"arrays go by the order of layers, as Keras reads them: {names}")
    return {new: by_name[old] for old, new in pairs}


def _stored(group: h5py.Group, layer: str) -> Iterator[_Stored]:
    """The data sets of a layer or of a model, in their order."""
    held = hdf5.child(group, layer)
    for weight in hdf5.names(held, "weight_names"):
        data = hdf5.child(held, weight)
        *steps, name = weight.split("/")
        yield _Stored(tuple(steps), name.split(":")[0], data)


def _in_order(leaf: Leaf, stored: list[_Stored]) -> list[_Stored]:
    """The data sets of a layer in the order of its arrays, which names may tell.

    A layer of which a part is not trained has its arrays in another order.
    """
    names = [name.split(".")[-1] for name in leaf.shapes]
    if [item.name for item in stored] == names or len(stored) != len(names):
        return stored
    if len(set(names)) < len(names) or {item.name for item in stored} != set(names):
        return stored
    return sorted(stored, key=lambda item: names.index(item.name))


def _of_model(
    name: str, leaves: list[Leaf], stored: list[_Stored], found: Findings
) -> dict[str, list[Any]]:
    """The arrays of the layers of a model in a model."""
    holding = [leaf for leaf in leaves if leaf.shapes]
    stubs = [leaf for leaf in leaves if leaf.plan.keras == STUB]
    stored = [item for item in stored if not any(_common(leaf, item) for leaf in stubs)]
    for split in (_by_names(holding, stored), *_by_order(holding, stored)):
        if split is not None and _fit(holding, split):
            return {
                leaf.name: [item.data for item in _in_order(leaf, split[leaf.name])]
                for leaf in holding
            }
    expected = sum(len(leaf.shapes) for leaf in holding)
    found.problem(
        f"{name}: the model has {expected} arrays, of "
        f"{bounded(leaf.name for leaf in holding)}; the file has {len(stored)} that "
        "are not of these"
    )
    return {}


Split = dict[str, list[_Stored]]


def _by_names(leaves: Sequence[Leaf], stored: Iterable[_Stored]) -> Split | None:
    """The data sets of each layer whose name is in their path; None if one has none."""
    split: Split = {leaf.name: [] for leaf in leaves}
    for item in stored:
        ranked = []
        for leaf in leaves:
            count = _common(leaf, item)
            if count:
                ranked.append((count, leaf.name))
        best = max((count for count, _ in ranked), default=0)
        names = [name for count, name in ranked if count == best]
        if len(names) != 1:
            return None
        split[names[0]].append(item)
    return split


def _common(leaf: Leaf, item: _Stored) -> int:
    """How many of the names around a layer are in a path; 0 without its own."""
    path = "/".join(("", *item.steps, ""))
    if f"/{leaf.steps[-1]}/" not in path:
        return 0
    return sum(f"/{step}/" in path for step in leaf.steps)


def _by_order(leaves: Sequence[Leaf], stored: Sequence[_Stored]) -> Iterator[Split]:
    """The data sets in their order: all trained ones first, or layer by layer."""
    if len(stored) != sum(len(leaf.shapes) for leaf in leaves):
        return
    trained: list[str] = []
    others: list[str] = []
    layers: list[str] = []
    for leaf in leaves:
        for array in leaf.shapes:
            layers.append(leaf.name)
            is_statistic = array.split(".")[-1] in STATISTICS
            (others if is_statistic else trained).append(leaf.name)
    for order in ([*trained, *others], layers):
        split: Split = {leaf.name: [] for leaf in leaves}
        for layer, item in zip(order, stored, strict=True):
            split[layer].append(item)
        yield split


def _fit(leaves: Iterable[Leaf], split: Split) -> bool:
    """Whether each layer has as many arrays as it should, of as many axes."""
    for leaf in leaves:
        items = _in_order(leaf, split[leaf.name])
        if len(items) != len(leaf.shapes):
            # Keras 1 kept the arrays of each gate apart.
            return len(items) in (9, 12) and leaf.plan.keras in ("LSTM", "GRU")
        for shape, item in zip(leaf.shapes.values(), items, strict=True):
            if shape is not None and len(shape) != len(item.data.shape):
                return False
    return True
