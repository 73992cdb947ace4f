"""Which values of two traces are the same numbers, whatever the order of their axes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np

from compare.mistakes.traces import Trace

# Of one number: what float64 keeps after long sums, and a rounding to float32 does not.
CLOSE = 1e-8
ROUNDING = 1e-9  # of the largest number
LOOKED_AT = 64  # numbers that are looked at before all
MOST_AXES = 5
LEAST_VALID = 0.2  # of all steps, where the others are padding


@dataclass(frozen=True)
class Counterpart:
    """A value of the opposite trace that holds the same numbers.

    Args:
        number: of the value there.
        axes: the order of PyTorch's axes that Keras has; in it, a reshape makes the
            array of PyTorch that of Keras.
    """

    number: int
    axes: tuple[int, ...]


@dataclass(frozen=True)
class Counterparts:
    """The values of PyTorch's trace and of Keras's trace that are the same.

    Args:
        of_torch: values of Keras's trace, by the number of a value of PyTorch's trace.
        of_keras: numbers of values of PyTorch's trace, by that of one of Keras's trace.
    """

    of_torch: Mapping[int, Sequence[Counterpart]] = field(default_factory=dict)
    of_keras: Mapping[int, Sequence[int]] = field(default_factory=dict)


def counterparts(torch: Trace, keras: Trace) -> Counterparts:
    """Find the values that two traces share."""
    masks = [*_masks(torch), *_masks(keras)]
    by_size = defaultdict(list)
    for value in keras.values:
        by_size[value.array.size].append((value.number, _figures(value.array)))
    of_torch: dict[int, list[Counterpart]] = defaultdict(list)
    of_keras: dict[int, list[int]] = defaultdict(list)
    where_valid: list[tuple[int, Counterpart]] = []
    for value in torch.values:
        figures = _figures(value.array)
        for number, keras_figures in by_size[value.array.size]:
            array = keras.array(number)
            axes = None
            if _are_near(figures, keras_figures):
                axes = order_of_axes(value.array, array)
            if axes is None and _same_where_valid(value.array, array, masks):
                plain = tuple(range(array.ndim))
                where_valid.append((value.number, Counterpart(number, plain)))
            if axes is not None:
                of_torch[value.number].append(Counterpart(number, axes))
                of_keras[number].append(value.number)
    exact = {*of_torch}, {*of_keras}
    for torch_number, counterpart in where_valid:
        # Else a masked score would be the same as one that is not masked.
        if torch_number not in exact[0] and counterpart.number not in exact[1]:
            of_torch[torch_number].append(counterpart)
            of_keras[counterpart.number].append(torch_number)
    for trace, shared in ((torch, of_torch), (keras, of_keras)):
        for number in _hiding(trace, shared):
            del shared[number]
    return Counterparts(dict(of_torch), dict(of_keras))


def _hiding(trace: Trace, shared: Mapping[int, Sequence[Any]]) -> set[int]:
    """Values that are shared by chance, and hide that something before them is not.

    An unlike value went into their step and changed nothing: weights that are all 1, as
    a softmax over an axis of one entry makes them.
    """
    of_input = {value.number for value in trace.values if "input" in value.source}
    hiding: set[int] = set()
    for step in trace.steps.values():
        if not of_input & {*step.inputs}:
            continue
        of_input |= {*step.outputs}
        unlike = [
            number
            for number in step.inputs
            if number in of_input and (number not in shared or number in hiding)
        ]
        if not unlike:
            continue
        for output in step.outputs:
            if output in shared and any(
                number in shared and _overlap(shared[number], shared[output])
                for number in step.inputs
            ):
                hiding.add(output)
    return hiding


def _overlap(twins: Sequence[Any], further_counterparts: Sequence[Any]) -> bool:
    """Whether two values have a counterpart in common."""
    numbers = [getattr(item, "number", item) for item in twins]
    return any(
        getattr(item, "number", item) in numbers for item in further_counterparts
    )


def order_of_axes(a: np.ndarray, b: np.ndarray) -> tuple[int, ...] | None:
    """The order of a's axes in which a reshape makes it b; None where there is none.

    The order that they have is tried first. A mask that is True where the other is
    False counts as the same.
    """
    if same(a, b):
        return tuple(range(a.ndim))
    for axes in orders_of_axes(a.shape, b.shape):
        turned = a.transpose(axes).reshape(b.shape)
        if same(turned, b):
            return axes
        if a.dtype == bool and b.dtype == bool and np.array_equal(turned, ~b):
            return axes
    return None


def is_turned(torch_array: np.ndarray, array: np.ndarray) -> bool:
    """Whether arrays of one shape that hold the same numbers have them elsewhere."""
    if torch_array.ndim < 2 or torch_array.shape != array.shape:
        return False
    axes = order_of_axes(torch_array, array)
    if axes is None or axes == tuple(range(torch_array.ndim)):
        return False  # such as booleans that are the opposite
    return same(torch_array.transpose(axes), array)


def orders_of_axes(
    shape: tuple[int, ...], target_shape: tuple[int, ...]
) -> Iterator[tuple[int, ...]]:
    """Orders of a shape's axes in which it is another shape, if no axis has one entry.

    Also where some axes of one shape are a single axis of the other one.
    """
    if len(shape) > MOST_AXES:
        if np.prod(shape) == np.prod(target_shape):
            yield tuple(range(len(shape)))
        return
    target = [size for size in target_shape if size != 1]
    long = [axis for axis, size in enumerate(shape) if size != 1]
    short = [axis for axis, size in enumerate(shape) if size == 1]
    for order in permutations(long):
        sizes = [shape[axis] for axis in order]
        if _is_merged(sizes, target) or _is_merged(target, sizes):
            yield (*order, *short)


def _is_merged(sizes: Sequence[int], target: Sequence[int]) -> bool:
    """Whether axes of these sizes, some put into one, have the target's sizes."""
    remaining = list(sizes)
    for size in target:
        product = 1
        while remaining and product < size:
            product *= remaining.pop(0)
        if product != size:
            return False
    return not remaining


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are the same up to rounding in float64.

    Each number is judged by itself, since masks put -1e9 beside small ones.
    """
    if a.shape != b.shape:
        return False
    if a.dtype == bool or b.dtype == bool:
        return np.array_equal(a.astype(float), b.astype(float))
    if "c" in (a.dtype.kind, b.dtype.kind):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if _are_plainly_apart(a, b):
        return False
    x, y = a.astype("float64"), b.astype("float64")
    finite = np.isfinite(x)
    if not np.array_equal(finite, np.isfinite(y)):
        return False
    if not np.array_equal(np.nan_to_num(x[~finite]), np.nan_to_num(y[~finite])):
        return False
    x, y = x[finite], y[finite]
    sizes = np.maximum(np.abs(x), np.abs(y))
    largest = sizes.max(initial=0)
    beyond = np.abs(x - y) - CLOSE * sizes
    farthest = beyond.max(initial=0)
    if farthest <= 0:
        return True
    if farthest > ROUNDING * largest:  # as of most arrays: a quantile takes longer
        return False
    usual = np.quantile(sizes[sizes > 0], 0.25)
    return bool(farthest <= ROUNDING * min(largest, 1e4 * usual))


def _are_plainly_apart(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether some numbers of two arrays show that they are not the same.

    Nearly all that are asked for are not, and this takes a tenth of the time.
    """
    step = max(a.size // LOOKED_AT, 1)
    some_a, some_b = a.ravel()[::step], b.ravel()[::step]
    with np.errstate(invalid="ignore"):  # infinity less infinity is NaN, which is none
        gap = np.abs(np.subtract(some_a, some_b, dtype="float64")).max(initial=0)
        largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return bool(gap > (ROUNDING + CLOSE) * largest)


def _figures(array: np.ndarray) -> tuple[float, float, float]:
    """Sums that arrays of the same numbers have in common."""
    x = array.astype("float64")
    if array.dtype == bool:
        half = abs(x.mean() - 0.5) if x.size else 0.0  # of an inverted mask as well
        return half, 0.0, 0.0
    x = x[np.isfinite(x)]
    return float(np.abs(x).sum()), float(np.square(x).sum() ** 0.5), float(len(x))


def _are_near(torch_figures: Sequence[float], keras_figures: Sequence[float]) -> bool:
    """Whether the figures of two arrays are the same, up to rounding."""
    return all(
        math.isclose(torch_figure, keras_figure, rel_tol=1e-6, abs_tol=1e-9)
        for torch_figure, keras_figure in zip(torch_figures, keras_figures, strict=True)
    )


def _masks(trace: Trace) -> list[np.ndarray]:
    """Masks of steps, (batch, time), that are neither all True nor all False."""
    masks: dict[bytes, np.ndarray] = {}
    for value in trace.values:
        array = value.array
        if array.dtype == bool and array.ndim == 2:
            for mask in (array, ~array):
                if mask[:, 0].all() and LEAST_VALID < mask.mean() < 1:
                    masks[mask.tobytes()] = mask
    return list(masks.values())[:3]


def _same_where_valid(
    a: np.ndarray, b: np.ndarray, masks: Sequence[np.ndarray]
) -> bool:
    """Whether arrays, (batch, time, ...), are the same in all steps but the padding."""
    if a.shape != b.shape or a.ndim < 2 or not a.dtype.kind == b.dtype.kind == "f":
        return False
    if a.min() == a.max():
        return False
    return any(mask.shape == a.shape[:2] and same(a[mask], b[mask]) for mask in masks)
