"""Layers of PyTorch that are several beside each other in Keras."""

from __future__ import annotations

import re

from compare import kinds
from compare.kinds.attention import PROJECTIONS, Projection
from compare.kinds.attention import projections as attention_projections
from compare.kinds.layer import Layer
from compare.kinds.names import plain
from compare.kinds.recurrent import suffix_of
from compare.matching.fitting import key_of_dense, key_of_direction
from compare.matching.free import Free, part_of


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


def projections(layer: Layer, free: Free, group: str = "") -> list[str]:
    """Return the dense layers of Keras that are PyTorch's attention; none if none.

    They are the first four in a row, of the sizes of its projections: by their names,
    or else in their order, those of queries, of keys, of values and of the output.

    Args:
        layer: of PyTorch.
        free: layers of Keras that have no twin yet.
        group: of the model that they must be in; empty for any.
    """
    if layer.kind not in kinds.BY_NAME["MultiheadAttention"].torch:
        return []
    sizes = [(p.weight.shape[1], p.weight.shape[0]) for p in _projections(layer)]
    biased = "out_proj.bias" in layer.arrays
    row: list[str] = []
    for name, twin in free.layers.items():
        shape = twin.arrays["kernel"].shape if plain(twin.kind) == "Dense" else ()
        if (
            len(shape) != 2
            or biased != ("bias" in twin.arrays)
            or part_of(name) != (group or part_of(name))
        ):
            row = []
            continue
        row = [*row[-3:], name]
        kernels = [free.layers[twin].arrays["kernel"].shape for twin in row]
        if kernels == sizes:
            return _by_letters(row)
    return []


def _projections(layer: Layer) -> list[Projection]:
    """Those of queries, keys, values and the output, in this order."""
    by_name = attention_projections(layer.arrays)
    return [by_name[name] for name in (*PROJECTIONS, "output")]


def _by_letters(names: list[str]) -> list[str]:
    """Four names in the order q, k, v, output, if their first three tell."""
    by_letter = {}
    for name in names[:3]:
        last_name = name.rpartition(".")[2].lower()
        for word in PROJECTIONS:
            if re.search(rf"{word[:4]}|(^|_|w){word[0]}(_|$|\d|proj)", last_name):
                by_letter[word] = name
    if len(set(by_letter.values())) < 3:
        return names
    return [*(by_letter[word] for word in PROJECTIONS), names[3]]


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
