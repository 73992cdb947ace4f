"""What lies between two layers, or after the last: recognised on each side by itself.

What a layer makes is handed on in a way of `WAYS` (a step, the mean of all, ...) and
may go through a function (a relu, a softmax, ...).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from compare.diagnosing.between.operation import Change, Function, Operation
from compare.diagnosing.between.route import (
    EVERY_STEP,
    EXACT,
    STATE,
    Kind,
    Recognised,
    Route,
)
from compare.diagnosing.between.wording import Wording, readings
from compare.diagnosing.finding import Finding, Link
from compare.judging.arrays import valid_steps
from compare.judging.distances import NEAR, near
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.kinds.mistake import Handover
from compare.mistakes import (
    ACTIVATIONS,
    RESULTS,
    WAYS,
    RecurrentOutput,
)
from compare.mistakes import activations as functions
from compare.mistakes.activations import NONE
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.fitted import family
from compare.mistakes.ways import CONVOLVED, POSITIONS, STEPS_OF_IMAGES, Way

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
            (Wording(link, "functions").whole(*ends),),
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
    fitted = family(array, following)
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
    h, last_valid = output.h, steps[np.arange(len(steps)), call.lengths - 1]
    if h is not None and h.shape == last_valid.shape:  # of a layer of one direction
        h = last_valid
    return replace(output, output=steps, h=h, lengths=call.lengths)


def with_lengths(torch: Anatomy, layer: str, keras: Anatomy) -> Anatomy:
    """PyTorch's anatomy, a layer of which returns the lengths that Keras's mask tells.

    So a step that PyTorch's user takes by the length is recognised without packing.

    Args:
        torch: what PyTorch's twin does.
        layer: any.
        keras: what Keras's twin does.
    """
    output = torch.recurrent_outputs.get(layer)
    call = keras.recurrent_calls.get(layer)
    if output is None or output.lengths is not None or output.output.ndim != 3:
        return torch
    if call is None or call.lengths is None or layer in keras.orders:
        return torch
    if call.x.shape[:2] != output.output.shape[:2]:
        return torch
    output = replace(output, lengths=call.lengths)
    outputs = {**torch.recurrent_outputs, layer: output}
    return replace(torch, recurrent_outputs=outputs)


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
        Ways by name, and the output of the layer, (batch, time, features) or (batch,
        *spatial, channels), or (batch, features) where only `EVERY_STEP` is a way.
    """
    if layer in anatomy.recurrent_outputs:
        output = anatomy.recurrent_outputs[layer]
        if turned:
            batch_first = output.output.swapaxes(0, 1)
            output = replace(output, output=batch_first, lengths=None)
        if output.output.ndim > 3:
            return CONVOLVED, output
        return WAYS, output
    output = RecurrentOutput(anatomy.layer_outputs[layer])
    axes = output.output.ndim
    if axes > 3 and any(c.x.ndim == axes for c in anatomy.recurrent_calls.values()):
        return {**STEPS_OF_IMAGES, **POSITIONS}, output
    if axes > 3:
        return {EVERY_STEP: WAYS[EVERY_STEP], **POSITIONS}, output
    if output.output.ndim != 3:
        return {EVERY_STEP: WAYS[EVERY_STEP]}, output
    return WAYS, output
