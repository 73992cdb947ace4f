"""Where two layers have different weights, and which mistakes make one of the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from compare.diagnosing.finding import (
    Finding,
    Reading,
    known_mistakes,
    named,
    once,
)
from compare.diagnosing.finding import reading as read
from compare.diagnosing.in_layers.stacks import in_part, named_part
from compare.diagnosing.isolated import Isolated
from compare.judging.distances import NEAR, near
from compare.judging.evidence import OTHER, SIDES
from compare.kinds import RECURRENT
from compare.kinds.mistake import ArraysOfLayer

FRESH = "initial weights"
ROUNDED = float(np.finfo(np.float32).eps)  # of the largest value: Keras's sum of biases


def weights(layer: str, isolated: Isolated) -> Iterator[Finding]:
    """The mistakes that make one side's arrays of a layer out of the other's."""
    kind = isolated.kinds[layer].replace("Cell", "")  # of the same arrays
    arrays = {side: each[layer] for side, each in isolated.weights.items()}
    compared = arrays
    if layer in isolated.torch.moved:  # what a run changes is no weight
        compared = {side: _without_statistics(each) for side, each in arrays.items()}
    if _same(kind, compared["torch"], compared["keras"], NEAR):
        return
    target = dict(arrays["keras"])
    cure = ArraysOfLayer(lambda _: target)
    names = {side: isolated.name(layer, side) for side in SIDES}
    readings = [*_row_twice(kind, names, arrays)]
    readings += [
        read(names[side], side, mistake) for side, mistake in _singles(kind, arrays)
    ]
    readings += _of_others(layer, isolated)
    if not readings:
        readings = [read(names[s], s, mistake) for s, mistake in _in_part(kind, arrays)]
    if not readings:
        readings = [read(names[s], s, *pair) for s, pair in _pairs(kind, arrays)]
    if not readings:
        readings = _never_loaded(names, arrays)
    if readings:
        yield Finding(layer, once(readings), cure=cure)
        return
    rounded = _same(kind, arrays["torch"], arrays["keras"])
    how = "by no more than float32 rounds" if rounded else "in no known way"
    yield Finding(layer, unknown=f"the weights differ {how}")


def _row_twice(kind, names, arrays):
    """That a GRU has one of its two biases in the place of the other as well."""
    if kind != "GRU":
        return
    mistake = named("GRU biases swapped")  # is put right in the same way
    for side, other in OTHER.items():
        for stays in ("bias_ih", "bias_hh"):
            made = {
                name: arrays[other][stays + name[7:]] if "bias" in name else array
                for name, array in arrays[other].items()
            }
            biased = any(made[name].any() for name in made if "bias" in name)
            if biased and _same(kind, made, arrays[side]):
                where = f"{names[side]} of {SIDES[side]}"
                said = f"in {where}, {stays} stands in the place of both biases"
                fix = f"{where}: {getattr(mistake, side)}"
                yield Reading(side, (), said, fix)


def _singles(kind, arrays):
    """Mistakes that do alone, each with its side."""
    for side, other in OTHER.items():
        for mistake in known_mistakes(ArraysOfLayer, kind):
            made = mistake.effect.made_on(side, arrays[other])
            left = mistake.name != FRESH and mistake.effect.fits
            fits = left and mistake.effect.fits(arrays[other], arrays[side], side)
            if fits or _same(kind, made, arrays[side]):
                yield side, mistake


def _in_part(kind, arrays):
    """Mistakes in some of a recurrent layer's arrays, where the others are the same."""
    summed = {side: _summed(kind, each) for side, each in arrays.items()}
    if kind not in RECURRENT or summed["torch"].keys() != summed["keras"].keys():
        return
    differ = [
        name
        for name, array in summed["torch"].items()
        if not near(array, summed["keras"][name], ROUNDED)
    ]
    if kind != "GRU":  # whose two biases are not added
        differ += [name.replace("bias_ih", "bias_hh") for name in differ]
    names = [name for name in arrays["torch"] if name in differ]
    if not names or len(names) == len(arrays["torch"]):
        return
    for side, other in OTHER.items():
        where, have = named_part(names, arrays["torch"], side), arrays[side]
        for mistake in known_mistakes(ArraysOfLayer, kind):
            if mistake.effect.fits:
                continue
            made = mistake.effect.made_on(side, arrays[other])
            if made and _same(kind, *({n: a[n] for n in names} for a in (made, have))):
                yield side, in_part(mistake, where)


def _pairs(kind, arrays):
    """Two mistakes that do together, each pair with its side."""
    known = known_mistakes(ArraysOfLayer, kind)
    for side, other in OTHER.items():
        for first in known:
            once = first.effect.made_on(side, arrays[other])
            for second in known if once else ():
                if _same(kind, second.effect.made_on(side, once), arrays[side]):
                    yield side, (first, second)


def _of_others(layer, isolated):
    """Whether a side has in this layer what the other has in another of its kind."""
    mistake = named("weights of another layer")
    kind = isolated.kinds[layer]
    for side, other in OTHER.items():
        have, want = isolated.weights[side][layer], isolated.weights[other]
        whose = [
            name
            for name in want
            if name != layer
            and isolated.kinds.get(name) == kind
            and _same(kind, have, want[name])
        ]
        for name in whose[:1]:
            said = f"the layer has the weights of {isolated.name(name, side)}"
            yield read(
                isolated.name(layer, side), side, replace(mistake, sentence=said)
            )


def _never_loaded(names, arrays):
    """That a side still has what its framework made, or else the other never had it.

    Looked for last: it shows only in that the numbers are such as are drawn.
    """
    mistake = named(FRESH)
    found = [
        read(names[side], side, mistake)
        for side, other in OTHER.items()
        if mistake.effect.fits(arrays[other], arrays[side], side)
    ]
    for side in SIDES if len(found) == 1 else ():
        if side != found[0].side:
            where = f"{names[side]} of {SIDES[side]}"
            said = (
                f"in {where}, the layer has other weights than {SIDES[OTHER[side]]}'s"
            )
            found.append(Reading(side, (), said, f"{where}: {getattr(mistake, side)}"))
    return found


def _without_statistics(arrays):
    return {name: a for name, a in arrays.items() if not name.startswith("running")}


def _same(kind, first, second, limit=ROUNDED):
    if first is None or second is None:
        return False
    first, second = _summed(kind, first), _summed(kind, second)
    return first.keys() == second.keys() and all(
        near(first[name], second[name], limit) for name in first
    )


def _summed(kind: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays with the sum of two added biases in the place of the two."""
    made = dict(arrays)
    for name in arrays if kind != "GRU" else ():
        if name.startswith("bias_ih"):
            made[name] = made[name] + made.pop(name.replace("bias_ih", "bias_hh"))
    return made
