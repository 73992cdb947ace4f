"""One layer of a stack, or one direction of two, at work by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from compare.faults import Call, Fault

END = re.compile(r"_l(\d+)(_reverse)?$")  # of a parameter's name
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
KERAS = {"weight_ih": "kernel", "weight_hh": "recurrent_kernel"}


def in_one(fault: Fault, call: Call) -> Iterator[Fault]:
    """A mistake in one layer of a stack alone, or in one direction alone.

    Args:
        fault: in what a recurrent layer computes.
        call: of a layer that may be a stack or have two directions.
    """
    ends = [_end(name) for name in call.arrays]
    count = 1 + max(number for number, _ in ends)
    sides = (None, 0, 1) if any(back for _, back in ends) else (None,)
    for number in range(count):
        for side in sides:
            if count == 1 and side is None:
                continue  # it is the whole
            there = _words(number, side, count)
            change = _staged(number, _in_half(fault.change, side))
            yield in_part(replace(fault, change=change), there)


def in_part(fault: Fault, where: str) -> Fault:
    """A mistake that is made in a part of a layer, which is told."""
    meant = fault.meant and {
        s: f"{t}, in {where} alone" for s, t in fault.meant.items()
    }
    return replace(
        fault,
        sentence=f"in {where} alone, {fault.sentence}",
        torch=f"{fault.torch}, in {where} alone",
        keras=f"{fault.keras}, in {where} alone",
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
        right, wrong = call.run(), change(call)
        if wrong is None or any(wrong[k].shape != a.shape for k, a in right.items()):
            return None
        if side is None:
            return wrong
        made = {key: array.copy() for key, array in right.items()}
        size = right["output"].shape[2] // 2
        half = slice(side * size, (side + 1) * size)
        made["output"][..., half] = wrong["output"][..., half]
        for key in right.keys() - {"output"}:
            made[key][side] = wrong[key][side]
        return made

    return changed


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
            which = _listed([*dict.fromkeys(short)])
            said.append(f"{which} of {place}" if place else which)
    return _listed(said)


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


def _listed(texts):
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last
