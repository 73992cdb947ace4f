"""How two layers that normalise do so otherwise: an option, or a known mistake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from compare.diagnosing.finding import Finding, Reading, known_mistakes, named, of_layer
from compare.diagnosing.finding import reading as read
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import near
from compare.judging.evidence import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.mistake import Call, Computation, Effect, Mistake
from compare.mistakes import MISTAKES
from compare.mistakes.anatomy import Anatomy

BATCH = "statistics of the batch for learnt statistics"
DEFAULTS = (1e-5, 1e-3)

# An epsilon, and whether mean and variance are those of the batch.
Way = tuple[float | None, bool]


def normalises(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """Say how two layers that normalise differ on the same input and weights.

    Args:
        layer: its name.
        isolated: what both layers do.
    """
    sides = {"torch": isolated.torch, "keras": isolated.keras}
    ways = _ways(layer, sides)
    if not (ways["torch"] and ways["keras"]):
        yield _otherwise(layer, isolated, ways)
        return
    if set(ways["torch"]) & set(ways["keras"]):
        yield from _unlike_options(layer, isolated, _cure(layer, isolated))
        return
    chosen = {side: of_side[0] for side, of_side in ways.items()}
    epsilon, of_batch = chosen["keras"]
    cure = _cure(layer, isolated, epsilon=epsilon, training=of_batch)
    batched = [side for side in SIDES if chosen[side][1]]
    if len(batched) == 1:
        (side,) = batched
        found = read(isolated.name(layer, side), side, named(BATCH))
        yield Finding(layer, (found,), cure=cure)
    epsilons = {side: way[0] for side, way in chosen.items()}
    if epsilons["torch"] != epsilons["keras"]:
        yield Finding(layer, _epsilons(layer, isolated, epsilons), cure=cure)
    yield from _unlike_options(layer, isolated, cure)


def _ways(layer: str, sides: Mapping[str, Anatomy]) -> dict[str, list[Way]]:
    """With which epsilon and statistics each side makes what it makes."""
    own = [found.call(layer).options.get("epsilon") for found in sides.values()]
    ways: dict[str, list[Way]] = {}
    for side, found in sides.items():
        call, made = found.call(layer), found.layer_outputs[layer]
        ways[side] = [
            (epsilon, of_batch)
            for epsilon in dict.fromkeys((*own, *DEFAULTS))
            for of_batch in (False, True)
            if near(call.run(epsilon=epsilon, training=of_batch), made)
        ]
    return ways


def _cure(layer: str, isolated: Isolated, **options: Any) -> Computation:
    """Make PyTorch's layer compute what Keras's does, with these options."""
    keras = isolated.keras.call(layer)
    arrays = isolated.weights["keras"][layer]

    def compute(call: Call) -> Any:
        as_in_keras = replace(call, arrays=arrays, options=keras.options)
        return as_in_keras.run(**options)

    return Computation(compute)


def _otherwise(
    layer: str, isolated: Isolated, ways: Mapping[str, list[Way]]
) -> Finding:
    """A known mistake of the sides that do not just have another epsilon."""
    sides: dict[Side, Anatomy] = {"torch": isolated.torch, "keras": isolated.keras}
    suspects: list[tuple[Side, Mistake[Effect]]] = []
    cure = _cure(layer, isolated)
    for side, found in sides.items():
        if ways[side]:
            continue
        call, made = found.call(layer), found.layer_outputs[layer]
        fitting = []
        for mistake in known_mistakes(Computation, call.kind):
            wrong = mistake.effect.compute(call)
            if isinstance(wrong, np.ndarray) and near(wrong, made):
                fitting.append(mistake)
        if not fitting:
            what = "what is made of the same input and weights is"
            return Finding(layer, unknown=f"{what} something unknown in {SIDES[side]}")
        if side == "keras":
            cure = _with_arrays_of_keras(layer, isolated, fitting[0].effect)
        suspects += [(side, mistake) for mistake in fitting]
    return of_layer(layer, isolated, suspects, cure)


def _with_arrays_of_keras(
    layer: str, isolated: Isolated, effect: Computation
) -> Computation:
    """Make the same mistake in PyTorch's layer, with the arrays of Keras's."""
    arrays = isolated.weights["keras"][layer]
    return Computation(lambda call: effect.compute(replace(call, arrays=arrays)))


def _unlike_options(
    layer: str, isolated: Isolated, cure: Computation
) -> Iterator[Finding]:
    """Mistakes that are known by that both sides have another value of an option."""
    torch, keras = isolated.torch.call(layer), isolated.keras.call(layer)
    for mistake in known_mistakes(Computation, torch.kind):
        option = mistake.effect.option
        if option and torch.options[option] != keras.options[option]:
            readings = tuple(
                read(isolated.name(layer, side), side, mistake) for side in SIDES
            )
            yield Finding(layer, readings, cure=cure)


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
