"""Words for what lies between two layers where the sides differ: readings, fixes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from compare.diagnosing.between import operation as operations
from compare.diagnosing.between.operation import NOTHING, Change, Function, Operation
from compare.diagnosing.between.route import EVERY_STEP, Kind, Route
from compare.diagnosing.finding import Link, Reading, distinct
from compare.judging.result import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.mistake import Activation, FinalActivation, Handover
from compare.mistakes import ACTIVATIONS, MISTAKES, RESULTS, WAYS, Mistake
from compare.mistakes import activations as functions
from compare.mistakes import ways as words
from compare.mistakes.activations import NONE
from compare.mistakes.ways import POSITIONS, Way

MEAN_OF_ALL = "the mean of all steps"  # the name of a way


def readings(
    link: Link, kind: Kind, names: Mapping[Side, Sequence[Change]]
) -> tuple[Reading, ...]:
    """Which side may have the wrong way or function, and what to change there.

    Args:
        link: the place.
        kind: "ways" or "functions".
        names: those that fit, by side, the likeliest first.
    """
    wording = Wording(link, kind)
    mistaken = list(_mistaken(wording, names))
    likeliest = {side: changes[0] for side, changes in names.items()}
    if not mistaken:
        return (wording.neutral(likeliest),)
    blamed = {reading.side for reading in mistaken}
    for side, opposite in OTHER.items():
        if side in blamed or any(name in words.NEVER for name in names[opposite]):
            continue
        sentence = f"{link.where}, {SIDES[side]} should do as {SIDES[opposite]} does"
        fix = wording.fix(side, likeliest[opposite], likeliest[side])
        mistaken.append(Reading(side, (), sentence, fix))
    return distinct(mistaken)


def _mistaken(
    wording: Wording, names: Mapping[Side, Sequence[Change]]
) -> Iterator[Reading]:
    """Mistakes of the library by which a side does one of its names.

    The opposite side must do what the mistake should be.
    """
    for mistake in MISTAKES:
        effect = mistake.effect
        if not isinstance(effect, wording.effect):
            continue
        for side, opposite in OTHER.items():
            rights = [name for name in _rights(effect) if name in names[opposite]]
            if not rights:
                continue
            for wrong in names[side]:
                if wording.function(wrong) is effect.function:
                    yield wording.reading(side, mistake, wrong, rights[0])


def _rights(effect: Handover | Activation | FinalActivation) -> tuple[str, ...]:
    """The names of what should be done where a mistake is made."""
    if isinstance(effect, Handover):
        return effect.rights
    return (effect.right,)


@dataclass(frozen=True)
class Wording:
    """The words for a difference between two layers.

    Args:
        link: the place.
        kind: what differs, "ways" or "functions".
    """

    link: Link
    kind: Kind

    @property
    def effect(self) -> type[Handover] | type[Activation] | type[FinalActivation]:
        """What a mistake there changes."""
        if self.kind == "ways":
            return Handover
        if self.link.following:
            return Activation
        return FinalActivation

    def function(self, name: Change) -> Way | Function | None:
        """The way or function of this name; None for an operation or another name."""
        if isinstance(name, Operation):
            return None
        if self.effect is Handover:
            return {**WAYS, **POSITIONS}.get(name)
        if self.effect is Activation:
            return ACTIVATIONS.get(name)
        return RESULTS.get(name)

    def does(self, side: Side, name: Change) -> str:
        """What a side does, as a sentence."""
        if isinstance(name, Operation):
            return f"{SIDES[side]} {name.does}"
        if self.effect is Handover:
            verb = "takes" if self.link.following else "returns"
            return f"{SIDES[side]} {verb} {name}"
        if self.effect is Activation:
            return f"{SIDES[side]} has {name}"
        return f"{SIDES[side]} ends {words.ending(name)}"

    def reading(
        self, side: Side, mistake: Mistake, wrong: Change, right: str
    ) -> Reading:
        """A mistake on a side, with what it does and what it should do."""
        if wrong == "nothing":
            sentence = f"{SIDES[side]} ends without {right}"
        elif wrong == NONE:
            sentence = f"{SIDES[side]} lacks {right}"
        elif right in NOTHING:
            sentence = f"{self.does(side, wrong)}, {self.does(OTHER[side], right)}"
        else:
            sentence = f"{self.does(side, wrong)}, not {right}"
        fix = self.fix(side, right, wrong)
        return Reading(side, (mistake,), f"{self.link.where}, {sentence}", fix)

    def neutral(self, names: Mapping[Side, Change]) -> Reading:
        """Both sides, where no mistake of the library takes one to the other.

        Args:
            names: what each side does.
        """
        torch, keras = names["torch"], names["keras"]
        if keras in NOTHING and isinstance(torch, Operation):
            sentence = f"{self.does('torch', torch)}, Keras does not"
        else:
            sentence = f"{self.does('keras', keras)}, {self._contrast(torch, keras)}"
        torch_fix = self.fix("torch", keras, torch)
        keras_fix = self.fix("keras", torch, keras)
        fix = f"either {torch_fix} or {keras_fix}"
        return Reading("", (), f"{self.link.where}, {sentence}", fix)

    def whole(self, torch: Route, keras: Route) -> Reading:
        """Both sides, where they differ in what is taken and in what is computed."""
        in_torch = _in_words(torch) + _also(torch, keras)
        in_keras = _in_words(keras) + _also(keras, torch)
        sentence = f"{self.link.where}, Keras {in_keras}, PyTorch {in_torch}"
        fix = (
            f"either PyTorch: do what Keras does, which {in_keras}; or Keras: do what "
            f"PyTorch does, which {in_torch}"
        )
        return Reading("", (), sentence, fix)

    def _contrast(self, torch: Change, keras: Change) -> str:
        """What PyTorch does, in a sentence that has said what Keras does."""
        if torch in NOTHING and isinstance(keras, Operation):
            return "PyTorch does not"
        distance = operations.apart(torch, keras)
        if distance:
            return f"PyTorch does so with other numbers, {distance}"
        return self.does("torch", torch)

    def fix(self, side: Side, right: Change, wrong: Change) -> str:
        """What to change on a side that does the wrong one."""
        if isinstance(right, Operation) or isinstance(wrong, Operation):
            instruction = operations.fix(right, wrong, side, self.link.following)
        elif self.effect is Handover:
            instruction = words.written(right, side, wrong)
        elif self.effect is Activation:
            instruction = functions.written(right, side, wrong)
        else:
            instruction = words.end(right, side)
        return f"{SIDES[side]}: {instruction}"


def _also(route: Route, opposite: Route) -> str:
    """What comes to the same as the mean of all steps, and is like the other side's."""
    change = opposite.change
    if route.way != MEAN_OF_ALL or route.change not in NOTHING:
        return ""
    if not isinstance(change, Operation) or not change.of_means:
        return ""
    means = change.of_means.removeprefix("takes ")
    return f" (or {means}: the same numbers)"


def _in_words(route: Route) -> str:
    """What is taken of a layer and computed of it: a verb and its object."""
    change = route.change
    if isinstance(change, Operation):
        if route.way == EVERY_STEP:
            return change.does
        return f"takes {route.way} and {change.does}"
    if change in NOTHING:
        return f"takes {route.way}"
    return f"takes {route.way} through {change}"
