"""What is joined from several arrays, side by side: which parts each side has, and how.

A part is what one layer hands on, or an input, in a way of `WAYS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from compare.diagnosing.between import ways as between
from compare.diagnosing.between.ways import AS_IT_IS, EXACT
from compare.diagnosing.finding import Finding, Link, Reading
from compare.diagnosing.from_the_end import LAST_FIRST
from compare.diagnosing.in_layers.directions import left_turned
from compare.judging.distances import near
from compare.judging.explanation import listed
from compare.kinds.mistake import Effect, JoinedInput, LayerInput, RecurrentOutput
from compare.mistakes.anatomy import Anatomy

Part = Mapping[tuple[str, str], Callable]  # layer and way: what takes the one so
STATE = "the final hidden state"


def parts(
    found: Anatomy, names: Sequence[str], given: np.ndarray, turned: Sequence[str]
) -> list[Part]:
    """What an array is joined from along its features.

    Args:
        found: one side.
        names: of layers and inputs that may be in it.
        given: the array.
        turned: layers that take batch and time for each other.

    Returns:
        The parts in order, of each every layer and way that it may be; none unless two
        or more fill the array.
    """
    known = [*_arrays(found, names, given, turned)] if given.ndim else []
    made, start = [], 0
    while known and start < given.shape[-1]:
        fits = [
            (key, way, array.shape[-1])
            for key, way, array in known
            if near(array, given[..., start : start + array.shape[-1]], EXACT)
        ]
        if not fits:
            return []
        size = fits[0][2]
        made.append({key: way for key, way, width in fits if width == size})
        start += size
    return made if len(made) > 1 else []


def _arrays(found, names, given, turned):
    """What there is that may be a part, by layer and way."""
    for name in names:
        if name not in found.handed | found.made:
            continue
        ways, sequence = between.ways_of(found, name, name in turned)
        for way, change in ways.items():
            array = change(sequence)
            if array is None or array.ndim != given.ndim:
                continue
            if 0 < array.shape[-1] < given.shape[-1]:
                yield (name, way), change, array


def renamed(found: Sequence[Part], names: Mapping[str, str]) -> list[Part]:
    """Parts with other names for some of their layers."""
    return [
        {(names.get(name, name), way): take for (name, way), take in part.items()}
        for part in found
    ]


def joining(wanted: Sequence[Part], keras: Anatomy) -> JoinedInput | LayerInput:
    """What joins parts as Keras's twin has them, of what PyTorch's layers make.

    Args:
        wanted: Keras's parts.
        keras: what its twin does.
    """
    chosen = []
    for part in wanted:
        state = [key for key in part if key[1] == STATE]  # not cut off by packing
        key = (state or list(part))[0]
        chosen.append((key[0], part[key]))

    def input_of(name):
        return RecurrentOutput(keras.made[name])

    def join(output_of):
        arrays = []
        for name, way in chosen:
            source = output_of if name in keras.kinds else input_of
            arrays.append(way(source(name)))
        return np.concatenate(arrays, axis=-1)

    if any(name in keras.kinds for name, _ in chosen):
        return JoinedInput(join)
    return LayerInput(join(input_of))  # all are inputs


def differing(
    link: Link,
    sides: Mapping[str, Sequence[Part]],
    cure: Effect,
    from_the_end: Sequence[str],
) -> Iterator[Finding]:
    """Where the sides join other parts, or the same in another order.

    Args:
        link: the place; its layer is the last before it.
        sides: what each joins, as `parts` returns it.
        cure: joins what Keras's twin does.
        from_the_end: layers that read the steps so on both sides.
    """
    ours, theirs = sides["torch"], sides["keras"]
    pairs = [*zip(ours, theirs, strict=False)]
    others = [(one, two) for one, two in pairs if not set(one) & set(two)]
    if len(ours) != len(theirs) or any(not _shared(*pair) for pair in others):
        reading = _in_order(link, sides)
        yield Finding(link.layer, (reading,), cure=cure, behind=link.behind)
        return
    for pair in others:
        layer = _shared(*pair)[0]
        ours, theirs = ([w for name, w in part if name == layer] for part in pair)
        place, names = Link(layer, link.behind), {"torch": ours, "keras": theirs}
        readings = layer in from_the_end and left_turned(place, names)
        readings = readings or between.readings(place, "ways", names)
        yield Finding(layer, readings, cure=cure, behind=link.behind)


def _shared(one, two):
    """The layers that either part may be of."""
    layers = {name for name, _ in two}
    return [name for name, _ in one if name in layers]


def _in_order(link, sides):
    """Both sides, where the parts are others, or come in another order."""
    said = {side: [_said(part) for part in found] for side, found in sides.items()}
    ours, theirs = said["torch"], said["keras"]
    return Reading(
        "",
        (),
        f"{link.where}, PyTorch joins {listed(ours)}, Keras {listed(theirs)}",
        f"either PyTorch: torch.cat of {listed(theirs)}, in this order, or Keras: "
        f"Concatenate of {listed(ours)}, in this order",
    )


def _said(part):
    """A part in words."""
    name, way = next(iter(part))
    if way == LAST_FIRST:
        return f"{name} with its last step first"
    return name if way == AS_IT_IS else f"{way} of {name}"
