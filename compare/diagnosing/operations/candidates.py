"""What PyTorch's model might have to do in one place to be Keras's model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from compare.diagnosing.operations.candidate import Candidate, is_own
from compare.diagnosing.operations.counterparts import is_turned, same
from compare.diagnosing.operations.layouts import first_input, order_for
from compare.diagnosing.operations.orders import Arrangement, arrangements
from compare.diagnosing.operations.own_weights import is_made_of
from compare.diagnosing.operations.regions import Region, Regions
from compare.kinds import BY_TORCH_NAME
from compare.mistakes.traces import Step, Trace

DEEPEST = 6  # steps into the region on one side, where the other is just in it
JUST = 1  # step into the region


def candidates(regions: Regions) -> Iterator[Candidate]:
    """All changes that may be tried, those where the difference begins first."""
    every = list(_every(regions))
    every.sort(key=lambda candidate: candidate.depth)
    yield from every


def _every(regions: Regions) -> Iterator[Candidate]:
    torch, keras = regions.torch, regions.keras
    for step in torch.steps(DEEPEST):
        depth = torch.depths[step.number]
        yield from _left_out(torch, step, depth)
        deepest = DEEPEST if depth <= JUST else JUST
        for keras_step in keras.steps(deepest):
            keras_depth = keras.depths[keras_step.number]
            whole_depth = depth + keras_depth
            if keras_depth == 0:
                yield from _turned(regions, step, keras_step, depth)
                yield from _given_otherwise(regions, step, keras_step, depth)
                yield from _with_constant(regions, step, keras_step, depth)
            if step.has_weights and keras_step.has_weights:
                yield from _laid_out_otherwise(regions, step, keras_step, whole_depth)
            for place, _ in keras.outputs(keras_step):
                yield from otherwise(regions, step, keras_step, place, whole_depth)
                yield from _added(regions, step, keras_step, place, whole_depth)


def _both_ways(regions: Regions, candidate: Candidate) -> Iterator[Candidate]:
    """A change of an input of one step, and of all that take the same value."""
    old = candidate.torch.inputs[candidate.place]
    times = sum(
        regions.torch.trace.steps[number].inputs.count(old)
        for number in regions.torch.depths
    )
    if times > 1:
        yield replace(candidate, everywhere=True)
    yield candidate


def _left_out(region: Region, step: Step, depth: int) -> Iterator[Candidate]:
    """PyTorch's step hands on one of its inputs."""
    trace = region.trace
    for place, output in region.outputs(step):
        for value in dict.fromkeys(step.inputs):
            x, result = trace.array(value), trace.array(output)
            is_like = x.ndim == result.ndim and x.dtype.kind == result.dtype.kind
            if depth:  # where a slice left out may not matter by chance
                is_like = is_like and x.shape == result.shape
            if is_like and not is_own(trace, value):
                yield Candidate("torch alone", step, place, depth, value=value)


def _added(
    regions: Regions, step: Step, keras_step: Step, keras_place: int, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step is given what Keras's step makes."""
    if _are_one_activation(regions, step, keras_step):
        return  # a slope below zero does nothing to what another one made 0
    trace = regions.torch.trace
    array = regions.keras.trace.array(keras_step.outputs[keras_place])
    for place, value in enumerate(step.inputs):
        if trace.values[value].source.startswith("the weight"):
            continue
        if trace.values[value].maker in regions.torch.depths:
            continue  # what makes it is to be changed, then
        for arrangement in arrangements(regions, step, array, trace.array(value)):
            candidate = Candidate(
                "keras alone", step, place, depth, keras_step, keras_place, arrangement
            )
            yield from _both_ways(regions, candidate)


def _are_one_activation(regions: Regions, step: Step, keras_step: Step) -> bool:
    """Whether both steps are one kind of activation of a value that both share."""
    kind = BY_TORCH_NAME.get(step.name)
    if kind is None or kind.family != "activation":
        return False
    if keras_step.name not in kind.keras:
        return False
    shared = set()
    for value in step.inputs:
        counterparts = regions.shared.of_torch.get(value, ())
        shared |= {counterpart.number for counterpart in counterparts}
    return not shared.isdisjoint(keras_step.inputs)


def otherwise(
    regions: Regions, step: Step, keras_step: Step, keras_place: int, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step makes what Keras's step makes."""
    array = regions.keras.trace.array(keras_step.outputs[keras_place])
    for place, output in regions.torch.outputs(step):
        like = regions.torch.trace.array(output)
        for arrangement in arrangements(regions, step, array, like):
            yield Candidate(
                "otherwise", step, place, depth, keras_step, keras_place, arrangement
            )


def _given_otherwise(
    regions: Regions, step: Step, keras_step: Step, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step is given another value that both sides share."""
    trace = regions.torch.trace
    for keras_place, keras_value in enumerate(keras_step.inputs):
        values = regions.shared.of_keras.get(keras_value, ())
        times = 0
        for taken in keras_step.inputs:
            if not set(values).isdisjoint(regions.shared.of_keras.get(taken, ())):
                times += 1
        if not values or times <= sum(map(step.inputs.count, values)):
            continue
        for place, old in enumerate(step.inputs):
            if old in values:
                continue
            value, arrangement = _like(old, values, trace), None
            array = regions.keras.trace.array(keras_value)
            if value is None and array.shape == trace.array(old).shape:
                value = values[0]  # with its axes as Keras has them
                arrangement = Arrangement(tuple(range(array.ndim)))
            if value is not None and not is_own(trace, value):
                candidate = Candidate(
                    "another input",
                    step,
                    place,
                    depth,
                    keras_step,
                    keras_place,
                    arrangement,
                    value=value,
                )
                yield from _both_ways(regions, candidate)


def _like(old: int, values: Sequence[int], trace: Trace) -> int | None:
    """The value that has the shape of another one, or else all but the steps of it."""
    sizes = trace.array(old).shape
    for value in values:
        if trace.array(value).shape == sizes:
            return value
    for value in values:
        shape = trace.array(value).shape
        is_long = len(shape) == len(sizes) == 3  # keys may be of another length
        if is_long and (shape[0], shape[-1]) == (sizes[0], sizes[-1]):
            return value
    return None


def _with_constant(
    regions: Regions, step: Step, keras_step: Step, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step is given a constant of Keras's step."""
    torch, keras = regions.torch, regions.keras
    for place, value in enumerate(step.inputs):
        if value not in torch.fixed:
            continue
        twins = {twin.number for twin in regions.shared.of_torch.get(value, ())}
        like = torch.trace.array(value)
        if is_own(torch.trace, value) and like.size < 2:
            continue  # a number that the user has written
        for keras_place, keras_value in enumerate(keras_step.inputs):
            if keras_value not in keras.fixed or keras_value in twins:
                continue
            if twins and not is_made_of(keras_value, twins, keras.trace):
                continue
            array = keras.trace.array(keras_value)
            if array.size != like.size:
                continue
            for arrangement in arrangements(regions, step, array, like):
                yield Candidate(
                    "another constant",
                    step,
                    place,
                    depth,
                    keras_step,
                    keras_place,
                    arrangement,
                    everywhere=True,
                )


def _laid_out_otherwise(
    regions: Regions, step: Step, keras_step: Step, depth: int
) -> Iterator[Candidate]:
    """PyTorch's layer is given what Keras's is given, in the order that it takes."""
    trace, keras_trace = regions.torch.trace, regions.keras.trace
    place = first_input(step, trace)
    keras_place = first_input(keras_step, keras_trace)
    if place is None or keras_place is None:
        return
    keras_value = keras_step.inputs[keras_place]
    array, torch_array = keras_trace.array(keras_value), trace.array(step.inputs[place])
    if keras_value not in regions.shared.of_keras or array.size != torch_array.size:
        return
    arrangement = Arrangement(order_for(step, array.ndim))
    right = arrangement.of(array)
    if right.ndim != torch_array.ndim or same(right, torch_array):
        return
    # Else it is given other numbers, and not the same ones in another order.
    if same(np.sort(right, axis=None), np.sort(torch_array, axis=None)):
        yield Candidate(
            "another layout", step, place, depth, keras_step, keras_place, arrangement
        )


def _turned(
    regions: Regions, step: Step, keras_step: Step, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step is given the same numbers with axes as Keras has them."""
    for place, value in enumerate(step.inputs):
        torch_array = regions.torch.trace.array(value)
        if is_own(regions.torch.trace, value):
            continue
        numbers = {shared.number for shared in regions.shared.of_torch.get(value, ())}
        for keras_place, keras_value in enumerate(keras_step.inputs):
            array = regions.keras.trace.array(keras_value)
            if keras_value in numbers and is_turned(torch_array, array):
                yield Candidate(
                    "another order",
                    step,
                    place,
                    depth,
                    keras_step,
                    keras_place,
                    Arrangement(tuple(range(torch_array.ndim)), torch_array.shape),
                )
