"""What is found in a place where twins differ: readings of it, and a cure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from compare.judging.evidence import OTHER, SIDES
from compare.kinds.mistake import Effect, EffectT
from compare.mistakes import MISTAKES, Mistake
from compare.mistakes.anatomy import Anatomy

if TYPE_CHECKING:
    from compare.diagnosing.isolated import Isolated


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
    faults: tuple[Mistake[Effect], ...]
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
        cure: what makes PyTorch's twin do here as Keras's does.
        behind: the layer that is given something else, where it is not this one.
    """

    layer: str
    readings: tuple[Reading, ...] = ()
    unknown: str = ""
    cure: Effect | None = None
    behind: str | None = None


def known_mistakes(effect: type[EffectT], kind: str) -> list[Mistake[EffectT]]:
    """The mistakes of an effect that can be made in a layer of a kind, or in a loss."""
    return [
        cast("Mistake[EffectT]", mistake)
        for mistake in MISTAKES
        if isinstance(mistake.effect, effect) and kind in mistake.kinds
    ]


def named(name: str) -> Mistake[Effect]:
    """The mistake of a name."""
    return next(mistake for mistake in MISTAKES if mistake.name == name)


def reading(name: str, side: str, *mistakes: Mistake[Effect]) -> Reading:
    """Mistakes in a layer of one side.

    Args:
        name: what its user calls the layer.
        side: "torch" or "keras".
        mistakes: which together explain it.
    """
    said = ", and ".join(mistake.sentence for mistake in mistakes)
    fix = ", and ".join(getattr(mistake, side) for mistake in mistakes)
    where = f"{name} of {SIDES[side]}"
    return Reading(side, mistakes, f"in {where}, {said}", f"{where}: {fix}")


def once(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Each reading once, whatever the order of the mistakes that make it up."""
    found = {}
    for each in readings:
        names = frozenset(mistake.name for mistake in each.faults) or each.fix
        found.setdefault((each.side, names), each)
    return tuple(found.values())


def of_layer(
    layer: str,
    isolated: Isolated,
    suspects: Sequence[tuple[str, Mistake[Effect]]],
    cure: Effect | None,
) -> Finding:
    """A finding of mistakes in what a layer computes, and of what may be meant.

    Args:
        layer: its name.
        isolated: tells what either side calls it.
        suspects: side and mistake.
        cure: makes PyTorch's do as Keras's does.
    """
    names = {side: isolated.name(layer, side) for side in SIDES}
    readings = [reading(names[side], side, mistake) for side, mistake in suspects]
    accused = {side for side, _ in suspects}
    for side, mistake in suspects:
        other = OTHER[side]
        if mistake.meant and other not in accused:
            where = f"{names[other]} of {SIDES[other]}"
            said = f"{where} should do as {SIDES[side]}'s does"
            readings.append(
                Reading(other, (), said, f"{where}: {mistake.meant[other]}")
            )
    return Finding(layer, once(readings), cure=cure)


@dataclass(frozen=True)
class Link:
    """From a layer to the next, or to the caller.

    Args:
        layer: its name.
        behind: that of the next; None behind the last.
    """

    layer: str
    behind: str | None

    def given(self, found: Anatomy) -> np.ndarray | None:
        """What a side hands on there, if that is seen."""
        return found.result if self.behind is None else found.given(self.behind)

    @property
    def where(self) -> str:
        """The place, in words."""
        if self.behind is None:
            return f"behind {self.layer}"
        return f"between {self.layer} and {self.behind}"
