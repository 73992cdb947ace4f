"""What is found in a place where twins differ: readings of it, and a cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from compare.diagnosing.wordings import PLACES, Wording
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.mistake import Effect, EffectT
from compare.matching.unmatched import called
from compare.mistakes import MISTAKES, Mistake
from compare.mistakes.anatomy import Anatomy

if TYPE_CHECKING:
    from compare.diagnosing.isolated import Isolated


@dataclass(frozen=True)
class Reading:
    """One way to read a difference: what is wrong then, and what to change.

    Args:
        side: "torch" or "keras", where the mistake is; empty where either side may be
            changed to do what the other does.
        mistakes: those of the library, which explain the difference together; empty
            where the library knows none.
        sentence: what is wrong, and where.
        fix: what to change.
        wording: the sentence and the fix without the names of the layer; None where
            they hold for this layer alone.
        names: what a side, or each side, calls the layer.
    """

    side: Side | Literal[""]
    mistakes: tuple[Mistake[Effect], ...]
    sentence: str
    fix: str
    wording: Wording | None = None
    names: Mapping[Side, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One place where the twins do different things.

    Args:
        layer: the name of the layer where it is.
        readings: any of these explains the difference; the twins alone do not show
            which one is right. The first is the one that is reported.
        unknown: what is seen there, in words, where nothing known explains it.
        cure: the effect that makes PyTorch's twin do here what Keras's twin does; None
            where there is none.
        following: the next layer, where it is this layer's output that is handed on in
            another way; None where the layer itself differs, or the caller gets it.
        is_repeated: whether an earlier finding says the same of an earlier run of the
            layer; this one has no words, and counts for its cure.
    """

    layer: str
    readings: tuple[Reading, ...] = ()
    unknown: str = ""
    cure: Effect | None = None
    following: str | None = None
    is_repeated: bool = False


# ------------------------------------------------------------- mistakes of the library


def known_mistakes(effect: type[EffectT], kind: str) -> list[Mistake[EffectT]]:
    """The mistakes of one effect that can happen to one kind of layer, or to a loss.

    Args:
        effect: a class of effects, such as `Computation`.
        kind: of a layer, such as "LSTM"; or the name of a loss.
    """
    return [
        cast("Mistake[EffectT]", mistake)  # no checker sees it in the effect's class
        for mistake in MISTAKES
        if isinstance(mistake.effect, effect) and kind in mistake.kinds
    ]


def mistake_named(name: str) -> Mistake[Effect]:
    """The mistake of this name; StopIteration where there is none."""
    return next(mistake for mistake in MISTAKES if mistake.name == name)


def fix_of(mistake: Mistake[Effect], side: Side) -> str:
    """What to change where the mistake is on a side, "torch" or "keras"."""
    if side == "torch":
        return mistake.torch
    return mistake.keras


# ---------------------------------------------------------------------------- readings


def reading(name: str, side: Side, *mistakes: Mistake[Effect]) -> Reading:
    """Read a difference as mistakes in a layer of one side.

    Args:
        name: what the user of that side calls the layer.
        side: "torch" or "keras".
        mistakes: they explain the difference together.
    """
    place = f"{PLACES[side]} of {SIDES[side]}"
    sentences = ", and ".join(mistake.sentence for mistake in mistakes)
    fixes = ", and ".join(fix_of(mistake, side) for mistake in mistakes)
    wording = Wording(f"in {place}, {sentences}", f"{place}: {fixes}")
    return worded(side, mistakes, wording, {side: name})


def worded(
    side: Side | Literal[""],
    mistakes: tuple[Mistake[Effect], ...],
    wording: Wording,
    names: Mapping[Side, str],
) -> Reading:
    """Return a reading that can be told of several layers at once; see `Reading`."""
    sentence, fix = wording.of_layers([names])
    return Reading(side, mistakes, sentence, fix, wording, names)


def distinct(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Leave out readings that repeat an earlier one.

    Two readings are the same if they name the same mistakes, in whatever order, on the
    same side; of those that name no mistake, if their fix is the same.
    """
    by_content: dict[tuple[str, frozenset[str] | str], Reading] = {}
    for candidate in readings:
        content: frozenset[str] | str = candidate.fix
        if candidate.mistakes:
            content = frozenset(mistake.name for mistake in candidate.mistakes)
        by_content.setdefault((candidate.side, content), candidate)
    return tuple(by_content.values())


def finding_in_layer(
    layer: str,
    isolated: Isolated,
    suspects: Sequence[tuple[Side, Mistake[Effect]]],
    cure: Effect | None,
) -> Finding:
    """Report mistakes in what a layer computes.

    Where a mistake may be meant, there is a reading too in which the side without it is
    the one to change.

    Args:
        layer: its name.
        isolated: the twins at work; knows what each user calls the layer.
        suspects: side and mistake, each of which explains the difference.
        cure: makes PyTorch's layer do what Keras's layer does; None for no cure.
    """
    names = {side: isolated.name(layer, side) for side in SIDES}
    return Finding(layer, distinct(of_suspects(suspects, names)), cure=cure)


def of_suspects(
    suspects: Sequence[tuple[Side, Mistake[Effect]]], names: Mapping[Side, str]
) -> list[Reading]:
    """Each mistake on its side; then the other side as the one to change.

    The latter where a mistake may be meant and the other side has none.

    Args:
        suspects: side and mistake, each of which explains the difference.
        names: what the user of each side calls the layer.
    """
    readings = [reading(names[side], side, mistake) for side, mistake in suspects]
    accused = {side for side, _ in suspects}
    for side, mistake in suspects:
        opposite = OTHER[side]
        if mistake.meant is None or opposite in accused:
            continue
        place = f"{PLACES[opposite]} of {SIDES[opposite]}"
        wording = Wording(
            f"{place} should do as the layer of {SIDES[side]} does",
            f"{place}: {mistake.meant[opposite]}",
        )
        readings.append(worded(opposite, (), wording, {opposite: names[opposite]}))
    return readings


# ------------------------------------------------------------------------------- links


@dataclass(frozen=True)
class Link:
    """The place between a layer and the next one, or between the last and the caller.

    Args:
        layer: the name of the layer before it.
        following: the name of the next layer; None where the model returns what the
            layer hands on.
    """

    layer: str
    following: str | None

    def array_on(self, anatomy: Anatomy) -> np.ndarray | None:
        """What one side hands on there: the next layer's input, or the model's result.

        None where that was not seen.
        """
        if self.following is None:
            return anatomy.result
        return anatomy.given_to(self.following)

    @property
    def where(self) -> str:
        """The place, in words."""
        if self.following is None:
            return f"after {called(self.layer)}"
        return f"between {called(self.layer)} and {called(self.following)}"
