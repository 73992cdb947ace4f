"""Layers of the same kind and sizes, and which of them is whose twin: found by trying.

The order of execution tells layers apart in a chain. Where a model branches it need not
be that of its twin: Keras computes a functional model in an order of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, permutations, product
from math import factorial, prod
from operator import itemgetter

import numpy as np

from compare.diagnosing.isolation import isolate
from compare.errors import BadInput
from compare.judging.distances import near
from compare.kinds import RECURRENT
from compare.kinds.names import plain
from compare.matching.matching import automatic, common_part
from compare.matching.rewriting import rewrite
from compare.twins.frameworks import LAYERS
from compare.twins.twins import Twins
from compare.twins.weights import fresh_weights

MOST_PAIRINGS = 24  # that are tried: all of four layers, of more two exchanged


def interchangeable(
    twins: Twins, table: Mapping[str, str | Sequence[str]]
) -> list[list[str]]:
    """Groups of layers that could be each other's twins as well.

    Left out are layers that their users gave the same name in both models, such as
    `convs.1` and `convs_1`. Layers of parts that both models have are in one group with
    those of the same part, and `blocks.0.gate` and `gate0` with other gates.

    Args:
        twins: matched.
        table: layers that the user settled.

    Returns:
        Names of PyTorch's layers, those of a group together.
    """
    groups: dict[tuple, list[str]] = {}
    layers = LAYERS["torch"].layers(twins.model("torch", "float32"))
    for name, keras_names in twins.matched.items():
        in_keras = name.replace(".", "_")
        is_alike = keras_names == [name] or keras_names == [in_keras]
        named_alike = is_alike and not automatic(name)
        if name in table or named_alike:
            continue
        layer = layers[name]
        shapes = tuple((key, array.shape) for key, array in layer.arrays.items())
        group = common_part(name, keras_names), _common_word(name, keras_names)
        groups.setdefault((layer.kind, shapes, group), []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _common_word(name: str, keras_names: Sequence[str]) -> str:
    """The last word of a layer's name that its twins have as well, but for numbers.

    Returns:
        "" where they have another one, or the name that Keras gives by itself.
    """
    words = set()
    for side_name in (name, *keras_names):
        letters = [word for word in re.split(r"[^a-z]+", side_name.lower()) if word]
        words.add(letters[-1] if letters else "")
    if len(words) > 1 or any(map(automatic, keras_names)):
        return ""
    return words.pop()


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
    which most stages are the same.

    Args:
        twins: matched, and different; both in float64. Their weights are changed.
        groups: as `interchangeable` returns them.
        arrays: one for each input.
        seed: of the random weights with which it is tried.

    Returns:
        None where no other way is better than the present one.
    """
    attempt = _Attempt(twins, arrays, seed)
    best = _by_swaps(groups, attempt)
    if not attempt.are_same(best) and _ways(groups) <= MOST_PAIRINGS:
        for exchanged in _pairings(groups):
            if attempt.count(exchanged) > attempt.count(best):
                best = exchanged
    if not best:
        best = _by_what_follows(groups, attempt)
    return Pairing(best, attempt.are_same(best)) if best else None


class _Attempt:
    """Gives Keras's layers the weights of others, and compares what the models do.

    Args:
        twins: matched; their weights are changed.
        arrays: one for each input.
        seed: of the random weights.
    """

    def __init__(self, twins: Twins, arrays: tuple[np.ndarray, ...], seed: int) -> None:
        twins.load("to_keras", partial(fresh_weights, seed=[seed, 2]))
        torch, self._keras = (twins.twin(side, "float64") for side in LAYERS)
        self._twins = twins
        self._torch_layers = LAYERS["torch"].layers(torch.model)
        self._keras_layers = LAYERS["keras"].layers(self._keras.model)
        self._expected = torch(*arrays)
        self._arrays = arrays
        assert twins.outputs is not None  # named at the latest when they first ran
        self._outputs = twins.outputs
        self._like: dict[tuple, frozenset[str]] = {}

    def are_same(self, exchanged: Mapping[str, str]) -> bool:
        """Whether the models return the same with layers exchanged."""
        return self.like(exchanged).issuperset(self._outputs)

    def like(self, exchanged: Mapping[str, str]) -> frozenset[str]:
        """The stages that are the same with layers exchanged, by PyTorch's names."""
        key = tuple(sorted(exchanged.items()))
        if key not in self._like:
            self._like[key] = self._stages_alike(exchanged)
        return self._like[key]

    def count(self, exchanged: Mapping[str, str]) -> int:
        """How many stages are the same with layers exchanged."""
        return len(self.like(exchanged))

    def are_recurrent(self, names: Sequence[str]) -> bool:
        """Whether all of some layers of PyTorch are recurrent."""
        return all(plain(self._torch_layers[name].kind) in RECURRENT for name in names)

    def features_alike(self, exchanged: Mapping[str, str]) -> int:
        """How many features the other layers are given alike with layers exchanged."""
        self._stages_alike(exchanged)  # which loads the weights
        try:
            isolated = isolate(self._twins, self._arrays)
        except BadInput:
            return 0
        number = 0
        for name, x in isolated.torch.layer_inputs.items():
            keras_x = isolated.keras.layer_inputs.get(name)
            if name in exchanged or keras_x is None or keras_x.shape != x.shape:
                continue
            for feature in range(x.shape[-1]):
                number += near(x[..., feature], keras_x[..., feature])
        return number

    def _stages_alike(self, exchanged: Mapping[str, str]) -> frozenset[str]:
        twins_of = {name: exchanged.get(name, name) for name in self._torch_layers}
        # The arrays of each layer, in the shapes of the twin that it is to take.
        targets = {name: self._keras_layers[twin] for name, twin in twins_of.items()}
        rewritten, _ = rewrite(self._torch_layers, targets, "to_keras", strict=False)
        weights = {twins_of[name]: layer for name, layer in rewritten.items()}
        LAYERS["keras"].load(self._keras.model, weights)
        results = self._keras(*self._arrays)
        alike = []
        for name, stage in self._expected.items():
            stage_in_keras = _in_keras(name, twins_of)
            if stage_in_keras in results and near(stage, results[stage_in_keras]):
                alike.append(name)
        return frozenset(alike)


def _in_keras(stage: str, twins_of: Mapping[str, str]) -> str:
    """What a stage of PyTorch is called in Keras.

    Args:
        stage: a layer, such as `rnn`, or a state of it, such as `rnn.h`.
        twins_of: {PyTorch layer: the one whose twins it takes}.
    """
    if stage in twins_of:
        return twins_of[stage]
    layer, _, state = stage.rpartition(".")
    return f"{twins_of[layer]}.{state}" if layer in twins_of else stage


def _by_swaps(groups: Sequence[Sequence[str]], attempt: _Attempt) -> dict[str, str]:
    """Two layers exchanged, then two more, as long as more stages are the same.

    In attention by hand Keras calls the keys before the queries where it transposes
    them, and so it is in each of several. Layers called next to each other come first.

    Args:
        groups: as `interchangeable` returns them.
        attempt: tells which stages are the same.

    Returns:
        The layer whose twins each takes; nothing where the present way is the best.
    """
    pairs = []
    for names in groups:
        for (place, name), (later, opposite) in combinations(enumerate(names), 2):
            pairs.append((later - place, name, opposite))
    pairs.sort(key=itemgetter(0))
    best: dict[str, str] = {}
    every = {name: name for names in groups for name in names}
    for _, name, opposite in pairs[:MOST_PAIRINGS]:
        exchanged = every | best
        exchanged[name], exchanged[opposite] = exchanged[opposite], exchanged[name]
        if attempt.count(exchanged) > attempt.count(best):
            best = exchanged
        if attempt.are_same(best):
            break
    return best


def _by_what_follows(
    groups: Sequence[Sequence[str]], attempt: _Attempt
) -> dict[str, str]:
    """Two recurrent layers exchanged, if what follows them is given more alike then.

    Where one of two directions reads the wrong way, either pairing has one layer that
    is the same; where the two are joined, one pairing has one part that is the same.

    Args:
        groups: as `interchangeable` returns them.
        attempt: tells what is the same.

    Returns:
        The layer whose twins each takes; nothing where the present way is the best.
    """
    for names in groups:
        if len(names) != 2 or not attempt.are_recurrent(names):
            continue
        exchanged = dict(zip(names, reversed(names), strict=True))
        if attempt.count(exchanged) < attempt.count({}):
            continue
        present = {name: name for name in names}
        if attempt.features_alike(exchanged) > attempt.features_alike(present):
            return exchanged
    return {}


def _ways(groups: Sequence[Sequence[str]]) -> int:
    """In how many ways the layers of groups can be paired."""
    return prod(factorial(len(names)) for names in groups)


def _pairings(groups: Sequence[Sequence[str]]) -> Iterator[dict[str, str]]:
    """Every way to pair the layers of groups but the present one."""
    all_pairings = product(*map(permutations, groups))
    next(all_pairings)  # the present one
    for pairing in all_pairings:
        exchanged: dict[str, str] = {}
        for names, order in zip(groups, pairing, strict=True):
            exchanged |= dict(zip(names, order, strict=True))
        yield exchanged
