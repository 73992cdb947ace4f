"""One layer of a stack, or one direction of two, at work by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from compare.judging.arrays import valid_steps
from compare.judging.distances import near
from compare.judging.explanation import listed
from compare.kinds.mistake import Computation, EffectT
from compare.mistakes import Call, Mistake

END = re.compile(r"_l(\d+)(_reverse)?$")  # of a parameter's name
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
KERAS = {"weight_ih": "kernel", "weight_hh": "recurrent_kernel"}


def in_one(
    known: Sequence[Mistake[Computation]],
    call: Call,
    passed: Sequence[tuple[np.ndarray, np.ndarray]],
    steps: int | None = None,
) -> Iterator[Mistake[Computation]]:
    """Mistakes in one layer of a stack alone, or in one direction alone.

    Args:
        known: that can be made in what a recurrent layer computes.
        call: of a layer that may be a stack or have two directions.
        passed: what goes into each layer of it, and what comes out, first to last.
        steps: that are looked at; None for all.
    """
    layers = _layers(call.arrays)
    sides = (0, 1) if any(_end(name)[1] for name in call.arrays) else ()
    if len(layers) != len(passed) or (len(layers) == 1 and not sides):
        return
    wrong = []
    for number, (arrays, (x, output)) in enumerate(zip(layers, passed, strict=True)):
        layer = replace(call, arrays=arrays, x=x)
        if not _are_near(layer.run(), output, call.lengths, steps):
            wrong.append((number, layer, output))
    if len(wrong) != 1:
        return
    number, layer, output = wrong[0]
    right = layer.run()
    for mistake in known:
        made = _fitting(mistake.effect.compute(layer), right)
        for side in (None, *sides) if made else ():
            mixed = _mixed(right, made, side)
            whole = len(layers) == 1 and side is None
            if not whole and _are_near(mixed, output, call.lengths, steps):
                where = _words(number, side, len(layers))
                compute = _in_half(mistake.effect.compute, side)
                effect = Computation(_staged(number, compute))
                yield in_part(replace(mistake, effect=effect), where)


def _are_near(made, output, lengths, steps):
    ours = made["output"]
    if lengths is not None:
        ours = np.where(valid_steps(ours, lengths), ours, 0)
    return near(ours[:, :steps], output[:, :steps])


def in_part(mistake: Mistake[EffectT], where: str) -> Mistake[EffectT]:
    """A mistake that is made in a part of a layer, which is told."""
    meant = mistake.meant and {
        s: f"{t}, in {where} alone" for s, t in mistake.meant.items()
    }
    return replace(
        mistake,
        sentence=f"in {where} alone, {mistake.sentence}",
        torch=f"{mistake.torch}, in {where} alone",
        keras=f"{mistake.keras}, in {where} alone",
        meant=meant,
    )


def _staged(number: int, change: Callable) -> Callable:
    """What a stack returns whose layer of this number computes otherwise."""

    def changed(call):
        x, found = call.x, []
        for each, arrays in enumerate(_layers(call.arrays)):
            layer = replace(call, arrays=arrays, x=x)
            made = change(layer) if each == number else layer.run()
            if made is None:
                return None
            found.append(made)
            x = made["output"]
        states = [key for key in found[-1] if key != "output"]
        return {"output": x} | {
            key: np.concatenate([made[key] for made in found]) for key in states
        }

    return changed


def _layers(arrays):
    """The arrays of each layer of a stack, as those of a layer of its own."""
    found = {}
    for name, array in arrays.items():
        number, back = _end(name)
        own = END.sub("_l0_reverse" if back else "_l0", name)
        found.setdefault(number, {})[own] = array
    return [found[number] for number in sorted(found)]


def _in_half(change, side):
    """A change of one of two directions; of the whole where no side is given."""

    def changed(call):
        right = call.run()
        wrong = _fitting(change(call), right)
        return wrong and _mixed(right, wrong, side)

    return changed


def _fitting(made, right):
    """What a layer wrongly returns, if it has the shapes of what it should."""
    fits = made and all(made[key].shape == array.shape for key, array in right.items())
    return made if fits else None


def _mixed(right, wrong, side):
    """One direction of what is wrong, and the other of what is right."""
    if side is None:
        return wrong
    made = {key: array.copy() for key, array in right.items()}
    size = right["output"].shape[2] // 2
    half = slice(side * size, (side + 1) * size)
    made["output"][..., half] = wrong["output"][..., half]
    for key in right.keys() - {"output"}:
        made[key][side] = wrong[key][side]
    return made


def named_part(names: Sequence[str], arrays: Mapping, side: str) -> str:
    """Some of a layer's arrays, in words.

    Args:
        names: of them, as PyTorch has them.
        arrays: all of the layer, by name.
        side: whose names are used, "torch" or "keras".
    """
    groups = {}
    for name in arrays:
        groups.setdefault(_end(name), []).append(name)
    count = 1 + max(number for number, _ in groups)
    two = any(back for _, back in groups)
    said = []
    for (number, back), group in groups.items():
        place = _words(number, back if two else None, count)
        chosen = [name for name in group if name in names]
        if len(chosen) == len(group):
            said.append(place)
        elif side == "torch":
            said += chosen
        elif chosen:
            short = [KERAS.get(END.sub("", name), "bias") for name in chosen]
            which = listed([*dict.fromkeys(short)])
            said.append(f"{which} of {place}" if place else which)
    return listed(said)


def _end(name):
    """Number of the layer, and whether its backward direction; a cell's have none."""
    found = END.search(name)
    return (int(found[1]), bool(found[2])) if found else (0, False)


def _words(number, side, count):
    """A layer of a stack, a direction of it, or both; nothing where there is one."""
    direction = "" if side is None else f"the {('forward', 'backward')[side]} direction"
    which = ORDINALS[number] if number < len(ORDINALS) else f"{number + 1}th"
    layer = "" if count == 1 else f"the {which} layer"
    return " of ".join(filter(None, (direction, layer)))
