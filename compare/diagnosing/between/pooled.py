"""Steps pooled between two layers: the largest or the mean of each few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from compare.diagnosing.between.operation import (
    NOTHING,
    Function,
    Operation,
    composed,
)
from compare.judging.distances import NEAR, near
from compare.kinds.option import Value
from compare.kinds.pooling import largest, mean
from compare.kinds.windows import around

LONGEST = 8  # window, in steps, that is looked for
FEW = 1  # samples that are tried first: there are many candidates


def _mean_of_all(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.mean(axis=1))


def _largest_of_all(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.max(axis=1))


def _sum_of_all(x: np.ndarray) -> np.ndarray:
    return np.asarray(x.sum(axis=1))


def _last(x: np.ndarray) -> np.ndarray:
    return x[:, -1]


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1)


def _flat_unit_by_unit(x: np.ndarray) -> np.ndarray:
    return x.swapaxes(1, 2).reshape(len(x), -1)


MEAN, LAST = "their mean", "the last of these"
# What is taken of the windows, (batch, windows, features): (batch, features) or more.
ENDINGS: Mapping[str, Function] = {
    MEAN: _mean_of_all,
    "the largest of these": _largest_of_all,
    "their sum": _sum_of_all,
    LAST: _last,
    "all, one after another": _flat,
    "all, unit by unit": _flat_unit_by_unit,
}


@dataclass(frozen=True)
class _Pool:
    """A pooling along time.

    Args:
        is_largest: whether the largest of a window is taken, or the mean.
        size: of a window, in steps.
        stride: steps from one window to the next.
        padding: "valid", "same", or steps on either side.
    """

    is_largest: bool
    size: int
    stride: int
    padding: Value = "valid"

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Pool x, (batch, time, features), to (batch, windows, features)."""
        compute = largest if self.is_largest else mean
        options = {
            "size": (self.size,),
            "stride": (self.stride,),
            "padding": self.padding,
        }
        return compute({}, x, options)

    def windows(self, steps: int) -> int:
        """How many windows it makes of a sequence of so many steps."""
        ((before, after),) = around(
            self.padding, (steps,), (self.size,), (self.stride,)
        )
        room = steps + before + after - self.size
        return max(room // self.stride + 1, 0)

    def operation(
        self, function: str, is_before: bool, ending: str, steps: int
    ) -> Operation:
        """In words, with a function before or after it, and what is taken of it.

        Args:
            function: by its name.
            is_before: whether it comes before.
            ending: what is taken of the windows; "" for all of them.
            steps: of the sequence.
        """
        operation = self._of_last_steps(ending, steps)
        if operation is None:
            operation = self.of_windows()
        else:
            ending = ""
        if function not in NOTHING and is_before:
            operation = operation.after(function)
        elif function not in NOTHING:
            operation = operation.before(function)
        if ending:
            does = f"{operation.does}, and {ending}"
            return Operation(does, f"{ending}, of {operation.code}", operation.api)
        return operation

    def _of_last_steps(self, ending: str, steps: int) -> Operation | None:
        """The mean of all steps, or of some last ones, if windows come to that."""
        if self.is_largest or self.padding != "valid":
            return None
        if ending == MEAN and self.stride == self.size and steps % self.size == 0:
            code, api = "x.mean(1)", "ops.mean(x, axis=1)"
            return Operation("takes the mean of all steps", code, api)
        if ending == LAST and (steps - self.size) % self.stride == 0:
            of_last = f"x[:, -{self.size}:]"
            code, api = f"{of_last}.mean(1)", f"ops.mean({of_last}, axis=1)"
            return Operation(f"takes the mean of the last {self.size} steps", code, api)
        return None

    def of_windows(self) -> Operation:
        """What a pool does, in words."""
        subject = "the largest" if self.is_largest else "the mean"
        does = f"takes {subject} of every {self.size} steps"
        if self.stride != self.size:
            does += f", {self.stride} apart"
        name = "MaxPool1d" if self.is_largest else "AvgPool1d"
        code = f"{name}({self.size}, {self.stride}) of x"
        if self.padding != "valid":
            padding = self.padding
            if isinstance(padding, tuple):
                padding = padding[0]
            does += f", padded by {padding}"
        kind = "Max" if self.is_largest else "Average"
        return Operation(does, code, f"{kind}Pooling1D({self.size}, {self.stride})")


def pooled(
    x: np.ndarray, y: np.ndarray, functions: Mapping[str, Function]
) -> Iterator[tuple[Operation, Function]]:
    """What takes x to y by pooling, with a function before or after it.

    Args:
        x: what a layer hands on, (batch, time, features).
        y: what comes next, (batch, windows, features) or (batch, features).
        functions: by name; first the one that leaves an array as it is.
    """
    if x.ndim != 3 or y.ndim not in (2, 3) or len(x) != len(y) or not y.any():
        return
    if y.shape[-1] % x.shape[-1]:
        return
    if y.ndim == 3 and y.shape[-1] != x.shape[-1]:
        return
    steps, number = x.shape[1], _number_of_windows(x, y)
    pools = [pool for pool in _pools(steps) if number in (None, pool.windows(steps))]
    if not pools:
        return
    few_x, few_y = x[:FEW], y[:FEW]
    nothing = next(iter(functions))
    # (functions, batch, time, features), of which only means need to be taken: the
    # largest of a function that rises comes to the same as the function of the largest.
    before = np.stack([function(few_x) for function in functions.values()])
    for pool in pools:
        windows = pool(few_x) if pool.is_largest else _weights(pool, steps) @ few_x
        after = np.stack([function(windows) for function in functions.values()])
        arrays = {False: after}
        if not pool.is_largest:
            arrays[True] = _weights(pool, steps) @ before
        for name, is_before, ending, take in _candidates(arrays, few_y, functions):
            whole = composed(pool, functions[name])
            if is_before:
                whole = composed(functions[name], pool)
            function_of_x = composed(whole, take)
            if near(function_of_x(x), y):
                operation = pool.operation(name, is_before, ending, steps)
                if pool.is_largest and name == nothing and take is _mean_of_all:
                    operation = _with_means(operation, pool, few_x)
                yield operation, function_of_x


def _with_means(operation: Operation, pool: _Pool, x: np.ndarray) -> Operation:
    """An operation that also says what a pool of means does, if that is the mean of x.

    Args:
        operation: the mean of the windows of a pool of the largest.
        pool: its windows.
        x: what is pooled, (batch, time, features).
    """
    of_means = replace(pool, is_largest=False)
    if not near(_mean_of_all(of_means(x)), _mean_of_all(x)):
        return operation
    return replace(operation, of_means=f"{of_means.of_windows().does}, and {MEAN}")


@lru_cache(maxsize=512)  # of every pool of a few numbers of steps
def _weights(pool: _Pool, steps: int) -> np.ndarray:
    """What each window takes of each step, (windows, time), where it takes the mean.

    A mean is linear: what it makes of single steps are its weights.
    """
    return pool(np.eye(steps)[None])[0]


def _candidates(
    arrays: Mapping[bool, np.ndarray], y: np.ndarray, functions: Mapping[str, Function]
) -> Iterator[tuple[str, bool, str, Function]]:
    """What takes windows to y, on a few samples.

    Args:
        arrays: the windows, (functions, batch, windows, features), by whether a
            function was applied before they were pooled.
        y: what comes next, of as many samples.
        functions: by name.

    Yields:
        The name of a function, whether it comes before, and what is taken of the
        windows, in words and as a function.
    """
    endings = _endings(y.ndim)
    fit = {}
    for is_before, of_functions in arrays.items():
        for ending, take in endings:
            fit[is_before, ending] = _fit(of_functions, y, take)
    nothing = next(iter(functions))
    for number, name in enumerate(functions):
        for is_before in arrays:
            if is_before and name == nothing:  # it comes to the same as after
                continue
            for ending, take in endings:
                if fit[is_before, ending][number]:
                    yield name, is_before, ending, take


def _number_of_windows(x: np.ndarray, y: np.ndarray) -> int | None:
    """How many windows of x, (batch, time, features), y is of; None for any number."""
    if y.ndim == 3:
        return y.shape[1]
    if y.shape[-1] == x.shape[-1]:
        return None  # the mean of all windows, or the like
    return y.shape[-1] // x.shape[-1]


def _pools(time: int) -> Iterator[_Pool]:
    """Every pooling that is looked for in a sequence of so many steps."""
    for size in range(2, min(time, LONGEST) + 1):
        for stride in sorted({size, 1, 2}, key=lambda number: number != size):
            for padding in ("valid", "same", (size // 2,)):
                for is_largest in (True, False):
                    yield _Pool(is_largest, size, stride, padding)


def _endings(axes: int) -> list[tuple[str, Function]]:
    """What may be taken of the windows where an array of so many axes comes next."""
    if axes == 3:
        return [("", np.asarray)]
    return list(ENDINGS.items())


def _fit(arrays: np.ndarray, y: np.ndarray, take: Function) -> np.ndarray:
    """Whether what is taken of windows is y, up to rounding, for each function.

    Args:
        arrays: (functions, batch, windows, features).
        y: of as many samples.
        take: takes (batch, windows, features).

    Returns:
        (functions,), of booleans.
    """
    functions, batch = arrays.shape[:2]
    taken = take(arrays.reshape(functions * batch, *arrays.shape[2:]))
    taken = taken.reshape(functions, batch, *taken.shape[1:])
    if taken.shape[1:] != y.shape:
        return np.zeros(functions, bool)
    with np.errstate(invalid="ignore"):  # infinity less infinity is NaN, and no fit
        gaps = np.abs(taken - y).max(axis=tuple(range(1, taken.ndim)))
    return np.asarray(gaps <= 10 * NEAR * np.abs(y).max())
