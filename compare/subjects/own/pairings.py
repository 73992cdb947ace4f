"""Layers of the same kind and sizes, and which of them is whose twin: found by trying.

The order of execution tells layers apart in a chain. Where a model branches it need not
be that of its twin: Keras computes a functional model in an order of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, permutations, product

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


@dataclass(frozen=True)
class Pairing:
    """Another way to pair layers than by the order of execution.

    Args:
        exchanged: {PyTorch layer: the one whose twins it takes}.
        fits: whether the models are the same with it.
    """

    exchanged: dict[str, str]
    fits: bool


def better(
    twins: Twins,
    groups: Sequence[Sequence[str]],
    arrays: tuple[np.ndarray, ...],
    seed: int,
) -> Pairing | None:
    """A way to pair layers with which more of them, or the models, are the same.

    Models that differ elsewhere are the same with no pairing. Then the one counts with
    which most layers of the groups make the same.

    Args:
        twins: matched, and different; both in float64. Their weights are changed.
        groups: as `interchangeable` returns them.
        arrays: one for each input.
        seed: of the random weights with which it is tried.

    Returns:
        None where no other way is better than the present one.
    """
    twins.load("to_keras", partial(fresh_weights, seed=[seed, 2]))
    torch, keras = (twins.twin(side, "float64") for side in LAYERS)
    torch_layers = LAYERS["torch"].layers(torch.model)
    keras_layers = LAYERS["keras"].layers(keras.model)
    expected = torch(*arrays)
    assert twins.outputs is not None  # named at the latest when they first ran
    grouped = [*chain.from_iterable(groups)]
    best, most = None, 0
    for exchanged in islice(_pairings(groups), MOST_PAIRINGS):
        twins_of = {name: exchanged.get(name, name) for name in torch_layers}
        # The arrays of each layer, in the shapes of the twin that it is to take.
        targets = {name: keras_layers[twin] for name, twin in twins_of.items()}
        rewritten, _ = rewrite(torch_layers, targets, "to_keras", strict=False)
        weights = {twins_of[name]: layer for name, layer in rewritten.items()}
        LAYERS["keras"].load(keras.model, weights)
        results = keras(*arrays)
        is_present = all(name == twin for name, twin in exchanged.items())
        if all(near(expected[name], results[name]) for name in twins.outputs):
            return None if is_present else Pairing(exchanged, fits=True)
        alike = sum(
            _make_the_same(expected, results, name, twins_of[name]) for name in grouped
        )
        if alike > most:
            best, most = exchanged, alike
            if is_present:
                best = None
    return None if best is None else Pairing(best, fits=False)


def _make_the_same(
    expected: Mapping[str, np.ndarray],
    results: Mapping[str, np.ndarray],
    layer: str,
    twin: str,
) -> bool:
    """Whether a layer made what another one is to make, as far as stages are named."""
    compared = 0
    for stage, array in expected.items():
        if stage == layer or stage.startswith(f"{layer}."):
            result = results.get(f"{twin}{stage.removeprefix(layer)}")
            if result is None:
                continue
            if result.shape != array.shape or not near(array, result):
                return False
            compared += 1
    return compared > 0


def _pairings(groups: Sequence[Sequence[str]]) -> Iterator[dict[str, str]]:
    """Every way to pair the layers of groups, the present one first."""
    orders = [islice(permutations(names), MOST_PAIRINGS) for names in groups]
    for pairing in product(*orders):
        exchanged: dict[str, str] = {}
        for names, order in zip(groups, pairing, strict=True):
            exchanged |= dict(zip(names, order, strict=True))
        yield exchanged
