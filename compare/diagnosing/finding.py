"""What is found in a place where twins differ: readings of it, and a cure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.judging.evidence import OTHER, SIDES
from compare.mistakes import FAULTS, Fault

if TYPE_CHECKING:
    from compare.diagnosing.isolation import Isolated


@dataclass(frozen=True)
class Reading:
    """One way to read a difference: what is wrong then, and what to change.

    Args:
        side: "torch" or "keras", where the mistake is; nothing where either may do as
            the other does.
        faults: of the library, which make it up together; none where it knows none.
        sentence: what is wrong, and where.
        fix: what to change.
    """

    side: str
    faults: tuple[Fault, ...]
    sentence: str
    fix: str


@dataclass(frozen=True)
class Finding:
    """One place where the twins do different things.

    Args:
        layer: its name.
        readings: any of which makes the one side of the other; who looks at the twins
            alone cannot tell which is right. The first is the one told.
        unknown: what is seen there where nothing is known to explain it.
        cure: makes PyTorch's twin do here as Keras's does.
        behind: the layer that is given something else, where it is not this one.
    """

    layer: str
    readings: tuple[Reading, ...] = ()
    unknown: str = ""
    cure: Fault | None = None
    behind: str | None = None


def known_faults(place: str, kind: str) -> list[Fault]:
    """The mistakes that can be made in a place of a layer, or of a loss."""
    return [f for f in FAULTS if f.place == place and kind in f.kinds]


def named(name: str) -> Fault:
    """The mistake of a name."""
    return next(fault for fault in FAULTS if fault.name == name)


def cure_of(place: str, change: Callable) -> Fault:
    """What Keras's twin does in a place, to be made in PyTorch's; has no name."""
    return Fault("", "", "", "", place, (), change)


def reading(name: str, side: str, *faults: Fault) -> Reading:
    """Mistakes in a layer of one side.

    Args:
        name: what its user calls the layer.
        side: "torch" or "keras".
        faults: which together explain it.
    """
    said = ", and ".join(fault.sentence for fault in faults)
    fix = ", and ".join(getattr(fault, side) for fault in faults)
    where = f"{name} of {SIDES[side]}"
    return Reading(side, faults, f"in {where}, {said}", f"{where}: {fix}")


def once(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Each reading once, whatever the order of the mistakes that make it up."""
    found = {}
    for each in readings:
        names = frozenset(fault.name for fault in each.faults) or each.fix
        found.setdefault((each.side, names), each)
    return tuple(found.values())


def of_layer(
    layer: str, isolated: Isolated, suspects: Sequence[tuple[str, Fault]], cure: Fault
) -> Finding:
    """A finding of mistakes in what a layer computes, and of what may be meant.

    Args:
        layer: its name.
        isolated: tells what either side calls it.
        suspects: side and mistake.
        cure: makes PyTorch's do as Keras's does.
    """
    names = {side: isolated.name(layer, side) for side in SIDES}
    readings = [reading(names[side], side, fault) for side, fault in suspects]
    accused = {side for side, _ in suspects}
    for side, fault in suspects:
        other = OTHER[side]
        if fault.meant and other not in accused:
            where = f"{names[other]} of {SIDES[other]}"
            said = f"{where} should do as {SIDES[side]}'s does"
            readings.append(Reading(other, (), said, f"{where}: {fault.meant[other]}"))
    return Finding(layer, once(readings), cure=cure)
