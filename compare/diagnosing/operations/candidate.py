"""One change of a PyTorch model to what Keras's model does in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from compare.diagnosing.operations.orders import Arrangement
from compare.diagnosing.operations.regions import Region, Regions
from compare.diagnosing.operations.worded import Worded
from compare.mistakes.traces import RETURN, Replacement, Step, Trace

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
    """One change of PyTorch's model to what Keras's model does.

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
        keras: the step of Keras that makes the array, or takes it; None where an
            input of PyTorch's own step takes the place.
        keras_place: of the output of Keras's step; of its input where a constant or
            another layout takes the place, or another input of PyTorch's step.
        arrangement: of that output in PyTorch.
        value: of PyTorch's trace, that takes the place; -1 where one of Keras does.
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

    def array(self, regions: Regions) -> np.ndarray:
        """What takes the place, as PyTorch has it."""
        if self.arrangement is None or self.keras is None:
            return regions.torch.trace.array(self.value)
        values = self.keras.inputs
        if self.manner in ("otherwise", "keras alone"):
            values = self.keras.outputs
        value = values[self.keras_place]
        return self.arrangement.of(regions.keras.trace.array(value))

    def replacements(self, regions: Regions) -> list[Replacement]:
        """The change, wherever the same lines run again, as a loop does."""
        if self.instead:
            return [*self.instead]
        if self.everywhere:
            return self._everywhere(regions)
        again = _again(regions.torch, self.torch)
        keras_again = [] if self.keras is None else _again(regions.keras, self.keras)
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
            value = self._value_of(regions, torch, keras)
            if value is not None:
                array = replace(candidate, value=value).array(regions)
                change = Replacement(torch.number, self.place, array, self.is_input)
                changes.append(change)
        return changes

    def _value_of(
        self, regions: Regions, torch: Step, keras: Step | None
    ) -> int | None:
        """What PyTorch's value is where the same lines run again; None for none."""
        if self.value < 0 or torch.number == self.torch.number:
            return self.value
        if keras is None:
            return torch.inputs[self.torch.inputs.index(self.value)]
        shape = regions.torch.trace.array(torch.inputs[self.place]).shape
        for value in regions.shared.of_keras.get(keras.inputs[self.keras_place], ()):
            if regions.torch.trace.array(value).shape == shape:
                return value
        return None

    def _everywhere(self, regions: Regions) -> list[Replacement]:
        """The change of an input wherever the region takes the same value."""
        array = self.array(regions)
        old = self.torch.inputs[self.place]
        changes = []
        numbers = regions.torch.depths.keys()
        if self.manner == "another constant":  # which may be made into others first
            numbers = regions.torch.trace.steps.keys()
        for number in numbers:
            for place, value in enumerate(regions.torch.trace.steps[number].inputs):
                if value == old:
                    changes.append(Replacement(number, place, array, is_input=True))
        return changes


def _again(region: Region, step: Step) -> list[Step]:
    """The steps of a region that the same line runs for the same layer."""
    if step.line is None or step.number == RETURN:
        return [step]
    steps = [region.trace.steps[number] for number in region.depths]
    return [again for again in steps if _is_again(again, step)]


def _is_again(again: Step, step: Step) -> bool:
    """Whether two steps are of one line, for the same layer."""
    return (
        (again.name, again.is_layer, again.line)
        == (step.name, step.is_layer, step.line)
        and len(again.inputs) == len(step.inputs)
        and len(again.outputs) == len(step.outputs)
    )


def is_own(trace: Trace, value: int) -> bool:
    """Whether a value is a model's own: a weight or a constant."""
    return trace.values[value].source.startswith(("the weight", "a const"))
