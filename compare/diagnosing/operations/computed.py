"""What an operation of each side computes, in words that follow from the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.entries import entries_of
from compare.diagnosing.operations.naming import base_in_words, base_of, steps_up_to
from compare.diagnosing.operations.recognised import Recognised, recognised
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.scaled import moved, multiplied
from compare.mistakes.traces import Trace


def labels_of(
    change: Candidate, regions: Regions
) -> tuple[Recognised, Recognised] | None:
    """What either side computes, if that is known and not the same."""
    assert change.keras is not None
    torch = regions.torch.trace
    inputs = [torch.array(value) for value in _shared_inputs(change, regions)]
    output = torch.array(change.torch.outputs[change.place])
    array = change.array(regions)
    names = list(recognised(output, inputs))
    keras_names = list(recognised(array, inputs))
    if not keras_names and array.shape != output.shape:  # as of what is spread out
        keras = regions.keras.trace
        taken = [keras.array(value) for value in change.keras.inputs]
        keras_names = list(recognised(array, taken))
    if not names and array.shape != output.shape:
        names = list(recognised(output, [torch.array(v) for v in change.torch.inputs]))
    if names and not keras_names:
        grouped = _grouped_otherwise(names, output, array, change, regions)
        return grouped or _other_entries(change, regions)
    pairs = [(a, b) for a, b in product(names, keras_names) if str(a) != str(b)]
    if not pairs:
        return _other_entries(change, regions)
    pairs.sort(key=lambda pair: pair[0].family != pair[1].family)
    return pairs[0]


def _grouped_otherwise(
    names: Sequence[Recognised],
    output: np.ndarray,
    array: np.ndarray,
    change: Candidate,
    regions: Regions,
) -> tuple[Recognised, Recognised] | None:
    """What sides compute alike of the same numbers in two shapes, as of groups.

    Args:
        names: what PyTorch's step may compute.
        output: of PyTorch.
        array: of Keras, as PyTorch has it.
        change: of both steps.
        regions: where they are.
    """
    assert change.keras is not None
    own = [regions.torch.trace.array(value) for value in change.torch.inputs]
    taken = [regions.keras.trace.array(value) for value in change.keras.inputs]
    if len(own) != 1 or len(taken) != 1 or own[0].shape == taken[0].shape:
        return None
    for name in names:
        for keras_name in recognised(array, taken):
            if name.family == keras_name.family and output.size < own[0].size:
                return (
                    replace(name, detail=f"{name.detail} of {own[0].shape}"),
                    replace(
                        keras_name, detail=f"{keras_name.detail} of {taken[0].shape}"
                    ),
                )
    return None


def _other_entries(
    change: Candidate, regions: Regions
) -> tuple[Recognised, Recognised] | None:
    """Which entries of one value that both share either side hands on, if it does."""
    trace = regions.torch.trace
    base = base_of(change.torch.outputs[change.place], trace)
    if base not in regions.shared.of_torch:
        return None
    own = entries_of(trace.array(change.torch.outputs[change.place]), trace.array(base))
    right = entries_of(change.array(regions), trace.array(base))
    if own is None or right is None or own == right:
        return None
    words = base_in_words(base, trace)
    return (
        replace(own, detail=f"{own.detail} of {words}"),
        replace(right, detail=f"{right.detail} of {words}"),
    )


def added_to_each(change: Candidate, regions: Regions) -> str:
    """Say that one side alone adds a bias, if it does: a number for each entry.

    What is added is a weight of that side as it is; where both add biases that differ,
    their difference is no weight of either.
    """
    output = regions.torch.trace.array(change.torch.outputs[change.place])
    array = change.array(regions)
    if array.shape != output.shape or array.ndim < 2 or array.dtype.kind != "f":
        return ""
    if not (np.isfinite(array).all() and np.isfinite(output).all()):
        return ""  # as scores that a mask hides
    for axis in (1, array.ndim - 1):
        averaged = tuple(number for number in range(array.ndim) if number != axis)
        bias = (array - output).mean(averaged, keepdims=True)
        if not bias.any() or not same(output + bias, array):
            continue
        in_keras = _is_weight(bias.ravel(), regions.keras.trace)
        if in_keras or _is_weight(-bias.ravel(), regions.torch.trace):
            return f"they differ by a bias, {bias.size} numbers along axis {axis}"
    return ""


def moved_or_multiplied(change: Candidate, regions: Regions) -> str:
    """Say how one side has the numbers of the other: moved, or times a factor.

    Layers with weights make a multiple where one was trained on for a few steps: of
    them a whole factor alone counts, which chance does not make.
    """
    assert change.keras is not None
    output = regions.torch.trace.array(change.torch.outputs[change.place])
    array = change.array(regions)
    are_layers = change.torch.has_weights and change.keras.has_weights
    return moved(output, array) or multiplied(output, array, whole_alone=are_layers)


def transposed_weight(change: Candidate, regions: Regions) -> str:
    """Say that one side alone takes a square weight transposed, if it does."""
    torch = regions.torch.trace
    output = torch.array(change.torch.outputs[change.place])
    array = change.array(regions)
    if array.shape != output.shape or array.dtype.kind != "f":
        return ""
    inputs = [torch.array(value) for value in _shared_inputs(change, regions)]
    for step in steps_up_to(regions.torch, change.torch):
        for value in step.inputs:
            source, weight = torch.values[value].source, torch.array(value)
            if not source.startswith("the weight") or weight.ndim != 2:
                continue
            if weight.shape[0] != weight.shape[1]:
                continue
            for x in inputs:
                if x.ndim < 1 or x.shape[-1] != len(weight) or x.dtype.kind != "f":
                    continue
                difference = x @ weight - x @ weight.T
                if not difference.any() or difference.shape != output.shape:
                    continue
                for sign in (1, -1):
                    if same(output + sign * difference, array):
                        return f"one of them takes {source} transposed, the other not"
    return ""


def _is_weight(numbers: np.ndarray, trace: Trace) -> bool:
    """Whether a model holds these numbers as a weight."""
    return any(
        value.source.startswith("the weight") and same(value.array, numbers)
        for value in trace.values
    )


def _shared_inputs(change: Candidate, regions: Regions) -> list[int]:
    """The values of PyTorch's trace that either side's step begins with."""
    assert change.keras is not None
    values: dict[int, None] = {}
    for step in steps_up_to(regions.torch, change.torch):
        for value in step.inputs:
            source = regions.torch.trace.values[value].source
            is_weight = source.startswith("the weight")
            if value in regions.shared.of_torch and not is_weight:
                values[value] = None
    for step in steps_up_to(regions.keras, change.keras):
        for value in step.inputs:
            counterparts = regions.shared.of_keras.get(value, ())
            if counterparts and not set(counterparts) & set(values):
                values[counterparts[0]] = None
    return list(values)
