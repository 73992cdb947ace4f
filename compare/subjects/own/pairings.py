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

MOST_PAIRINGS = 24  # that are tried: all of four layers


def interchangeable(
    twins: Twins, table: Mapping[str, str | Sequence[str]]
) -> list[list[str]]:
    """Groups of layers that could be each other's twins as well.

    Left out are layers that their users gave the same name in both models, and layers
    of different parts that have such a name are not in one group.

    Args:
        twins: matched.
        table: layers that the user settled.

    Returns:
        Names of PyTorch's layers, those of a group together.
    """
    groups: dict[tuple, list[str]] = {}
    layers = LAYERS["torch"].layers(twins.model("torch", "float32"))
    for name, keras_names in twins.matched.items():
        named_alike = keras_names == [name] and not automatic(name)
        if name in table or named_alike:
            continue
        layer = layers[name]
        shapes = tuple((key, array.shape) for key, array in layer.arrays.items())
        group = common_part(name, keras_names)
        groups.setdefault((layer.kind, shapes, group), []).append(name)
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
        {PyTorch layer: the one whose twins it takes}, for each layer of the groups;
        None where no other way fits.
    """
    twins.load("to_keras", partial(fresh_weights, seed=[seed, 2]))
    torch, keras = (twins.twin(side, "float64") for side in LAYERS)
    torch_layers = LAYERS["torch"].layers(torch.model)
    keras_layers = LAYERS["keras"].layers(keras.model)
    expected = torch(*arrays)
    assert twins.outputs is not None  # named at the latest when they first ran
    for exchanged in islice(_pairings(groups), MOST_PAIRINGS):
        twins_of = {name: exchanged.get(name, name) for name in torch_layers}
        # The arrays of each layer, in the shapes of the twin that it is to take.
        targets = {name: keras_layers[twin] for name, twin in twins_of.items()}
        rewritten, _ = rewrite(torch_layers, targets, "to_keras", strict=False)
        weights = {twins_of[name]: layer for name, layer in rewritten.items()}
        LAYERS["keras"].load(keras.model, weights)
        results = keras(*arrays)
        if all(near(expected[name], results[name]) for name in twins.outputs):
            return exchanged
    return None


def _pairings(groups: Sequence[Sequence[str]]) -> Iterator[dict[str, str]]:
    """Every way to pair the layers of groups but the present one."""
    orders = [islice(permutations(names), MOST_PAIRINGS) for names in groups]
    all_pairings = product(*orders)
    next(all_pairings)  # the present one
    for pairing in all_pairings:
        exchanged: dict[str, str] = {}
        for names, order in zip(groups, pairing, strict=True):
            exchanged |= dict(zip(names, order, strict=True))
        yield exchanged
