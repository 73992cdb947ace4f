"""The smallest case in which a pair still differs; loads both frameworks."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import partial

from compare.diagnosing.shrinking import Shrinkable, Smallest, features_name, shrink
from compare.in_pytorch import precision as in_pytorch_precision
from compare.judging.arrays import sequence
from compare.judging.evidence import Result
from compare.subjects.built_in import shrinkable
from compare.subjects.cases import Case
from compare.subjects.own import calls as own_inputs
from compare.subjects.own import models as live
from compare.subjects.own import run as own  # loads PyTorch first
from compare.subjects.own import weights as own_weights
from compare.subjects.own.pair import OwnPair
from compare.subjects.pairs import Pair
from compare.subjects.prices import Prices
from compare.twins.steadiness import SENTENCES


def smallest(
    pair: Pair | OwnPair, result: Result, prices: Prices, seed: int
) -> Smallest | None:
    """The least of a pair that differs as a result does.

    None where it cannot shrink: building is refused, the pair is time-major, or a model
    gives another result each time.

    Args:
        pair: built-in, sizes as the prices have assets; or one's own.
        result: of this pair, and not as expected.
        prices: give the inputs of a built-in pair.
        seed: of the weights.
    """
    if result.timesteps is None and result.batch is None:
        return None
    if result.explanation and set(result.explanation.faults) & set(SENTENCES):
        return None
    if isinstance(pair, OwnPair):
        with own.settled(pair):
            return shrink(_own(pair, result))
    if pair.time_major:
        return None
    with in_pytorch_precision.one_thread():
        return shrink(shrinkable(pair, result, prices, seed))


def _own(pair, result):
    anew = not any(live.is_live(side, model) for side, model in pair.models.items())
    sizes = _sizes(pair) if anew and result.direction != own_weights.AS_IS else {}
    whole, free = own.build(pair, [])
    steps = None if free is not None else result.timesteps

    def build(sizes, inputs):
        made = replace(
            pair,
            arrays=inputs,
            models={
                s: partial(m, **sizes) if sizes else m for s, m in pair.models.items()
            },
        )
        twins, _ = own.build(made, [])
        own_weights.loads(made, twins, [])[result.direction](twins)
        return twins

    def cut(batch, timesteps):
        case = Case(None, timesteps or result.timesteps, batch, "")
        return own_inputs.cut(pair.arrays, whole.inputs, case)

    x = sequence(pair.arrays)
    return Shrinkable(
        build,
        cut,
        result.batch,
        steps,
        sizes,
        features_name(sizes, pair.arrays[0] if x is None else x),
    )


def _sizes(pair):
    """Whole numbers that both functions take by name, and by default the same."""
    both = []
    for model in pair.models.values():
        found = inspect.signature(model).parameters.values()
        both.append({p.name: p.default for p in found if type(p.default) is int})
    first, second = both
    return {n: size for n, size in first.items() if second.get(n) == size}
