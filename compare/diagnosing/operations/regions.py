"""The part of each model that makes what the twins do not share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from compare.diagnosing.operations.counterparts import Counterparts, same
from compare.mistakes.traces import RETURN, Step, Trace


@dataclass(frozen=True)
class Region:
    """The steps of one trace that make unlike results of what both sides share.

    Args:
        trace: the whole.
        depths: by the number of each step of the region, in the order of the run, how
            many steps of the region come before it; 0 where the difference begins.
        fixed: numbers of the values that do not depend on the model's inputs.
    """

    trace: Trace
    depths: Mapping[int, int]
    fixed: Collection[int] = ()

    @property
    def sources(self) -> list[Step]:
        """The steps that make unlike values of what is shared."""
        return self.steps(0)

    def steps(self, deepest: int) -> list[Step]:
        """The steps down to some depth, the first first."""
        numbers = [number for number, depth in self.depths.items() if depth <= deepest]
        numbers.sort(key=lambda number: self.depths[number])
        return [self.trace.steps[number] for number in numbers]

    def outputs(self, step: Step) -> list[tuple[int, int]]:
        """The place and the value of each output of a step that the region takes."""
        taken: set[int] = set()
        for number in self.depths:
            taken |= {*self.trace.steps[number].inputs}
        return [
            (place, value) for place, value in enumerate(step.outputs) if value in taken
        ]


@dataclass(frozen=True)
class Regions:
    """Where two traces do different things."""

    torch: Region
    keras: Region
    shared: Counterparts

    @property
    def are_empty(self) -> bool:
        """Whether both models return the same."""
        return not self.torch.depths and not self.keras.depths


def regions(torch: Trace, keras: Trace, shared: Counterparts) -> Regions:
    """Find the steps between what twins share and where their results differ."""
    unlike = []
    pairs = zip(torch.results, keras.results, strict=False)
    for place, (torch_value, keras_value) in enumerate(pairs):
        if not same(torch.array(torch_value), keras.array(keras_value)):
            unlike.append(place)
    return Regions(
        _region(torch, shared.of_torch, unlike),
        _region(keras, shared.of_keras, unlike),
        shared,
    )


def _region(trace: Trace, shared: Collection[int], unlike: Sequence[int]) -> Region:
    """The region of one trace.

    Args:
        trace: the whole.
        shared: numbers of the values that have a counterpart.
        unlike: places of the results that differ.
    """
    if not unlike:
        return Region(trace, {}, _fixed(trace))
    makers: dict[int, set[int]] = {RETURN: set()}
    waiting = []
    fixed = _fixed(trace)
    for place in unlike:
        value = trace.results[place]
        maker = trace.values[value].maker
        if value not in shared and maker is not None:
            makers[RETURN].add(maker)
            waiting.append(maker)
    while waiting:
        number = waiting.pop()
        if number in makers:
            continue
        makers[number] = set()
        for value in trace.steps[number].inputs:
            maker = trace.values[value].maker
            is_unlike = value not in shared and value not in fixed
            if is_unlike and maker is not None and maker != number:
                makers[number].add(maker)
                waiting.append(maker)
    depths: dict[int, int] = {}
    for number in trace.steps:  # in the order of the run
        if number in makers:
            before = [depths[maker] + 1 for maker in makers[number] if maker in depths]
            depths[number] = max(before, default=0)
    return Region(trace, depths, fixed)


def _fixed(trace: Trace) -> set[int]:
    """Values that do not depend on the model's inputs, such as a mask of its own."""
    fixed = {value.number for value in trace.values if "input" not in value.source}
    for step in trace.steps.values():
        if not fixed.issuperset(step.inputs) or step.is_layer:
            fixed.difference_update(step.outputs)
    return fixed
