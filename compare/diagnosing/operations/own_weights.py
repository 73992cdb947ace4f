"""Weights that a model's own code uses, and not a layer of its framework."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from compare.diagnosing.operations.candidate import Candidate
from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.orders import Arrangement
from compare.diagnosing.operations.recognised import rearranged_words
from compare.diagnosing.operations.regions import Regions
from compare.diagnosing.operations.worded import Worded
from compare.judging.words import Side
from compare.mistakes.traces import RETURN, Step, Trace

WEIGHT = "the weight "


def weights_otherwise(regions: Regions) -> Iterator[Candidate]:
    """Changes that give PyTorch's code a weight of Keras in the place of its own.

    Only weights that hold the same numbers in another order: what was moved with
    reshape for transpose, or with its entries in another order.
    """
    torch, keras = regions.torch.trace, regions.keras.trace
    for own in _weights(torch):
        if own in regions.shared.of_torch:
            continue
        for right in _weights(keras):
            if right in regions.shared.of_keras:
                continue
            yield from _put_in_place(own, right, regions)


def is_made_of(value: int, others: Collection[int], trace: Trace) -> bool:
    """Whether a value is made of one of some others, as a kernel times a number."""
    waiting, passed = [value], set()
    while waiting:
        number = waiting.pop()
        maker = trace.maker(number)
        if number in passed or maker is None:
            continue
        passed.add(number)
        if not {*others}.isdisjoint(maker.inputs):
            return True
        waiting += maker.inputs
    return False


def _put_in_place(own: int, right: int, regions: Regions) -> Iterator[Candidate]:
    """Changes of one weight to another one that holds the same numbers."""
    torch, keras = regions.torch.trace, regions.keras.trace
    array, keras_array = torch.array(own), keras.array(right)
    if not _have_same_numbers(array, keras_array):
        return
    step, keras_step = _taker(own, torch), _taker(right, keras)
    if step is None or keras_step is None:
        return
    orders = [tuple(range(keras_array.ndim)), tuple(range(keras_array.ndim))[::-1]]
    for order in dict.fromkeys(orders):
        turned = keras_array.transpose(order)
        if turned.shape != array.shape or same(turned, array):
            continue
        yield Candidate(
            "another constant",
            step,
            step.inputs.index(own),
            0,
            keras_step,
            keras_step.inputs.index(right),
            Arrangement(order),
            everywhere=True,
            words=_words(own, right, order, regions),
        )


def _weights(trace: Trace) -> Iterator[int]:
    """The values that are weights, of more than one number."""
    for value in trace.values:
        if value.source.startswith(WEIGHT) and value.array.size > 1:
            yield value.number


def _taker(value: int, trace: Trace) -> Step | None:
    """The first step that takes a value."""
    for step in trace.steps.values():
        if value in step.inputs and step.number != RETURN:
            return step
    return None


def _have_same_numbers(array: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays hold the same numbers, in whatever order."""
    if array.size != other.size or array.dtype.kind != other.dtype.kind:
        return False
    return same(np.sort(array, axis=None), np.sort(other, axis=None))


def _words(own: int, right: int, order: tuple[int, ...], regions: Regions) -> Worded:
    """Say in which order PyTorch's weight holds the numbers of Keras's weight."""
    torch, keras = regions.torch.trace, regions.keras.trace
    name, keras_name = torch.values[own].source, keras.values[right].source
    array, keras_array = torch.array(own), keras.array(right)
    turned = keras_array.transpose(order)
    is_turned = order != tuple(range(len(order)))
    if same(array.ravel(), keras_array.ravel()) and is_turned:
        how = "in their order in memory: reshaped, and not transposed"
    else:
        labels = rearranged_words(array, turned)
        how = next((f"with {label}" for label in labels), "in another order")
    sentence = f"{name} of PyTorch holds the numbers of {keras_name} of Keras {how}"
    axes = ", ".join(map(str, order))
    back = ", ".join(str(axis) for axis in np.argsort(order))
    code, keras_code = f".transpose({axes})", f".transpose({back})"
    if not is_turned:
        code = keras_code = ""
    own_name, own_keras = name.removeprefix(WEIGHT), keras_name.removeprefix(WEIGHT)
    fixes: dict[Side, str] = {
        "torch": f"PyTorch: copy `{own_keras}{code}` of Keras into {own_name}",
        "keras": f"Keras: copy `{own_name}{keras_code}` of PyTorch into {own_keras}",
    }
    return Worded(f"{name} holds its numbers {how}", sentence, fixes)
