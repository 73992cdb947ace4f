"""What an operation computes of its inputs, found out from the numbers alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations, product

import numpy as np

from compare.diagnosing.operations.arrangements import rearranged
from compare.diagnosing.operations.counterparts import same
from compare.diagnosing.operations.functions import FUNCTIONS, PICKING, REDUCTIONS, TWO
from compare.diagnosing.operations.masked import KEPT, masked
from compare.diagnosing.operations.scaled import scaled
from compare.diagnosing.operations.windowed import windowed
from compare.kinds import functions
from compare.kinds.functions import softmax
from compare.mistakes.activations import ROUNDED

MOST_NUMBERS = 300_000  # in an array; larger ones are not tried
MOST_ENTRIES = 300  # along an axis, of which one may be taken
FEWEST_ON_A_LINE = 3  # numbers: any two are


@dataclass(frozen=True)
class Recognised:
    """What is computed, as words.

    Args:
        family: what is done, such as "a softmax".
        detail: in which way, such as "over axis 1"; or "".
    """

    family: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.family} {self.detail}".strip()


def recognised(
    output: np.ndarray, inputs: Sequence[np.ndarray]
) -> Iterator[Recognised]:
    """All that an output may be of some inputs, the simplest first.

    Args:
        output: what an operation made.
        inputs: what it took, floats; all in one order of axes.
    """
    floats = [x for x in inputs if x.dtype.kind == "f" and x.size <= MOST_NUMBERS]
    if output.dtype.kind != "f" or output.size > MOST_NUMBERS:
        return
    if output.size > 1 and output.min() == output.max():
        yield Recognised(f"{output.flat[0]:g} everywhere")
        return
    for family in masked(output, inputs):
        yield Recognised(family, KEPT)
    for x in floats:
        yield from _of_one(output, x)
    for i, j in permutations(range(len(floats)), 2):
        yield from _of_two(output, floats[i], floats[j], is_turned=i > j)
    if 2 < len(floats) <= 5:
        yield from _joined(output, floats)
    for x in floats:
        if output.shape == x.shape:
            with np.errstate(all="ignore"):
                for family, detail in scaled(output, x):
                    yield Recognised(family, detail)


# ------------------------------------------------------------------- of one array


def _of_one(output: np.ndarray, x: np.ndarray) -> Iterator[Recognised]:
    """What an output may be of one array."""
    if output.size == x.size and same(output.ravel(), x.ravel()):
        if _long(output) == _long(x):
            yield Recognised("the values as they are")
        else:
            yield Recognised("the values reshaped", f"to {output.shape}")
        return
    with np.errstate(all="ignore"):
        if output.shape == x.shape:
            yield from _of_each_number(output, x)
            yield from _along_axes(output, x)
        yield from rearranged_words(output, x)
        yield from _reduced(output, x)
        yield from _taken(output, x)
        for family, detail in windowed(output, x):
            yield Recognised(family, detail)


def _long(array: np.ndarray) -> list[int]:
    """The sizes of the axes with more than one entry."""
    return [size for size in array.shape if size > 1]


def rearranged_words(output: np.ndarray, x: np.ndarray) -> Iterator[Recognised]:
    """How the same numbers come in another order."""
    for family, detail in rearranged(output, x):
        yield Recognised(family, detail)


def _of_each_number(output: np.ndarray, x: np.ndarray) -> Iterator[Recognised]:
    """A function of each number by itself."""
    for name, function in (*FUNCTIONS.items(), *ROUNDED.items()):
        if name != "a softmax" and same(function(x), output):
            yield Recognised(name)
    lowest, highest = output.min(), output.max()
    between = (output > lowest) & (output < highest)
    if between.any() and same(np.clip(x, lowest, highest), output):
        if lowest > x.min() and highest < x.max():
            yield Recognised("the values", f"clipped to [{lowest:g}, {highest:g}]")
        elif lowest > x.min():
            yield Recognised("the values", f"of at least {lowest:g}")
        elif highest < x.max():
            yield Recognised("the values", f"of at most {highest:g}")
    below, slope = x < 0, np.nan
    if below.sum() >= FEWEST_ON_A_LINE - 1 and not below.all():  # 0 is on it as well
        slope = float((output[below] / x[below]).mean())
        is_slope = np.isfinite(slope) and slope != 1
        if is_slope and same(functions.leaky_relu(slope)(x), output):
            yield Recognised("a leaky relu", f"of slope {slope:.6g}")
    yield from _linear(output, x)
    yield from _masked(output, x)


def _masked(output: np.ndarray, x: np.ndarray) -> Iterator[Recognised]:
    """The values, but for some that a softmax is not to see, or that are 0."""
    with np.errstate(invalid="ignore"):
        hidden = output < -1e3 * max(1.0, float(np.abs(x).max()))
    fill = "minus infinity"
    if not hidden.any():
        hidden, fill = (output == 0) & (x != 0), "0"
    if not hidden.any() or hidden.all() or not same(output[~hidden], x[~hidden]):
        return
    if np.isfinite(output[hidden]).all() and fill != "0":
        fill = f"{output[hidden].max():g}"
    where = f"{hidden.sum()} of {hidden.size} entries"
    if x.ndim > 1:
        rows, columns = x.shape[-2:]
        for diagonal in range(1 - rows, columns):
            band = np.triu(np.ones((rows, columns), bool), diagonal)
            if np.array_equal(hidden, np.broadcast_to(band, x.shape)):
                where = f"all entries from diagonal {diagonal} on"
            elif np.array_equal(hidden, np.broadcast_to(~band, x.shape)):
                where = f"all entries before diagonal {diagonal}"
    yield Recognised("the values", f"with {where} put to {fill}")


def _linear(output: np.ndarray, x: np.ndarray) -> Iterator[Recognised]:
    """A number times the values, and one more."""
    spread = x.max() - x.min()
    if spread == 0 or not np.isfinite(spread):
        return
    low, high = (
        np.unravel_index(x.argmin(), x.shape),
        np.unravel_index(x.argmax(), x.shape),
    )
    factor = float((output[high] - output[low]) / spread)
    offset = float(output[low] - factor * x[low])
    if abs(offset) < 1e-12 * max(1.0, abs(factor)):
        offset = 0.0
    is_same_slope = abs(factor - 1) < 1e-12
    if offset and not is_same_slope and len(np.unique(x)) < FEWEST_ON_A_LINE:
        return
    if factor and same(factor * x + offset, output):
        words = f"times {number(factor)}"
        if is_same_slope:
            words = f"plus {offset:.6g}"
        elif offset:
            words += f" plus {offset:.6g}"
        yield Recognised("the values", words)


def number(factor: float) -> str:
    """A factor in words: as a root, or a fraction, where it is one."""
    for whole in range(2, 4097):
        if abs(factor * np.sqrt(whole) - 1) < 1e-9 and round(whole**0.5) ** 2 != whole:
            return f"1 / sqrt({whole})"
        if abs(factor / np.sqrt(whole) - 1) < 1e-9 and round(whole**0.5) ** 2 != whole:
            return f"sqrt({whole})"
    return f"{factor:.6g}"


def _along_axes(output: np.ndarray, x: np.ndarray) -> Iterator[Recognised]:
    """A function along one axis or several, of the same shape."""
    for axes in _axes(x.ndim):
        words = in_words(axes)
        if len(axes) == 1:
            axis = axes[0]
            if same(softmax(x, axis), output):
                yield Recognised("a softmax", words)
            if same(np.log(softmax(x, axis)), output):
                yield Recognised("the logarithm of a softmax", words)
            if same(np.cumsum(x, axis), output):
                yield Recognised("the running sum", words)
            yield from _shifted(output, x, axis)
        mean = x.mean(axes, keepdims=True)
        if same(x - mean, output):
            yield Recognised("the distance from the mean", words)
        length = np.sqrt(np.square(x).sum(axes, keepdims=True))
        if same(x / length, output):
            yield Recognised("the values by their length", words)
        total = x.sum(axes, keepdims=True)
        if same(x / total, output):
            yield Recognised("the values by their sum", words)
        yield from _standardised(output, x, axes)


def _standardised(
    output: np.ndarray, x: np.ndarray, axes: tuple[int, ...]
) -> Iterator[Recognised]:
    """Mean 0 and variance 1 along axes, with a small number that is found out."""
    distance = x - x.mean(axes, keepdims=True)
    size = int(np.prod([x.shape[axis] for axis in axes]))
    if size < 2:
        return
    divisor = np.median(
        np.where(output == 0, np.nan, distance / output), axis=axes, keepdims=True
    )
    if not np.isfinite(divisor).all() or not same(distance / divisor, output):
        return
    for by, words in ((size, "n"), (size - 1, "n - 1")):
        variance = np.square(distance).sum(axes, keepdims=True) / by
        inside, outside = divisor**2 - variance, divisor - np.sqrt(variance)
        for small, where in ((inside, "inside the root"), (outside, "beside the root")):
            epsilon = float(np.median(small))
            if epsilon > -1e-12 and np.allclose(small, epsilon, rtol=1e-4, atol=1e-12):
                if abs(epsilon) < 1e-11:
                    epsilon = 0.0
                detail = f"{in_words(axes)}, variance by {words}"
                if epsilon:
                    detail += f", epsilon {epsilon:.3g} {where}"
                yield Recognised("the values standardised", detail)
                return


def _shifted(output: np.ndarray, x: np.ndarray, axis: int) -> Iterator[Recognised]:
    """Entries moved along an axis, what is missing put to 0 or repeated."""
    size = x.shape[axis]
    for steps in range(1, min(size, 9)):
        for sign, words in ((1, "later"), (-1, "earlier")):
            moved = np.roll(x, sign * steps, axis)
            place = [slice(None)] * x.ndim
            edge = slice(0, steps) if sign > 0 else slice(size - steps, size)
            place[axis] = edge
            nothing, repeated = moved.copy(), moved.copy()
            nothing[tuple(place)] = 0
            index = [slice(None)] * x.ndim
            index[axis] = slice(0, 1) if sign > 0 else slice(size - 1, size)
            repeated[tuple(place)] = x[tuple(index)]
            for array, filling in ((nothing, "zeros"), (repeated, "the edge repeated")):
                if same(array, output):
                    where = (
                        f"{steps} {words} along axis {axis}, {filling} in their place"
                    )
                    yield Recognised("the values", where)
                    return


def _reduced(output: np.ndarray, x: np.ndarray) -> Iterator[Recognised]:
    """One number for all along some axes."""
    if output.size >= x.size:
        return
    for axes in _axes(x.ndim):
        remaining = x.size // int(np.prod([x.shape[axis] for axis in axes]))
        if remaining != output.size:
            continue
        for name, function in REDUCTIONS.items():
            reduced = function(x, axis=axes)
            if same(reduced.ravel(), output.ravel()):
                yield Recognised(name, in_words(axes))


def _taken(output: np.ndarray, x: np.ndarray) -> Iterator[Recognised]:
    """One entry, or some of them, along an axis."""
    for axis, size in enumerate(x.shape):
        if size < 2 or size > MOST_ENTRIES:
            continue
        if output.size * size == x.size:
            for entry in range(size):
                if same(x.take(entry, axis).ravel(), output.ravel()):
                    yield _entries(entry, 1, size, axis)
        if output.ndim != x.ndim or output.size > x.size:
            continue
        few = output.shape[axis]
        if few * x.size == size * output.size and few < size:
            for start in range(size - few + 1):
                entries = x.take(range(start, start + few), axis)
                if same(entries, output):
                    yield _entries(start, few, size, axis)
            for step in range(2, 5):
                for start in range(step):
                    entries = x.take(range(start, size, step), axis)
                    if same(entries, output):
                        detail = f"{step} along axis {axis}, from {start} on"
                        yield Recognised("one entry of every", detail)


def _entries(start: int, few: int, size: int, axis: int) -> Recognised:
    """Some entries in a row: of a single one, whether it is the first or the last."""
    if few > 1:
        return Recognised("entries", f"{start} to {start + few - 1} along axis {axis}")
    names = {0: "the first entry", size - 1: "the last entry"}
    return Recognised(names.get(start, f"entry {start}"), f"along axis {axis}")


# ------------------------------------------------------------------ of several


def _of_two(
    output: np.ndarray, x: np.ndarray, y: np.ndarray, is_turned: bool
) -> Iterator[Recognised]:
    """What an output may be of two arrays, in this order.

    Args:
        output: what an operation made.
        x: one of its inputs.
        y: another one.
        is_turned: whether it took y before x.
    """
    shapes = [y]
    if x.size == y.size and x.shape != y.shape:
        shapes.append(y.reshape(x.shape))  # as it is where nothing is spread out
    for (name, function), y in product(TWO.items(), shapes):
        try:
            with np.errstate(all="ignore"):
                result = function(x, y)
        except ValueError:  # shapes that do not fit
            continue
        if result.size == output.size and same(result.ravel(), output.ravel()):
            if name in PICKING and _is_one_of(result, x, y):
                continue
            if is_turned:
                name = name.replace("second", "third").replace("first", "second")
                name = name.replace("third", "first")
            is_spread = output.size > max(x.size, y.size)
            detail = f"spread out to {output.shape}" if is_spread else ""
            yield Recognised(name, detail)
    if not is_turned:
        yield from _joined(output, [x, y])


def _is_one_of(result: np.ndarray, x: np.ndarray, y: np.ndarray) -> bool:
    """Whether an array is one of two, each spread out to its shape."""
    return any(
        same(result, np.broadcast_to(input_array, result.shape))
        for input_array in (x, y)
    )


def _joined(output: np.ndarray, pieces: Sequence[np.ndarray]) -> Iterator[Recognised]:
    """Arrays put one after the other, along an axis."""
    if sum(piece.size for piece in pieces) != output.size:
        return
    for axis in range(output.ndim):
        for order in permutations(range(len(pieces))):
            try:
                joined = np.concatenate([pieces[place] for place in order], axis)
            except ValueError:
                continue
            if same(joined, output):
                detail = f"along axis {axis}"
                if order != tuple(sorted(order)):
                    places = ", ".join(str(place + 1) for place in order)
                    detail += f", in the order {places}"
                yield Recognised("all joined", detail)


def _axes(ndim: int) -> Iterator[tuple[int, ...]]:
    """One axis, two axes, then more."""
    for count in range(1, ndim + 1):
        yield from combinations(range(ndim), count)


def in_words(axes: tuple[int, ...]) -> str:
    """Axes in words."""
    if len(axes) == 1:
        return f"over axis {axes[0]}"
    return f"over axes {', '.join(map(str, axes[:-1]))} and {axes[-1]}"
