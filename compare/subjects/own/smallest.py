"""The smallest case in which a pair still differs; loads both frameworks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from compare.diagnosing.shrinking import Shrinkable, Smallest, features_name, shrink
from compare.in_pytorch import precision as in_pytorch_precision
from compare.judging.arrays import sequence
from compare.judging.result import SAME, Result
from compare.subjects.built_in import shrinkable
from compare.subjects.cases import Case
from compare.subjects.own.building import build
from compare.subjects.own.calls import cut
from compare.subjects.own.layouts import build_laid_out
from compare.subjects.own.models import is_live
from compare.subjects.own.pair import OwnPair
from compare.subjects.own.run import settled  # loads PyTorch first
from compare.subjects.own.weights import AS_IS, loads
from compare.subjects.pairs import Pair
from compare.subjects.prices import Prices
from compare.twins.steadiness import SENTENCES
from compare.twins.twins import Twins


def smallest(
    pair: Pair | OwnPair, result: Result, prices: Prices, seed: int
) -> Smallest | None:
    """The least of a pair that differs as a result does.

    Args:
        pair: built-in, sizes as the prices have assets; or one's own.
        result: of this pair, and not as expected.
        prices: make the inputs of a built-in pair.
        seed: of the weights.

    Returns:
        None where it cannot shrink: building is refused, the pair is time-major, a
        model gives another result each time, or the inputs are the suite's own.
    """
    if result.timesteps is None and result.batch is None:
        return None
    if result.drawn:  # not the pair's own, and not kept
        return None
    if result.explanation and set(result.explanation.faults) & set(SENTENCES):
        return None
    if isinstance(pair, OwnPair):
        with settled(pair):
            return shrink(_shrinkable(pair, result))
    if pair.time_major:
        return None
    with in_pytorch_precision.one_thread():
        return shrink(shrinkable(pair, result, prices, seed))


def _shrinkable(pair: OwnPair, result: Result) -> Shrinkable:
    """A pair of one's own that differed, ready to be made smaller."""
    sizes: dict[str, int] = {}
    anew = not any(is_live(side, model) for side, model in pair.models.items())
    if anew and result.direction != AS_IS:
        sizes = _shared_sizes(pair)
    pair, built = build_laid_out(pair, [], build)
    whole, length = built.twins, built.length
    batch = result.batch
    assert batch is not None  # the models were built and ran

    def build_smaller(
        sizes: Mapping[str, int], arrays: tuple[np.ndarray, ...]
    ) -> Twins:
        models: Mapping[Any, Any] = pair.models
        if sizes:
            models = {
                side: partial(model, **sizes) for side, model in pair.models.items()
            }
        smaller = replace(pair, arrays=arrays, models=models)
        twins = build(smaller, []).twins
        load = loads(smaller, twins, [])[result.direction]
        load(twins)
        return twins

    def cut_inputs(batch: int, timesteps: int | None) -> tuple[np.ndarray, ...]:
        case = Case(None, timesteps or result.timesteps, batch, SAME)
        return cut(pair.arrays, whole.inputs, case)

    x = sequence(pair.arrays)
    if x is None:
        x = pair.arrays[0]
    return Shrinkable(
        build_smaller,
        cut_inputs,
        batch,
        result.timesteps if length is None else None,
        sizes,
        features_name(sizes, x),
        pair.layout,
    )


def _shared_sizes(pair: OwnPair) -> dict[str, int]:
    """Whole numbers that both functions take by name, and by default the same."""
    torch, keras = (_default_sizes(model) for model in pair.models.values())
    return {name: size for name, size in torch.items() if keras.get(name) == size}


def _default_sizes(make: Any) -> dict[str, int]:
    """The arguments of a function or class whose default is a whole number."""
    sizes = {}
    for parameter in inspect.signature(make).parameters.values():
        if type(parameter.default) is int:  # not a bool, which is an int too
            sizes[parameter.name] = parameter.default
    return sizes
