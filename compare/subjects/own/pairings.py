"""Layers of the same kind and sizes, and which of them is whose twin: found by trying.

The order of execution tells layers apart in a chain. Where a model branches it need not
be that of its twin: Keras computes a functional model in an order of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, permutations, product

import numpy as np

from compare.judging.distances import near
from compare.matching.matching import automatic, common_part
from compare.matching.rewriting import rewrite
from compare.twins.frameworks import LAYERS
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

MOST = 24  # ways to pair them that are tried: all of four layers


def interchangeable(
    twins: Twins, table: Mapping[str, str | Sequence[str]]
) -> list[list[str]]:
    """Groups of layers that could be each other's twins as well.

    Not those that have the same name in both models, given by their users, nor layers
    of different parts that have.

    Args:
        twins: matched.
        table: layers that the user settled.

    Returns:
        Names of PyTorch's layers, those of a group together.
    """
    groups = {}
    layers = LAYERS["torch"].layers(twins.twins["torch", "float32"].model)
    for name, each in twins.found.items():
        if name not in table and (each != [name] or automatic(name)):
            shapes = tuple((k, a.shape) for k, a in layers[name].arrays.items())
            key = layers[name].kind, shapes, common_part(name, each)
            groups.setdefault(key, []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def others_that_fit(
    twins: Twins,
    groups: Sequence[Sequence[str]],
    arrays: tuple[np.ndarray, ...],
    seed: int,
) -> dict[str, str] | None:
    """Another way to pair layers, with which the models are the same.

    Args:
        twins: matched, and different; both in float64. Their weights are changed.
        groups: as `interchangeable` returns them.
        arrays: one for each input.
        seed: of the random weights with which it is tried.

    Returns:
        Whose twin each layer of the groups takes; None where no other way fits.
    """
    twins.load("to_keras", partial(fresh_weights, seed=[seed, 2]))
    torch, keras = (twins.twins[side, "float64"] for side in LAYERS)
    have, places = (
        LAYERS[side].layers(twin.model)
        for side, twin in (("torch", torch), ("keras", keras))
    )
    want = torch(*arrays)
    for other in islice(_others(groups), MOST):
        turned = {name: places[other.get(name, name)] for name in have}
        made, _ = rewrite(have, turned, "to_keras", strict=False)
        made = {other.get(name, name): each for name, each in made.items()}
        LAYERS["keras"].load(keras.model, made)
        got = keras(*arrays)
        if all(near(want[name], got[name]) for name in twins.outputs):
            return other
    return None


def _others(groups) -> Iterator[dict[str, str]]:
    """Every way to pair the layers of groups but the present one."""
    ways = product(*(islice(permutations(names), MOST) for names in groups))
    next(ways)
    for way in ways:
        yield {
            name: twin
            for names, turned in zip(groups, way, strict=True)
            for name, twin in zip(names, turned, strict=True)
        }
