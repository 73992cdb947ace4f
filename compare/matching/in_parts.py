"""Layers of PyTorch that are several beside each other in Keras."""

from __future__ import annotations

from compare import kinds
from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.kinds.recurrent import suffix_of
from compare.matching.fitting import key_of_dense, key_of_direction
from compare.matching.free import Free


def parts_beside(layer: Layer, free: Free) -> list[str]:
    """Return the layers of Keras that are a layer of PyTorch together; none if none.

    They are the two directions of a recurrent layer, or dense layers of one input whose
    results are put side by side.

    Args:
        layer: of PyTorch.
        free: layers of Keras that have no twin yet.
    """
    if any(name.endswith("_reverse") for name in layer.arrays):
        return _two_directions(layer, free)
    if plain(layer.kind) in kinds.BY_NAME["Linear"].torch:
        return _side_by_side(layer, free)
    return []


def _two_directions(layer: Layer, free: Free) -> list[str]:
    """One layer that reads forward and one that reads backward, for each in a stack."""
    suffixes = list(dict.fromkeys(map(suffix_of, layer.arrays)))
    twins: list[str] = []
    for suffix in suffixes:
        arrays = {n: a for n, a in layer.arrays.items() if suffix_of(n) == suffix}
        key = key_of_direction(arrays, suffix.endswith("_reverse"))
        twin = free.first_in_direction(layer, key, but=twins)
        if twin is not None:
            twins.append(twin)
    return twins if len(twins) == len(suffixes) else []


def _side_by_side(layer: Layer, free: Free) -> list[str]:
    """The first dense layers in a row whose units are those of PyTorch's layer."""
    if "weight" not in layer.arrays:  # computed from others, by weight_norm
        return []
    outputs, features = layer.arrays["weight"].shape
    twins: list[str] = []
    total = 0
    for name, is_beside in free.in_order(
        key_of_dense(features, "bias" in layer.arrays)
    ):
        if not is_beside:
            twins, total = [], 0
        twins.append(name)
        total += _units(free.layers[name])
        while total > outputs:
            total -= _units(free.layers[twins.pop(0)])
        if total == outputs:
            return twins
    return []


def _units(dense: Layer) -> int:
    units: int = dense.arrays["kernel"].shape[1]
    return units
