"""What two models of one's own are given, made into arrays; loads no framework."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from compare.errors import BadInput
from compare.subjects.cases import BATCHES, NONE_STEPS

if TYPE_CHECKING:
    import numpy as np

WHAT_IT_IS_GIVEN = "x, an array, or input_shape, such as ('batch', 'time', 8)"


def inputs(
    path: str, settings: Mapping[str, object], seed: int
) -> tuple[tuple[np.ndarray, ...], tuple[str, ...] | None, bool]:
    """Arrays, names, and whether any number of steps is to be tried.

    Args:
        path: of the pair file.
        settings: what it says besides the models.
        seed: of what is drawn.

    Raises:
        BadInput: if they are none.
    """
    import numpy as np

    shape, x = settings.get("input_shape"), settings.get("x")
    if isinstance(x, str | Path):
        if shape is not None:
            _check_shape(path, shape)
        return (_windows(path, x, shape),), None, _free(shape)
    if x is not None:
        if shape is not None:
            raise BadInput(
                f"{path}: expected {WHAT_IT_IS_GIVEN}, got both; drop one (a CSV file "
                "alone takes both)"
            )
        return (*named_arrays(x), True)
    _check_shape(path, shape)
    free = {"batch": BATCHES[-1], "time": NONE_STEPS[-1]}
    drawn = np.random.default_rng([seed, 1]).normal(
        size=[free.get(each, each) for each in shape]
    )
    return (drawn.astype(np.float32),), None, _free(shape)


def _check_shape(path, shape):
    named = isinstance(shape, list | tuple) and len(shape) > 1 and shape[0] == "batch"
    sizes = named and all(
        each == "time" or (type(each) is int and each > 0) for each in shape[1:]
    )
    if not sizes:
        raise BadInput(
            f"{path}: expected input_shape such as ('batch', 'time', 8), or ('batch', "
            f"50, 8) for a fixed number of steps, got {shape!r}"
        )


def _free(shape):
    return shape is None or "time" in shape


def _windows(path, x, shape):
    """A CSV file's rows as steps, all in one window or in windows of that many."""
    import numpy as np

    rows = _numbers(Path(path).parent / x)
    if shape is None:
        return rows[None]
    columns = rows.shape[1]
    if len(shape) != 3 or shape[2] != columns:
        raise BadInput(
            f"{path}: expected input_shape ('batch', 'time', {columns}), or a number "
            f"for 'time', since {x} has {columns} columns of numbers, got {shape!r}"
        )
    steps = shape[1] if type(shape[1]) is int else NONE_STEPS[-1]
    steps = min(steps, len(rows))
    starts = np.linspace(0, len(rows) - steps, BATCHES[-1]).round().astype(int)
    return np.stack([rows[start : start + steps] for start in np.unique(starts)])


def _numbers(path):
    """The columns of a CSV file that are numbers; a header and dates are left out."""
    import numpy as np

    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path}: expected a readable CSV file, got: {error}") from None
    apart = next((mark for mark in ";\t" if rows and mark in "".join(rows[0])), "")
    if apart:
        raise BadInput(
            f"{path}: expected columns separated by commas, got {apart!r} in the first "
            "row; save it with commas, and with points in the numbers"
        )
    header = rows and not any(map(_is_number, rows[0][1:] or rows[0]))
    body = rows[1:] if header else rows
    if not body:
        raise BadInput(f"{path}: expected rows of numbers, got none")
    first = 0 if _is_number(body[0][0]) else 1  # a column of dates
    for number, row in enumerate(body, start=1 + len(rows) - len(body)):
        if len(row) != len(body[0]) or not all(map(_is_number, row[first:])):
            raise BadInput(
                f"{path}, row {number}: expected {len(body[0]) - first} numbers, got "
                f"{','.join(row[first:])!r}; fill or drop it"
            )
    array = _single(np.array([row[first:] for row in body], np.float64))
    for index, column in np.argwhere(~np.isfinite(array)):
        raise BadInput(
            f"{path}, row {1 + index + len(rows) - len(body)}: expected finite numbers "
            f"of float32, got {body[index][first + column]!r}; fill or drop it"
        )
    return array


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def named_arrays(x: object) -> tuple[tuple[np.ndarray, ...], tuple[str, ...] | None]:
    """What a model is given, as arrays, with names if they have any.

    Args:
        x: an array or a tensor; a list, tuple or dictionary of them.

    Raises:
        BadInput: if some of it is no array of finite numbers, or has no batch axis or
            another batch size.
    """
    names = tuple(x) if isinstance(x, Mapping) else None
    each = list(x.values()) if names else list(x) if _several(x) else [x]
    if not each:
        raise BadInput(f"x: expected at least one array, got {x!r}")
    places = names or ([f"x[{n}]" for n in range(len(each))] if _several(x) else ["x"])
    arrays = tuple(map(numbers, places, each))
    if len({len(array) for array in arrays}) > 1:
        named = zip(places, arrays, strict=True)
        shapes = ", ".join(f"{place} {array.shape}" for place, array in named)
        raise BadInput(
            f"x: expected inputs of one batch size, their first axis, got {shapes}; "
            "give as many samples of each"
        )
    return arrays, names


def _several(x):
    return isinstance(x, list | tuple) and any(hasattr(each, "shape") for each in x)


def numbers(place: str, value: object) -> np.ndarray:
    """A value as an array of finite numbers with a batch axis.

    Args:
        place: what to call it in a message.
        value: a tensor, or what NumPy takes.

    Raises:
        BadInput: if it is none.
    """
    import numpy as np

    if getattr(value, "is_meta", False):
        raise BadInput(
            f"{place}: expected numbers, got a tensor on the meta device, which holds "
            "none; make it on the CPU"
        )
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu()
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadInput(f"{place}: expected an array, got: {error}") from None
    if array.dtype.kind not in "fiub":
        raise BadInput(
            f"{place}: expected numbers, got {array.dtype} of type "
            f"{type(value).__name__}; give arrays, or a list or dictionary of them"
        )
    if not array.ndim or not array.size:
        raise BadInput(
            f"{place}: expected an array with a batch axis and something in it, got "
            f"shape {array.shape}; add a batch axis in front: x[None]"
        )
    given, array = array, _single(array)
    wrong = ~np.isfinite(array)
    if wrong.any():
        index = ", ".join(map(str, np.argwhere(wrong)[0]))
        raise BadInput(
            f"{place}[{index}]: expected a finite number that float32 can hold, which "
            f"alone can be compared, got {given[wrong][0]}; clean the input first"
        )
    if array.dtype.kind == "f":
        return array
    return array if array.dtype == bool else array.astype(np.int64)


def _single(array):
    """Floats in float32, where what is too large for it is infinite."""
    import numpy as np

    with np.errstate(over="ignore"):
        return array.astype(np.float32) if array.dtype.kind == "f" else array
