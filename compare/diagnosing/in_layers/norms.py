"""How two layers that normalise do so otherwise: their epsilon and their statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from compare.diagnosing.finding import Finding, Reading, named
from compare.diagnosing.finding import reading as read
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.judging.evidence import OTHER, SIDES
from compare.kinds.mistake import Computation
from compare.mistakes import MISTAKES

BATCH = "statistics of the batch for learnt statistics"
DEFAULTS = (1e-5, 1e-3)


def normalises(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """What a layer that normalises makes of the same input and weights."""
    sides = {"torch": isolated.torch, "keras": isolated.keras}
    own = [found.call(layer).options.get("epsilon") for found in sides.values()]
    ways = {}
    for side, found in sides.items():
        call, made = found.call(layer), found.made[layer]
        ways[side] = [
            (epsilon, of_batch)
            for epsilon in dict.fromkeys((*own, *DEFAULTS))
            for of_batch in (False, True)
            if near(call.run(epsilon=epsilon, training=of_batch), made)
        ]
        if not ways[side]:
            what = "what is made of the same input and weights is"
            unknown = f"{what} something unknown in {SIDES[side]}"
            yield Finding(layer, unknown=unknown)
            return
    if set(ways["torch"]) & set(ways["keras"]):
        return
    chosen = {side: found[0] for side, found in ways.items()}
    arrays, (epsilon, of_batch) = isolated.weights["keras"][layer], chosen["keras"]
    cure = Computation(
        lambda call: replace(call, arrays=arrays).run(
            epsilon=epsilon, training=of_batch
        )
    )
    batched = [side for side in SIDES if chosen[side][1]]
    if len(batched) == 1:
        (side,) = batched
        found = read(isolated.name(layer, side), side, named(BATCH))
        yield Finding(layer, (found,), cure=cure)
    epsilons = {side: each[0] for side, each in chosen.items()}
    if epsilons["torch"] != epsilons["keras"]:
        yield Finding(layer, _epsilons(layer, isolated, epsilons), cure=cure)


def _epsilons(layer, isolated, epsilons):
    """Whose epsilon may be wrong; by name where one is a default of the other side."""
    written = {side: _written(epsilon) for side, epsilon in epsilons.items()}
    readings = [
        read(isolated.name(layer, side), side, mistake)
        for mistake in MISTAKES
        for side, other in OTHER.items()
        if mistake.name == f"epsilon {written[side]} for {written[other]}"
    ]
    if readings:
        return tuple(readings)
    said = f"{written['torch']} in PyTorch, {written['keras']} in Keras"
    fix = (
        f"either {isolated.name(layer, 'torch')} of PyTorch: eps={written['keras']} or "
        f"{isolated.name(layer, 'keras')} of Keras: epsilon={written['torch']}"
    )
    said = f"in {layer}, the epsilon below the root is {said}"
    return (Reading("", (), said, fix),)


def _written(epsilon):
    return f"{epsilon:g}".replace("e-0", "e-").replace("0.001", "1e-3")
