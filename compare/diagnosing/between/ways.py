"""What lies between two layers, or after the last: recognised on each side by itself.

What a layer makes is handed on in a way of `WAYS` (a step, the mean of all, ...) and
may go through a function (a relu, a softmax, ...).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from compare.diagnosing.between import operation as operations
from compare.diagnosing.between.operation import NOTHING, Change, Function, Operation
from compare.diagnosing.finding import Finding, Link, Reading, distinct
from compare.judging.arrays import valid_steps
from compare.judging.distances import NEAR, near
from compare.judging.evidence import OTHER, SIDES
from compare.judging.words import Side
from compare.kinds.mistake import Activation, FinalActivation, Handover
from compare.mistakes import (
    ACTIVATIONS,
    MISTAKES,
    RESULTS,
    WAYS,
    Mistake,
    RecurrentOutput,
)
from compare.mistakes import activations as functions
from compare.mistakes import ways as words
from compare.mistakes.activations import NONE
from compare.mistakes.anatomy import Anatomy

EVERY_STEP = "every step"  # the only way for a layer that has no steps
EXACT = 1e-13  # of the largest value: the forms of a gelu differ by 1e-10
STATE = "the final hidden state"


class Route(NamedTuple):
    """How what a layer makes becomes what comes next.

    Args:
        way: a name of `WAYS`.
        change: what is computed of the array that is handed on in this way.
    """

    way: str
    change: Change


# Takes the output of a layer to what comes next; None where there is no such thing.
Way = Callable[[RecurrentOutput], np.ndarray | None]
Recognised = Mapping[Route, Way]
Kind = Literal["ways", "functions"]


# ------------------------------------------------------------------------- differences


def differing(link: Link, sides: Mapping[Side, Recognised]) -> Iterator[Finding]:
    """Where the sides hand on in different ways, or through different functions.

    Args:
        link: the place.
        sides: what was recognised on each side, as `recognise` returns it.
    """
    torch, keras = sides["torch"], sides["keras"]
    if torch.keys() & keras.keys():
        return
    for side, recognised in sides.items():
        if not recognised:
            subject = f"{link.following} gets" if link.following else "the result is"
            unknown = f"{subject} something unknown in {SIDES[side]}"
            yield Finding(link.layer, unknown=unknown, following=link.following)
            return
    kinds, routes = _differences(sides)
    # A state is not cut off where PyTorch's batch is packed; a step is.
    states = [route for route in routes["keras"] if route.way == STATE]
    likeliest = states[0] if states else routes["keras"][0]
    cure = Handover(keras[likeliest])
    ends = routes["torch"][0], likeliest
    if len(kinds) > 1 and any(_tells_the_way(route) for route in ends):
        yield Finding(
            link.layer,
            (_Wording(link, "functions").whole(*ends),),
            cure=cure,
            following=link.following,
        )
        return
    for kind in kinds:
        names = {side: _names(kind, routes[side]) for side in sides}
        yield Finding(
            link.layer, readings(link, kind, names), cure=cure, following=link.following
        )


def _differences(
    sides: Mapping[Side, Recognised],
) -> tuple[Sequence[Kind], dict[Side, list[Route]]]:
    """What differs, the ways, the functions or both, and the routes that show it.

    Where routes of both sides share a function, those routes differ in their ways; else
    where they share a way, in their functions. Of each side the likeliest comes first.
    """
    torch, keras = sides["torch"], sides["keras"]
    shared_changes = {route.change for route in torch} & {r.change for r in keras}
    shared_ways = {route.way for route in torch} & {route.way for route in keras}
    kinds: Sequence[Kind] = ("ways", "functions")
    if shared_changes:
        kinds = ("ways",)
    elif shared_ways:
        kinds = ("functions",)
    routes: dict[Side, list[Route]] = {}
    for side, recognised in sides.items():
        routes[side] = list(recognised)
        if shared_changes:
            routes[side] = [r for r in recognised if r.change in shared_changes]
        elif shared_ways:
            routes[side] = [r for r in recognised if r.way in shared_ways]
    return kinds, routes


def _tells_the_way(route: Route) -> bool:
    """Whether an operation says itself what is taken of every step."""
    return route.way == EVERY_STEP and isinstance(route.change, Operation)


def _names(kind: Kind, routes: Sequence[Route]) -> list[Change]:
    """The ways of some routes, or what is computed in them."""
    if kind == "ways":
        return [route.way for route in routes]
    return [route.change for route in routes]


# ----------------------------------------------------------------------- what is there


def recognise(
    anatomy: Anatomy, layer: str, following: np.ndarray, last: bool, turned: bool
) -> Recognised:
    """Each way and function that takes a layer's output to what comes next.

    Args:
        anatomy: what one side does.
        layer: its name.
        following: what comes next, (batch, ..., features).
        last: whether that is the model's result.
        turned: whether the layer takes batch and time for each other.
    """
    ways, output = ways_of(anatomy, layer, turned)
    arrays = {name: way(output) for name, way in ways.items()}
    nothing = "nothing" if last else NONE
    unchanged = {
        Route(name, nothing): ways[name]
        for name, array in arrays.items()
        if near(array, following)
    }
    if unchanged:
        return unchanged
    limit = NEAR if last else EXACT
    recognised: dict[Route, Way] = {}
    for name, array in arrays.items():
        if array is None or array.shape != following.shape:
            continue
        for function_name, function in _functions(array, following, last):
            if near(function(array), following, limit):
                route = Route(name, function_name)
                recognised[route] = through(ways[name], function)
    return recognised


def _functions(
    array: np.ndarray, following: np.ndarray, last: bool
) -> list[tuple[str, Function]]:
    """Every function that may stand between two arrays of one shape, by name."""
    if last:
        return list(RESULTS.items())
    candidates = [*ACTIVATIONS.items(), *functions.ROUNDED.items()]
    fitted = functions.family(array, following)
    if fitted is not None and fitted[0] not in ACTIVATIONS:
        candidates.append(fitted)
    return candidates


def without_padding(
    output: RecurrentOutput, layer: str, keras: Anatomy
) -> RecurrentOutput:
    """What PyTorch's layer returns, with zeros for the steps that Keras's layer masks.

    So the ways of Keras's output are those of this one.

    Args:
        output: of PyTorch's layer.
        layer: its name.
        keras: what Keras's twin does.
    """
    call = keras.recurrent_calls.get(layer)
    if call is None or call.lengths is None or output.lengths is not None:
        return output
    if layer in keras.orders or output.output.ndim != 3:
        return output
    is_valid = valid_steps(output.output, call.lengths)
    steps = np.where(is_valid, output.output, 0)
    return replace(output, output=steps, lengths=call.lengths)


def through(way: Way, function: Function) -> Way:
    """The way that also applies a function to what is handed on."""

    def apply(output: RecurrentOutput) -> np.ndarray | None:
        array = way(output)
        return None if array is None else function(array)

    return apply


def ways_of(
    anatomy: Anatomy, layer: str, turned: bool
) -> tuple[Mapping[str, Way], RecurrentOutput]:
    """The ways to hand on what a layer makes, and what they start from.

    Args:
        anatomy: what one side does.
        layer: its name.
        turned: whether the layer takes batch and time for each other.

    Returns:
        Ways by name, and the output of the layer, (batch, time, features), or (batch,
        features) where only `EVERY_STEP` is a way.
    """
    if layer in anatomy.recurrent_outputs:
        output = anatomy.recurrent_outputs[layer]
        if turned:
            batch_first = output.output.swapaxes(0, 1)
            output = replace(output, output=batch_first, lengths=None)
        return WAYS, output
    output = RecurrentOutput(anatomy.layer_outputs[layer])
    if output.output.ndim != 3:
        return {EVERY_STEP: WAYS[EVERY_STEP]}, output
    return WAYS, output


# ---------------------------------------------------------------------------- readings


def readings(
    link: Link, kind: Kind, names: Mapping[Side, Sequence[Change]]
) -> tuple[Reading, ...]:
    """Which side may have the wrong way or function, and what to change there.

    Args:
        link: the place.
        kind: "ways" or "functions".
        names: those that fit, by side, the likeliest first.
    """
    wording = _Wording(link, kind)
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
    wording: _Wording, names: Mapping[Side, Sequence[Change]]
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
class _Wording:
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
            return WAYS.get(name)
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
        sentence = (
            f"{self.link.where}, Keras {_in_words(keras)}, PyTorch {_in_words(torch)}"
        )
        fix = (
            f"either PyTorch: do what Keras does, which {_in_words(keras)}; or Keras: "
            f"do what PyTorch does, which {_in_words(torch)}"
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
