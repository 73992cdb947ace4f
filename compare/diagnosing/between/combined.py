"""What takes a layer's output to what comes next beyond one way and one function.

It is looked for where `ways.recognise` knows none: the two directions made one, an
earlier array added or multiplied, numbers that scale and shift, an array's own mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from compare.diagnosing.between import ways as between
from compare.diagnosing.between.attention import weighed
from compare.diagnosing.between.joins import joined
from compare.diagnosing.between.operation import Function, Operation, merged
from compare.diagnosing.between.pooled import pooled
from compare.diagnosing.between.rearranged import rearranged
from compare.diagnosing.between.route import EVERY_STEP, EXACT, Recognised, Route
from compare.diagnosing.between.scales import scaled
from compare.diagnosing.between.scored import attended
from compare.diagnosing.between.standards import standardised
from compare.judging.distances import NEAR, near
from compare.mistakes import ACTIVATIONS, RESULTS, RecurrentOutput
from compare.mistakes.activations import NONE
from compare.mistakes.anatomy import Anatomy
from compare.mistakes.ways import taken

# A route whose change is an operation, and the function that the operation is.
Computed = tuple[Route, Function]
Search = Callable[[np.ndarray, np.ndarray], Iterable[tuple[Operation, Function]]]


def recognise(
    sources: Sequence[str],
    anatomy: Anatomy,
    layer: str,
    following: np.ndarray,
    last: bool,
    turned: bool,
) -> Recognised:
    """Each way and function that takes a layer's output to what comes next.

    Where there is none, each way and operation that does.

    Args:
        sources: names of what else may be used: inputs, and layers before.
        anatomy: what one side does.
        layer: its name.
        following: what comes next, (batch, ..., features).
        last: whether that is the model's result.
        turned: whether the layer takes batch and time for each other.
    """
    plain = between.recognise(anatomy, layer, following, last, turned)
    if plain or not following.ndim:
        return plain
    ways, _ = between.ways_of(anatomy, layer, turned)
    for search in _searches(sources, anatomy, layer, following, last, turned):
        recognised = {
            route: between.through(ways[route.way], function)
            for route, function in search
        }
        if recognised:
            return recognised
    return {}


def _searches(
    sources: Sequence[str],
    anatomy: Anatomy,
    layer: str,
    following: np.ndarray,
    last: bool,
    turned: bool,
) -> tuple[Iterator[Computed], ...]:
    """What to look for, the simplest first; the arguments are those of `recognise`.

    These are generators: the later ones are not begun once one has found something.
    """
    ways, output = between.ways_of(anatomy, layer, turned)
    arrays = taken(ways, output)
    fitting = {
        name: array for name, array in arrays.items() if array.shape == following.shape
    }
    functions = _functions(last)
    limit = NEAR if last else EXACT
    partners = [*reversed([n for n in sources if n != layer])]
    every_step = output.output
    return (
        _merged(output, arrays, following, limit),
        _joined(anatomy, sources, fitting, following, functions, limit),
        _of_itself(standardised, fitting, following),
        _of_itself(partial(scaled, functions=functions), fitting, following),
        _of_every_step(partial(rearranged, functions=functions), every_step, following),
        _of_every_step(partial(pooled, functions=functions), every_step, following),
        _attention(layer, every_step, anatomy, partners, following),
    )


def _functions(last: bool) -> dict[str, Function]:
    """The functions of the library by name, first the one that changes nothing."""
    if last:
        return {"nothing": RESULTS["nothing"], **RESULTS}
    return {NONE: ACTIVATIONS[NONE], **ACTIVATIONS}


def _merged(
    output: RecurrentOutput,
    arrays: Mapping[str, np.ndarray],
    following: np.ndarray,
    limit: float,
) -> Iterator[Computed]:
    """The two directions of a recurrent layer made one.

    Args:
        output: what the layer returns.
        arrays: what is handed on of it, by way.
        following: what comes next, (batch, ..., features).
        limit: of the largest value.
    """
    if output.h is None or output.output.shape[-1] != 2 * output.h.shape[-1]:
        return
    shape = (*following.shape[:-1], 2 * following.shape[-1])
    for way, array in arrays.items():
        if array.shape != shape:
            continue
        for operation, function in merged(array).items():
            if near(function(array), following, limit):
                yield Route(way, operation), function


def _joined(
    anatomy: Anatomy,
    names: Sequence[str],
    arrays: Mapping[str, np.ndarray],
    following: np.ndarray,
    functions: Mapping[str, Function],
    limit: float,
) -> Iterator[Computed]:
    """A sum or product with something else.

    Args:
        anatomy: what one side does.
        names: of what else may be used.
        arrays: what is handed on of a layer's output, by way, of the shape of
            `following`.
        following: what comes next, (batch, ..., features).
        functions: by name; first the one that leaves an array as it is.
        limit: of the largest value.
    """
    for way, array in arrays.items():
        partners = list(_partners(anatomy, names, following.shape, way))
        for operation, function in joined(array, following, partners, functions, limit):
            yield Route(way, operation), function


def _partners(
    anatomy: Anatomy, names: Sequence[str], shape: tuple[int, ...], way: str
) -> Iterator[tuple[str, np.ndarray]]:
    """What else there is of a shape, by name, the nearest layers first.

    An array that is taken in the same way as the layer's goes by its name alone. One
    that is the same for all samples, as what stands for positions, is there for each.
    What goes into a layer is looked at as well, last: a residual adds it.
    """
    for name in reversed(names):
        if name not in anatomy.recurrent_outputs and name not in anatomy.layer_outputs:
            continue
        ways, output = between.ways_of(anatomy, name, False)
        for other_way, take in ways.items():
            array = take(output)
            if array is not None and array.shape == shape[1:]:
                array = np.broadcast_to(array, shape)
            if array is None or array.shape != shape:
                continue
            if other_way in (way, EVERY_STEP):
                yield name, array
            else:
                yield f"{other_way} of {name}", array
    for name in reversed(names):
        x = anatomy.layer_inputs.get(name)
        if x is not None and x.shape == shape and x.dtype.kind == "f":
            yield f"what goes into {name}", x


def _of_every_step(
    search: Search, every_step: np.ndarray, following: np.ndarray
) -> Iterator[Computed]:
    """What needs every step of the layer, and makes another shape of them.

    Args:
        search: takes every step, and what comes next.
        every_step: what the layer makes, (batch, time, features).
        following: what comes next.
    """
    for operation, function in search(every_step, following):
        yield Route(EVERY_STEP, operation), function


def _attention(
    layer: str,
    every_step: np.ndarray,
    anatomy: Anatomy,
    names: Sequence[str],
    following: np.ndarray,
) -> Iterator[Computed]:
    """Steps weighed by what the layer makes, or by products with it.

    Args:
        layer: its name.
        every_step: what it makes, (batch, time, features).
        anatomy: what one side does.
        names: of what else may be used, the nearest first.
        following: what comes next.
    """
    partners = []
    lengths = None
    for name in names:
        if name in anatomy.recurrent_outputs:
            output = anatomy.recurrent_outputs[name]
            partners.append((name, output.output))
            if lengths is None:
                lengths = output.lengths
        elif name in anatomy.layer_outputs:
            partners.append((name, anatomy.layer_outputs[name]))
    operations = [
        *weighed(layer, every_step, following, partners, lengths),
        *attended((layer, every_step), following, partners, anatomy),
    ]
    for operation, function in operations:
        yield Route(EVERY_STEP, operation), function


def _of_itself(
    search: Search, arrays: Mapping[str, np.ndarray], following: np.ndarray
) -> Iterator[Computed]:
    """What needs the array alone.

    Args:
        search: takes an array and what comes next, of one shape.
        arrays: what is handed on of a layer's output, by way, of that shape.
        following: what comes next.
    """
    for way, array in arrays.items():
        for operation, function in search(array, following):
            yield Route(way, operation), function
