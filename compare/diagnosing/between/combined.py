"""What takes a layer's output to what comes next beyond one way and one function.

It is looked for where `between.recognise` knows none: the two directions made one, an
earlier array added or multiplied, numbers that scale and shift, an array's own mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from compare.diagnosing.between import ways as between
from compare.diagnosing.between.joins import joined
from compare.diagnosing.between.operation import composed, merged
from compare.diagnosing.between.scales import scaled
from compare.diagnosing.between.standards import standardised
from compare.diagnosing.between.ways import AS_IT_IS, EXACT, Recognised
from compare.judging.distances import NEAR, near
from compare.mistakes import ACTIVATIONS, RESULTS
from compare.mistakes.activations import NONE
from compare.mistakes.anatomy import Anatomy


def recognise(
    others: Sequence[str],
    found: Anatomy,
    layer: str,
    given: np.ndarray,
    last: bool,
    turned: bool,
) -> Recognised:
    """As `between.recognise`, with an `Operation` in the place of the function.

    Args:
        others: names of what else may be used: inputs, and layers before.
        found: one side.
        layer: its name.
        given: what comes next.
        last: whether that is the model's result.
        turned: whether the layer takes batch and time for each other.
    """
    plain = between.recognise(found, layer, given, last, turned)
    if plain or not given.ndim:
        return plain
    ways, sequence = between.ways_of(found, layer, turned)
    made = {name: way(sequence) for name, way in ways.items()}
    made = {name: array for name, array in made.items() if array is not None}
    functions = _functions(last)
    limit = NEAR if last else EXACT
    alike = {way: array for way, array in made.items() if array.shape == given.shape}
    for fitting in (
        _merged(sequence, made, given, limit),
        _joined(found, others, alike, given, functions, limit),
        _of_itself(standardised, alike, given),
        _of_itself(partial(scaled, functions=functions), alike, given),
    ):
        known = {
            (way, operation): composed(ways[way], change)
            for way, operation, change in fitting
        }
        if known:
            return known
    return {}


def _functions(last):
    if last:
        return {"nothing": RESULTS["nothing"], **RESULTS}
    return {NONE: ACTIVATIONS[NONE], **ACTIVATIONS}


def _merged(sequence, made, given, limit):
    """The two directions of a recurrent layer made one."""
    if sequence.h is None:
        return
    if sequence.output.shape[-1] != 2 * sequence.h.shape[-1]:
        return
    for way, array in made.items():
        if array.shape != (*given.shape[:-1], 2 * given.shape[-1]):
            continue
        for operation, change in merged(array).items():
            if near(change(array), given, limit):
                yield way, operation, change


def _joined(found, names, made, given, functions, limit):
    """A sum or product with something else."""
    for way, array in made.items():
        others = list(_others(found, names, way, given.shape))
        for operation, change in joined(array, given, others, functions, limit):
            yield way, operation, change


def _others(found, names, way, shape):
    """What else there is of a shape, by name, taken in the same way if it can be."""
    for name in reversed(names):
        if name not in found.handed | found.made:
            continue
        ways, sequence = between.ways_of(found, name, False)
        for each in ways:
            array = ways[each](sequence)
            if array is not None and array.shape == shape:
                same = each in (way, AS_IT_IS)
                yield name if same else f"{each} of {name}", array


def _of_itself(look, made, given):
    """What needs the array alone."""
    for way, array in made.items():
        for operation, change in look(array, given):
            yield way, operation, change
