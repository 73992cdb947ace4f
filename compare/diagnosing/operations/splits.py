"""An axis that both sides split into several, in two orders, as of heads and parts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.naming import at, name_of, value_in_words
from compare.diagnosing.operations.orders import Arrangement
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.explanation import listed
from compare.judging.words import Side
from compare.mistakes.traces import RETURN, Step, Trace

MOST_AXES = 6


def split_otherwise(regions: Regions) -> Iterator[Candidate]:
    """Changes that let PyTorch split an axis in the order in which Keras splits it."""
    splits = [*_splits(regions.torch.trace)]
    for keras_step in _splits(regions.keras.trace):
        twins = {*regions.shared.of_keras.get(keras_step.inputs[0], ())}
        for step in splits:
            if step.inputs[0] in twins:
                yield from _in_the_order_of(step, keras_step, regions)


def _splits(trace: Trace) -> Iterator[Step]:
    """The steps that give the same numbers more axes, and do nothing else."""
    for step in trace.steps.values():
        if step.number == RETURN or not step.inputs or len(step.outputs) != 1:
            continue
        before, after = trace.array(step.inputs[0]), trace.array(step.outputs[0])
        if not before.ndim < after.ndim <= MOST_AXES or before.size != after.size:
            continue
        if len(_long(after)) > len(_long(before)) and same(
            before.ravel(), after.ravel()
        ):
            yield step


def _long(array: np.ndarray) -> list[int]:
    """The sizes of the axes with more than one entry."""
    return [size for size in array.shape if size > 1]


def _in_the_order_of(
    step: Step, keras_step: Step, regions: Regions
) -> Iterator[Candidate]:
    """PyTorch's step makes the axes that Keras's step makes, in an order of its own."""
    own = regions.torch.trace.array(step.outputs[0])
    array = regions.keras.trace.array(keras_step.outputs[0])
    if own.ndim != array.ndim or len(own) != len(array):
        return
    for after_batch in permutations(range(1, array.ndim)):
        order = (0, *after_batch)
        turned = array.transpose(order)
        if turned.shape != own.shape or same(turned, own):
            continue
        yield Candidate(
            "otherwise",
            step,
            0,
            0,
            keras_step,
            0,
            Arrangement(order),
            words=_words(step, keras_step, order, regions),
        )


def _words(
    step: Step, keras_step: Step, order: tuple[int, ...], regions: Regions
) -> Worded:
    """Say into which axes each side splits the same numbers."""
    torch, keras = regions.torch.trace, regions.keras.trace
    shape = torch.array(step.outputs[0]).shape
    keras_shape = keras.array(keras_step.outputs[0]).shape
    where, keras_where = at(step), at(keras_step)
    sentence = (
        f"{name_of(step, torch)} of PyTorch{where} splits "
        f"{value_in_words(step.inputs[0], torch)} into {_sizes(shape)}, where "
        f"{name_of(keras_step, keras)} of Keras{keras_where} splits it into "
        f"{_sizes(keras_shape)}: {_moved(order)} in another order"
    )
    back = [int(axis) for axis in np.argsort(order)]
    fixes: dict[Side, str] = {
        "torch": f"PyTorch{where}: x.reshape(-1, {_listed(keras_shape[1:])})"
        f".permute({_listed(order)})",
        "keras": f"Keras{keras_where}: ops.transpose(ops.reshape(x, (-1, "
        f"{_listed(shape[1:])})), ({_listed(back)}))",
    }
    return Worded("an axis split in another order", sentence, fixes)


def _sizes(shape: tuple[int, ...]) -> str:
    """The sizes of all axes but the batch: `4 x 3 x 2`."""
    return " x ".join(map(str, shape[1:]))


def _listed(numbers: tuple[int, ...] | list[int]) -> str:
    return ", ".join(map(str, numbers))


def _moved(order: tuple[int, ...]) -> str:
    """Which axes stand elsewhere in an order, in words."""
    moved = [str(axis) for place, axis in enumerate(order) if place != axis]
    return f"axes {listed(sorted(moved))}"
