"""What PyTorch's model might have to do in one place to be Keras's model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from compare.diagnosing.operations.counterparts import (
    is_turned,
    same,
)
from compare.diagnosing.operations.layouts import first_input, order_for
from compare.diagnosing.operations.orders import Arrangement, arrangements
from compare.diagnosing.operations.regions import Region, Regions
from compare.diagnosing.operations.worded import Worded
from compare.mistakes.traces import RETURN, Replacement, Step, Trace

DEEPEST = 6  # steps into the region on one side, where the other is just in it
JUST = 1  # step into the region

Manner = Literal[
    "otherwise",
    "torch alone",
    "keras alone",
    "another input",
    "another constant",
    "another layout",
    "another order",
]


@dataclass(frozen=True)
class Candidate:
    """One change of PyTorch's model to what Keras's does.

    Args:
        manner: "otherwise", where a step of each side makes something else of what is
            shared; "torch alone" and "keras alone", where one side has a step too many;
            "another input", where a step is given another shared value; "another
            constant", where it is given one that depends on no input of the model;
            "another layout", where it is given the same numbers in another order;
            "another order", where some axes of the same size are exchanged in them.
        torch: the step of PyTorch that is changed.
        place: of the input or output of PyTorch's step.
        depth: steps into the region.
        keras: the step of Keras that makes the array, or takes it; None where PyTorch's
            own input takes the place.
        keras_place: of the output of Keras's step; of its input where a constant or
            another layout takes the place, or another input of PyTorch's.
        arrangement: of that output in PyTorch.
        value: of PyTorch's trace, that takes the place; -1 where Keras's does.
        everywhere: whether all steps of the region that take the same value as the
            input take the other one.
        words: what the change is, where that is known beside what operations do.
        instead: all that is replaced, where that is not the place alone.
    """

    manner: Manner
    torch: Step
    place: int
    depth: int
    keras: Step | None = None
    keras_place: int = 0
    arrangement: Arrangement | None = None
    value: int = -1
    everywhere: bool = False
    words: Worded | None = None
    instead: tuple[Replacement, ...] = ()

    @property
    def is_input(self) -> bool:
        """Whether an input of PyTorch's step is replaced, not an output."""
        return self.manner not in ("otherwise", "torch alone")

    @property
    def input_of_keras(self) -> int:
        """The value of Keras's trace in the place of the input of its step."""
        assert self.keras is not None
        return self.keras.inputs[self.keras_place]

    def array(self, found: Regions) -> np.ndarray:
        """What takes the place, as PyTorch has it."""
        if self.arrangement is None or self.keras is None:
            return found.torch.trace.array(self.value)
        values = self.keras.inputs
        if self.manner in ("otherwise", "keras alone"):
            values = self.keras.outputs
        value = values[self.keras_place]
        return self.arrangement.of(found.keras.trace.array(value))

    def replacements(self, found: Regions) -> list[Replacement]:
        """The change, wherever the same lines run again, as a loop does."""
        if self.instead:
            return [*self.instead]
        if self.everywhere:
            return self._everywhere(found)
        again = _again(found.torch, self.torch)
        keras_again = [] if self.keras is None else _again(found.keras, self.keras)
        steps: list[tuple[Step, Step | None]] = [(self.torch, self.keras)]
        if self.keras is None:
            steps = [(step, None) for step in again]
        elif len(again) == len(keras_again):
            steps = list(zip(again, keras_again, strict=True))
        changes = []
        for torch, keras in steps:
            if keras is None and len(torch.outputs) == 1:
                which = self.torch.inputs.index(self.value)
                changes.append(Replacement(torch.number, self.place, hands_on=which))
                continue
            candidate = replace(self, torch=torch, keras=keras)
            value = self._value_of(found, torch, keras)
            if value is not None:
                array = replace(candidate, value=value).array(found)
                change = Replacement(torch.number, self.place, array, self.is_input)
                changes.append(change)
        return changes

    def _value_of(self, found: Regions, torch: Step, keras: Step | None) -> int | None:
        """What PyTorch's value is where the same lines run again; None for none."""
        if self.value < 0 or torch.number == self.torch.number:
            return self.value
        if keras is None:
            return torch.inputs[self.torch.inputs.index(self.value)]
        shape = found.torch.trace.array(torch.inputs[self.place]).shape
        for value in found.shared.of_keras.get(keras.inputs[self.keras_place], ()):
            if found.torch.trace.array(value).shape == shape:
                return value
        return None

    def _everywhere(self, found: Regions) -> list[Replacement]:
        """The change of an input wherever the region takes the same value."""
        array = self.array(found)
        old = self.torch.inputs[self.place]
        changes = []
        numbers = found.torch.depths.keys()
        if self.manner == "another constant":  # which may be made into others first
            numbers = found.torch.trace.steps.keys()
        for number in numbers:
            for place, value in enumerate(found.torch.trace.steps[number].inputs):
                if value == old:
                    changes.append(Replacement(number, place, array, is_input=True))
        return changes


def _again(region: Region, step: Step) -> list[Step]:
    """The steps of a region that the same line runs for the same layer."""
    if step.line is None or step.number == RETURN:
        return [step]
    return [
        other
        for other in (region.trace.steps[number] for number in region.depths)
        if (other.name, other.is_layer, other.line)
        == (step.name, step.is_layer, step.line)
        and len(other.inputs) == len(step.inputs)
        and len(other.outputs) == len(step.outputs)
    ]


def candidates(found: Regions) -> Iterator[Candidate]:
    """All changes that may be tried, those where the difference begins first."""
    every = list(_every(found))
    every.sort(key=lambda candidate: candidate.depth)
    yield from every


def _every(found: Regions) -> Iterator[Candidate]:
    torch, keras = found.torch, found.keras
    for step in torch.steps(DEEPEST):
        depth = torch.depths[step.number]
        yield from _left_out(torch, step, depth)
        for keras_step in keras.steps(DEEPEST if depth <= JUST else JUST):
            keras_depth = keras.depths[keras_step.number]
            both = depth + keras_depth
            if keras_depth == 0:
                yield from _turned(found, step, keras_step, depth)
                yield from _given_otherwise(found, step, keras_step, depth)
                yield from _with_constant(found, step, keras_step, depth)
            if step.has_weights and keras_step.has_weights:
                yield from _laid_out_otherwise(found, step, keras_step, both)
            for place, _ in keras.outputs(keras_step):
                yield from otherwise(found, step, keras_step, place, both)
                yield from _added(found, step, keras_step, place, both)


def _both_ways(found: Regions, candidate: Candidate) -> Iterator[Candidate]:
    """A change of an input of one step, and of all that take the same value."""
    old = candidate.torch.inputs[candidate.place]
    times = sum(
        found.torch.trace.steps[number].inputs.count(old)
        for number in found.torch.depths
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
    found: Regions, step: Step, keras_step: Step, keras_place: int, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step is given what Keras's step makes."""
    trace = found.torch.trace
    array = found.keras.trace.array(keras_step.outputs[keras_place])
    for place, value in enumerate(step.inputs):
        if trace.values[value].source.startswith("the weight"):
            continue
        if trace.values[value].maker in found.torch.depths:
            continue  # what makes it is to be changed, then
        for arrangement in arrangements(found, step, array, trace.array(value)):
            candidate = Candidate(
                "keras alone", step, place, depth, keras_step, keras_place, arrangement
            )
            yield from _both_ways(found, candidate)


def otherwise(
    found: Regions, step: Step, keras_step: Step, keras_place: int, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step makes what Keras's step makes."""
    array = found.keras.trace.array(keras_step.outputs[keras_place])
    for place, output in found.torch.outputs(step):
        like = found.torch.trace.array(output)
        for arrangement in arrangements(found, step, array, like):
            yield Candidate(
                "otherwise", step, place, depth, keras_step, keras_place, arrangement
            )


def _given_otherwise(
    found: Regions, step: Step, keras_step: Step, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step is given another value that both sides share."""
    trace = found.torch.trace
    for keras_place, keras_value in enumerate(keras_step.inputs):
        values = found.shared.of_keras.get(keras_value, ())
        same_value = set(values)
        times = sum(
            bool(same_value & {*found.shared.of_keras.get(other, ())})
            for other in keras_step.inputs
        )
        if not values or times <= sum(map(step.inputs.count, values)):
            continue
        for place, old in enumerate(step.inputs):
            if old in values:
                continue
            value, arrangement = _like(old, values, trace), None
            array = found.keras.trace.array(keras_value)
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
                yield from _both_ways(found, candidate)


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
    found: Regions, step: Step, keras_step: Step, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step is given a constant of Keras's step."""
    torch, keras = found.torch, found.keras
    for place, value in enumerate(step.inputs):
        if value not in torch.fixed or value in found.shared.of_torch:
            continue
        like = torch.trace.array(value)
        if is_own(torch.trace, value) and like.size < 2:
            continue  # a number that the user has written
        for keras_place, keras_value in enumerate(keras_step.inputs):
            if keras_value not in keras.fixed:
                continue
            array = keras.trace.array(keras_value)
            if array.size != like.size:
                continue
            for arrangement in arrangements(found, step, array, like):
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
    found: Regions, step: Step, keras_step: Step, depth: int
) -> Iterator[Candidate]:
    """PyTorch's layer is given what Keras's is given, in the order that it takes."""
    trace, keras_trace = found.torch.trace, found.keras.trace
    place = first_input(step, trace)
    keras_place = first_input(keras_step, keras_trace)
    if place is None or keras_place is None:
        return
    keras_value = keras_step.inputs[keras_place]
    array, own = keras_trace.array(keras_value), trace.array(step.inputs[place])
    if keras_value not in found.shared.of_keras or array.size != own.size:
        return
    arrangement = Arrangement(order_for(step, array.ndim))
    right = arrangement.of(array)
    if right.ndim != own.ndim or same(right, own):
        return
    # Else it is given other numbers, and not the same ones in another order.
    if same(np.sort(right, axis=None), np.sort(own, axis=None)):
        yield Candidate(
            "another layout", step, place, depth, keras_step, keras_place, arrangement
        )


def _turned(
    found: Regions, step: Step, keras_step: Step, depth: int
) -> Iterator[Candidate]:
    """PyTorch's step is given the same numbers with axes as Keras has them."""
    for place, value in enumerate(step.inputs):
        own = found.torch.trace.array(value)
        if is_own(found.torch.trace, value):
            continue
        numbers = {shared.number for shared in found.shared.of_torch.get(value, ())}
        for keras_place, keras_value in enumerate(keras_step.inputs):
            array = found.keras.trace.array(keras_value)
            if keras_value in numbers and is_turned(own, array):
                yield Candidate(
                    "another order",
                    step,
                    place,
                    depth,
                    keras_step,
                    keras_place,
                    Arrangement(tuple(range(own.ndim)), own.shape),
                )


def is_own(trace: Trace, value: int) -> bool:
    """Whether a value is a model's own: a weight or a constant."""
    return trace.values[value].source.startswith(("the weight", "a const"))
