"""What lies between two layers, or behind the last: recognised on each side by itself.

What a layer makes is handed on in a way of `WAYS` (a step, the mean of all, ...) and
may go through a function (a relu, a softmax, ...).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.between import operation as operations
from compare.diagnosing.between.operation import NOTHING, Operation
from compare.diagnosing.finding import Finding, Link, Reading, once
from compare.judging.distances import NEAR, near
from compare.judging.evidence import OTHER, SIDES
from compare.kinds.mistake import Activation, FinalActivation, Handover
from compare.mistakes import ACTIVATIONS, MISTAKES, RESULTS, WAYS, RecurrentOutput
from compare.mistakes import activations as functions
from compare.mistakes import ways as words
from compare.mistakes.activations import NONE
from compare.mistakes.anatomy import Anatomy

AS_IT_IS = "every step"  # of what has no steps: as it is
EXACT = 1e-13  # of the largest value: the forms of a gelu differ by 1e-10
Recognised = Mapping[tuple[str, str | Operation], Callable]


def differing(link: Link, sides: Mapping[str, Recognised]) -> Iterator[Finding]:
    """Where the sides hand on in different ways, or through different functions.

    Args:
        link: the place.
        sides: what was recognised on each, as `recognise` returns it.
    """
    if set(sides["torch"]) & set(sides["keras"]):
        return
    for side, found in sides.items():
        if not found:
            gets = f"{link.behind} gets" if link.behind else "the result is"
            unknown = f"{gets} something unknown in {SIDES[side]}"
            yield Finding(link.layer, unknown=unknown, behind=link.behind)
            return
    first, second = sides["torch"], sides["keras"]
    alike = {f for _, f in first} & {f for _, f in second}
    if alike:  # the one more likely to be meant comes first
        chosen = {s: [p for p in found if p[1] in alike] for s, found in sides.items()}
        kinds = ("ways",)
    else:
        alike = {w for w, _ in first} & {w for w, _ in second}
        chosen = {
            s: [p for p in found if p[0] in alike] or list(found)
            for s, found in sides.items()
        }
        kinds = ("functions",) if alike else ("ways", "functions")
    # A state is not cut off where PyTorch's batch is packed; a step is.
    state = [pair for pair in chosen["keras"] if pair[0] == "the final hidden state"]
    cure = Handover(second[(state or chosen["keras"])[0]])
    for kind in kinds:
        names = {s: [pair[kind == "functions"] for pair in chosen[s]] for s in sides}
        told = readings(link, kind, names)
        yield Finding(link.layer, told, cure=cure, behind=link.behind)


def recognise(found: Anatomy, layer: str, given: np.ndarray, last: bool, turned: bool):
    """What takes a layer's output to what comes next: each way and function that does.

    Args:
        found: one side.
        layer: its name.
        given: what comes next.
        last: whether that is the model's result.
        turned: whether the layer takes batch and time for each other.
    """
    ways, sequence = ways_of(found, layer, turned)
    made = {name: way(sequence) for name, way in ways.items()}
    nothing = "nothing" if last else NONE
    plain = {
        (name, nothing): ways[name] for name, each in made.items() if near(each, given)
    }
    if plain:
        return plain
    fitting = {
        n: a for n, a in made.items() if a is not None and a.shape == given.shape
    }
    return {
        (name, called): operations.composed(ways[name], function)
        for name, array in fitting.items()
        for called, function in _functions(array, given, last)
        if near(function(array), given, NEAR if last else EXACT)
    }


def _functions(array, given, last):
    """Every function that may stand between two arrays."""
    if last:
        return [*RESULTS.items()]
    family = functions.family(array, given)
    own = [family] if family and family[0] not in ACTIVATIONS else []
    return [*ACTIVATIONS.items(), *functions.ROUNDED.items(), *own]


def ways_of(
    found: Anatomy, layer: str, turned: bool
) -> tuple[Mapping[str, Callable], RecurrentOutput]:
    """The ways to hand on what a layer makes, and what they start from.

    Args:
        found: one side.
        layer: its name.
        turned: whether the layer takes batch and time for each other.
    """
    if layer in found.handed:
        sequence = found.handed[layer]
        if turned:
            swapped = sequence.output.swapaxes(0, 1)
            sequence = RecurrentOutput(
                swapped, sequence.h, sequence.c, None, sequence.states
            )
        return WAYS, sequence
    output = RecurrentOutput(found.made[layer])
    if output.output.ndim != 3:
        return {AS_IT_IS: WAYS[AS_IT_IS]}, output
    return WAYS, output


def readings(
    link: Link, kind: str, names: Mapping[str, list[str | Operation]]
) -> tuple[Reading, ...]:
    """Which side may have the wrong one, and what is to be changed there.

    Args:
        link: the place.
        kind: "ways" or "functions".
        names: of the ways or functions that fit, by side.
    """
    say = _Words(link, kind)
    library = say.library
    found = [
        say.reading(side, mistake, wrong, right)
        for mistake in MISTAKES
        if isinstance(mistake.effect, say.place)
        for side, other in OTHER.items()
        for wrong in names[side]
        if library.get(wrong) is mistake.effect.function
        for right in [n for n in _rights(mistake.effect) if n in names[other]][:1]
    ]
    have = {side: names[side][0] for side in names}
    if not found:
        return (say.neutral(have),)
    for side, other in OTHER.items():
        if side not in [each.side for each in found] and not any(
            name in words.NEVER for name in names[other]
        ):
            where = f"{link.where}, {SIDES[side]} should do as {SIDES[other]} does"
            fix = say.fix(side, have[other], have[side])
            found.append(Reading(side, (), where, fix))
    return once(found)


def _rights(effect: Handover | Activation | FinalActivation) -> tuple[str, ...]:
    """The names of what should be done where a mistake is made."""
    return effect.rights if isinstance(effect, Handover) else (effect.right,)


@dataclass(frozen=True)
class _Words:
    """How a difference between two layers is put."""

    link: Link
    kind: str

    @property
    def place(self):
        if self.kind == "ways":
            return Handover
        return Activation if self.link.behind else FinalActivation

    @property
    def library(self):
        return {
            Handover: WAYS,
            Activation: ACTIVATIONS,
            FinalActivation: RESULTS,
        }[self.place]

    def does(self, side, name):
        """What a side does, in words."""
        if isinstance(name, Operation):
            return f"{SIDES[side]} {name.does}"
        if self.place is Handover:
            return f"{SIDES[side]} {'takes' if self.link.behind else 'returns'} {name}"
        if self.place is Activation:
            return f"{SIDES[side]} has {name}"
        return f"{SIDES[side]} ends {words.ending(name)}"

    def reading(self, side, mistake, wrong, right):
        said = f"{self.does(side, wrong)}, not {right}"
        if wrong in (NONE, "nothing"):
            verb = "ends without" if wrong == "nothing" else "lacks"
            said = f"{SIDES[side]} {verb} {right}"
        elif right in (NONE, "nothing"):
            said = f"{self.does(side, wrong)}, {self.does(OTHER[side], right)}"
        fix = self.fix(side, right, wrong)
        return Reading(side, (mistake,), f"{self.link.where}, {said}", fix)

    def neutral(self, have):
        """Both sides, where no mistake of the library takes the one to the other."""
        first, second = self.does("keras", have["keras"]), self._beside(have)
        if have["keras"] in NOTHING and isinstance(have["torch"], Operation):
            first, second = self.does("torch", have["torch"]), "Keras does not"
        said = f"{first}, {second}"
        fixes = " or ".join(
            self.fix(side, have[other], have[side]) for side, other in OTHER.items()
        )
        return Reading("", (), f"{self.link.where}, {said}", f"either {fixes}")

    def _beside(self, have):
        """What PyTorch does, said behind what Keras does."""
        if have["torch"] in NOTHING and isinstance(have["keras"], Operation):
            return "PyTorch does not"
        apart = operations.apart(have["torch"], have["keras"])
        if apart:
            return f"PyTorch does so with other numbers, {apart}"
        return self.does("torch", have["torch"])

    def fix(self, side, right, wrong):
        if isinstance(right, Operation) or isinstance(wrong, Operation):
            what = operations.fix(right, wrong, side, self.link.behind)
        elif self.place is Handover:
            what = words.written(right, side, wrong)
        elif self.place is Activation:
            what = functions.written(right, side, wrong)
        else:
            what = words.end(right, side)
        return f"{SIDES[side]}: {what}"
