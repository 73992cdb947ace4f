"""Changes where the difference begins in several branches at once."""

from __future__ import annotations

from itertools import islice

from compare.diagnosing.operations.candidate import Candidate, is_own
from compare.diagnosing.operations.candidates import otherwise
from compare.diagnosing.operations.orders import Arrangement
from compare.diagnosing.operations.regions import Regions
from compare.mistakes.traces import Step

RESHAPING = ("reshape", "Reshape")


def candidates_of_branches(regions: Regions) -> list[Candidate]:
    """One change for each step where the difference begins, if Keras has one for it.

    Two steps belong together that take the same of what both sides share.
    """
    changes = []
    remaining = [*regions.keras.sources, *_sources_outside(regions)]
    for step in regions.torch.sources:
        takes = {v for v in step.inputs if not is_own(regions.torch.trace, v)}
        for keras_step in remaining:
            twins = set()
            for value in keras_step.inputs:
                twins |= {*regions.shared.of_keras.get(value, ())} & takes
            candidates: list[Candidate] = []
            for place in range(len(keras_step.outputs)):
                of_place = otherwise(regions, step, keras_step, place, 0)
                candidates += islice(of_place, 1)
            if not twins or not candidates:
                continue
            changes += candidates
            remaining = [item for item in remaining if item is not keras_step]
            break
    return changes


def _sources_outside(regions: Regions) -> list[Step]:
    """Steps of Keras's that make unlike values of shared ones, outside the region.

    What comes after them is shared again, such as heads that are split and transposed.
    """
    keras, shared = regions.keras, regions.shared.of_keras.keys()
    steps = []
    for step in keras.trace.steps.values():
        if step.number in keras.depths:
            continue
        if shared & {*step.inputs} and not shared & {*step.outputs}:
            steps.append(step)
    return steps


def reshapes_of_branches(regions: Regions) -> list[Candidate]:
    """One change for each step of Keras that reshapes where PyTorch exchanges axes.

    Such as heads that are split without a transpose: PyTorch's step makes the numbers
    in an order that is still that of what both sides share, and Keras's does not.
    """
    trace = regions.torch.trace
    changes = []
    for keras_step in regions.keras.sources:
        if keras_step.name not in RESHAPING:
            continue
        array = regions.keras.trace.array(keras_step.outputs[0])
        for value in regions.shared.of_keras.get(keras_step.inputs[0], ()):
            step = trace.maker(value)
            is_like = trace.array(value).shape == array.shape
            if step is None or step.is_layer or not is_like:
                continue
            change = Candidate(
                "otherwise",
                step,
                step.outputs.index(value),
                0,
                keras_step,
                0,
                Arrangement(tuple(range(array.ndim))),
            )
            changes.append(change)
            break
    return changes
