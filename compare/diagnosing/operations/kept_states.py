"""States of a loop that keep a part of what they were, on one side alone: zoneout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, pairwise, product

import numpy as np

from compare.diagnosing.operations.candidate import Candidate, is_own
from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.loops import (
    Loops,
    Passes,
    Source,
    assigned_name,
    loops_of,
)
from compare.diagnosing.operations.naming import at, name_of
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.mistakes.traces import Replacement, Step

MOST_STATES = 2  # h and c


@dataclass(frozen=True)
class Kept:
    """A state that is a part of itself in the pass before.

    Args:
        made: the steps that make the state of each pass.
        new: the steps that make the other part of it.
        place: of the output of `new`.
        rate: the part that is kept.
    """

    made: Passes
    new: Passes
    place: int
    rate: float


def kept_on_one_side(regions: Regions) -> Iterator[Candidate]:
    """Changes of a loop's states that one side alone mixes with those before."""
    loops: dict[Side, Loops] = {
        "torch": loops_of(regions.torch.trace),
        "keras": loops_of(regions.keras.trace),
    }
    for side in SIDES:
        states = list(_kept_states(loops[side]))
        if not states or any(_kept_states(loops[OTHER[side]])):
            continue
        for count in range(1, MOST_STATES + 1):
            for chosen in combinations(states, count):
                yield from _made_alike(side, chosen, loops, regions)


def _kept_states(loops: Loops) -> Iterator[Kept]:
    """The states of a loop of which a part is kept."""
    for made in loops.groups:
        if made[0].name not in ("+", "add"):
            continue
        for new, place in _parts(made[1], loops):
            if len(new) == len(made):
                rate = _rate(made, new, place, loops)
                if rate is not None:
                    yield Kept(made, new, place, rate)


def _parts(step: Step, loops: Loops) -> Iterator[tuple[Passes, int]]:
    """What a sum of two products is made of, by the loop's steps that make it."""
    for value in step.inputs:
        product = loops.trace.maker(value)
        if product is None or product.name not in ("*", "multiply"):
            continue
        for number in product.inputs:
            maker = loops.trace.maker(number)
            if maker is not None and maker.number in loops.places:
                passes, which = loops.places[maker.number]
                if which == 1 and not is_own(loops.trace, number):
                    yield passes, maker.outputs.index(number)


def _rate(made: Passes, new: Passes, place: int, loops: Loops) -> float | None:
    """The part of a state that is kept in every pass; None where none is."""
    states = [loops.trace.array(step.outputs[0]) for step in made]
    news = [loops.trace.array(step.outputs[place]) for step in new]
    if states[0].shape != news[0].shape:
        return None
    way = states[0] - news[1]
    length = float(np.square(way).sum())
    if not length:
        return None
    rate = float(((states[1] - news[1]) * way).sum()) / length
    if not 1e-6 < rate < 1 - 1e-6:
        return None
    for (before, state), part in zip(pairwise(states), news[1:], strict=True):
        if not same(rate * before + (1 - rate) * part, state):
            return None
    return rate


def _made_alike(
    side: Side, chosen: Sequence[Kept], loops: dict[Side, Loops], regions: Regions
) -> Iterator[Candidate]:
    """PyTorch's states are made as Keras's are, some of which are kept in part."""
    ways = []
    for kept in chosen:
        if side == "torch":
            ways.append([_all_new(kept)])
        else:
            ways.append(list(_kept_in_torch(kept, loops, regions)))
    for way in product(*ways):
        changes = tuple(chain.from_iterable(way))
        step = regions.torch.trace.steps[changes[0].step]
        words = _words(side, chosen, loops)
        yield Candidate("torch alone", step, 0, 0, words=words, instead=changes)


def _all_new(kept: Kept) -> list[Replacement]:
    """PyTorch's state is all that is new."""
    return [
        Replacement(step.number, 0, taken=(new.number, kept.place))
        for step, new in zip(kept.made, kept.new, strict=True)
    ]


def _kept_in_torch(
    kept: Kept, loops: dict[Side, Loops], regions: Regions
) -> Iterator[list[Replacement]]:
    """A part of PyTorch's state is kept: as soon as it is made, or from pass to pass.

    In the second way what is new makes the rest of its pass, as h of c.
    """
    passes = _of_opposite(kept, loops, regions)
    if passes is None:
        return
    array, torch = _first_state(kept, loops["keras"]), loops["torch"]
    if regions.torch.trace.array(passes[0].outputs[0]).shape != array.shape:
        return
    at_once = [Replacement(passes[0].number, 0, array, part=kept.rate)]
    for before, step in pairwise(passes):
        taken = before.number, 0
        at_once.append(Replacement(step.number, 0, taken=taken, part=kept.rate))
    yield at_once
    later: list[Replacement] = []
    source = Source(passes, 0, 1)
    for takers in torch.groups:
        if len(takers) != len(passes):
            continue
        for place, value in enumerate(takers[1].inputs):
            if torch.source(value, 1, len(passes)) == source:
                later += _from_pass_to_pass(takers, place, array, kept.rate)
    if later:
        yield later


def _from_pass_to_pass(
    takers: Passes, place: int, array: np.ndarray, rate: float
) -> list[Replacement]:
    """The steps that take a state of the pass before take a part of the one before it.

    Args:
        takers: those steps.
        place: among their inputs.
        array: what the state is before the first pass.
        rate: the part.
    """
    first = takers[1].number
    changes = [Replacement(first, place, array, is_input=True, part=rate)]
    for before, step in pairwise(takers[1:]):
        changes.append(
            Replacement(
                step.number,
                place,
                is_input=True,
                taken=(before.number, place),
                is_input_taken=True,
                part=rate,
            )
        )
    return changes


def _first_state(kept: Kept, loops: Loops) -> np.ndarray:
    """What a state is before the first pass."""
    state = loops.trace.array(kept.made[0].outputs[0])
    new = loops.trace.array(kept.new[0].outputs[kept.place])
    return (state - (1 - kept.rate) * new) / kept.rate


def _of_opposite(
    kept: Kept, loops: dict[Side, Loops], regions: Regions
) -> Passes | None:
    """The steps of PyTorch's loop that make the part that is new in Keras's state."""
    value = kept.new[0].outputs[kept.place]
    for number in reversed(regions.shared.of_keras.get(value, ())):
        maker = regions.torch.trace.maker(number)
        if maker is not None and maker.number in loops["torch"].places:
            passes, _ = loops["torch"].places[maker.number]
            if len(passes) == len(kept.made) and len(maker.outputs) == 1:
                return passes
    return None


def _words(side: Side, chosen: Sequence[Kept], loops: dict[Side, Loops]) -> Worded:
    """Which states are kept in part, and where."""
    trace = loops[side].trace
    states, names, lines = [], [], []
    for kept in chosen:
        name = assigned_name(kept.made[0], trace)
        names.append(f"`{name}`" if name else "the state")
        number = kept.new[0].line.number if kept.new[0].line is not None else 0
        states.append(
            f"{kept.rate:g} of {names[-1]} of the pass before + {1 - kept.rate:g} of "
            f"what {name_of(kept.new[0], trace)} of line {number} makes"
        )
        lines.append(at(kept.made[0]))
    where = lines[0]
    all_states = " and ".join(states)
    sentence = (
        f"{SIDES[side]} has zoneout{where}: each pass hands on {all_states}; "
        f"{SIDES[OTHER[side]]} hands on all of what is new"
    )
    rate = f"{chosen[0].rate:g}"
    fixes: dict[Side, str] = {
        side: f"{SIDES[side]}{where}: hand on what is new alone, without a part of "
        f"{' and '.join(names)} of the pass before",
        OTHER[side]: f"{SIDES[OTHER[side]]}: hand on {all_states}",
    }
    return Worded(f"zoneout of {rate} in {SIDES[side]} alone", sentence, fixes)
