"""What two models of one's own run on, made into arrays; loads no framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from compare.errors import BadInput
from compare.one_line import class_name, message_of, repr_of
from compare.subjects.cases import BATCHES, NONE_STEPS
from compare.subjects.csv_rows import Row, number, read_rows, shown

if TYPE_CHECKING:
    import numpy as np

EXPECTED_INPUT = "x, an array, or input_shape, such as ('batch', 'time', 8)"


@dataclass(frozen=True)
class Inputs:
    """What the models of a pair file run on.

    Args:
        arrays: one for each input, (batch, ...); floats in float32.
        names: of the inputs, where they are handed over by name.
        free: whether any number of steps is to be tried.
    """

    arrays: tuple[np.ndarray, ...]
    names: tuple[str, ...] | None
    free: bool


def inputs(path: str, settings: Mapping[str, object], seed: int) -> Inputs:
    """The inputs that a pair file gives, reads from a CSV file, or lets be drawn.

    Args:
        path: of the pair file.
        settings: what it says besides the models.
        seed: of what is drawn.

    Raises:
        BadInput: if they cannot be used.
    """
    shape, x = settings.get("input_shape"), settings.get("x")
    if isinstance(x, str | Path):
        sizes = None if shape is None else _checked_shape(path, shape)
        return Inputs((_windows(path, x, sizes),), None, _free(sizes))
    if x is None:
        sizes = _checked_shape(path, shape)
        return Inputs((_drawn(sizes, seed),), None, _free(sizes))
    if shape is not None:
        raise BadInput(
            f"{path}: expected {EXPECTED_INPUT}, got both; drop one (a CSV file "
            "alone takes both)"
        )
    arrays, names = named_arrays(x)
    return Inputs(arrays, names, free=True)


Shape = Sequence[int | str]  # "batch" first; "time" for any number of steps


def _checked_shape(path: str, shape: object) -> Shape:
    """The shape that a pair file gives.

    Raises:
        BadInput: if it is not "batch" and then "time" or whole numbers above 0.
    """
    if not _is_shape(shape):
        raise BadInput(
            f"{path}: expected input_shape such as ('batch', 'time', 8), or ('batch', "
            f"50, 8) for a fixed number of steps, got {repr_of(shape)}"
        )
    return shape


def _is_shape(shape: object) -> TypeGuard[Shape]:
    if not isinstance(shape, list | tuple) or len(shape) < 2 or shape[0] != "batch":
        return False
    for size in shape[1:]:
        # A bool is an int, and no size; what is compared may be an array.
        whole = type(size) is int and size > 0
        if not whole and not (isinstance(size, str) and size == "time"):
            return False
    return True


def _free(shape: Shape | None) -> bool:
    return shape is None or "time" in shape


def _drawn(shape: Shape, seed: int) -> np.ndarray:
    """Random numbers of the normal distribution, in float32, as large as cases need."""
    import numpy as np

    largest = {"batch": BATCHES[-1], "time": NONE_STEPS[-1]}
    sizes = [largest[size] if isinstance(size, str) else size for size in shape]
    rng = np.random.default_rng([seed, 1])
    return rng.normal(size=sizes).astype(np.float32)


# ---------------------------------------------------------------------------- CSV files


def _windows(path: str, x: str | Path, shape: Shape | None) -> np.ndarray:
    """A CSV file's rows as steps, all in one window or in windows of that many.

    Returns:
        float32, (batch, time, columns).
    """
    import numpy as np

    rows = _numbers(Path(path).parent / x)
    if shape is None:
        return rows[None]
    columns = rows.shape[1]
    if len(shape) != 3 or shape[2] != columns:
        raise BadInput(
            f"{path}: expected input_shape ('batch', 'time', {columns}), or a number "
            f"for 'time', since {x} has {columns} columns of numbers, got "
            f"{repr_of(shape)}"
        )
    steps = shape[1]
    if not isinstance(steps, int):
        steps = NONE_STEPS[-1]
    steps = min(steps, len(rows))
    starts = np.linspace(0, len(rows) - steps, BATCHES[-1]).round().astype(int)
    return np.stack([rows[start : start + steps] for start in np.unique(starts)])


def _numbers(path: Path) -> np.ndarray:
    """The columns of a CSV file that are numbers; a header and dates are left out.

    Returns:
        float32, (rows, columns).

    Raises:
        BadInput: if a row has other columns than the first, or a cell is not a finite
            number of float32.
    """
    import numpy as np

    rows = read_rows(path)
    if rows:
        _check_separator(path, rows[0])
        if _is_header(rows[0]):
            rows = rows[1:]
    if not rows:
        raise BadInput(f"{path}: expected rows of numbers, got none")
    columns = len(rows[0].cells)
    start = 0
    if number(rows[0].cells[0]) is None:  # a column of dates
        start = 1
    values = [_values(path, row, start, columns) for row in rows]
    array = _single(np.array(values, np.float64))
    for index, column in np.argwhere(~np.isfinite(array)):
        row = rows[index]
        raise BadInput(
            f"{path}, line {row.line}: expected finite numbers of float32, got "
            f"{shown(row.cells[start + column])}; fill or drop it"
        )
    return array


def _check_separator(path: Path, row: Row) -> None:
    text = "".join(row.cells)
    for mark in ";\t":
        if mark in text:
            raise BadInput(
                f"{path}: expected columns separated by commas, got {mark!r} in the "
                "first row; save it with commas, and with points in the numbers"
            )


def _is_header(row: Row) -> bool:
    """Whether no cell but perhaps the first, which may be a date, is a number."""
    cells = row.cells[1:] or row.cells
    return all(number(cell) is None for cell in cells)


def _values(path: Path, row: Row, start: int, columns: int) -> list[float]:
    """The numbers of a row, from a column on."""
    cells = row.cells[start:]
    values = []
    for cell in cells:
        value = number(cell)
        if value is not None:
            values.append(value)
    if len(row.cells) != columns or len(values) != len(cells):
        raise BadInput(
            f"{path}, line {row.line}: expected {columns - start} numbers, got "
            f"{shown(','.join(cells))}; fill or drop it"
        )
    return values


# ------------------------------------------------------------------------------- arrays


def named_arrays(x: object) -> tuple[tuple[np.ndarray, ...], tuple[str, ...] | None]:
    """What both models are called on, as arrays.

    Args:
        x: an array or a tensor; a list, tuple or dictionary of them.

    Returns:
        The arrays, (batch, ...), and their names if they have any.

    Raises:
        BadInput: if some of it is not an array of finite numbers, or has no batch axis
            or another batch size.
    """
    names: tuple[str, ...] | None = None
    values: list[object] = [x]
    places: Sequence[str] = ["x"]
    if isinstance(x, Mapping):
        values = list(x.values())
        if x:
            names = tuple(x)
            places = names
    elif isinstance(x, list | tuple) and _holds_arrays(x):
        values = list(x)
        places = [f"x[{index}]" for index in range(len(values))]
    if not values:
        raise BadInput(f"x: expected at least one array, got {repr_of(x)}")
    arrays = tuple(map(numbers, places, values))
    if len({len(array) for array in arrays}) > 1:
        shapes = [
            f"{place} {array.shape}"
            for place, array in zip(places, arrays, strict=True)
        ]
        raise BadInput(
            f"x: expected inputs of one batch size, their first axis, got "
            f"{', '.join(shapes)}; give as many samples of each"
        )
    return arrays, names


def _holds_arrays(x: Sequence[object]) -> bool:
    """Whether this is several inputs, and not one in nested lists."""
    return any(hasattr(value, "shape") for value in x)


def numbers(place: str, value: object) -> np.ndarray:
    """A value as an array of finite numbers with a batch axis.

    Args:
        place: what to call it in a message.
        value: a tensor, or what NumPy takes.

    Returns:
        float32, int64 or bool, (batch, ...).

    Raises:
        BadInput: if it is not one.
    """
    import numpy as np

    array = _array(place, value)
    if array.dtype.kind not in "fiub":
        raise BadInput(
            f"{place}: expected numbers, got {array.dtype} of type "
            f"{class_name(value)}; give arrays, or a list or dictionary of them"
        )
    if not array.ndim:
        raise BadInput(
            f"{place}: expected an array with a batch axis, got a single number; add a "
            "batch axis in front: x[None]"
        )
    if not array.size:
        raise BadInput(
            f"{place}: expected something to run on, got nothing in an array of shape "
            f"{array.shape}; give at least one sample and one step"
        )
    single = _single(array)
    wrong = ~np.isfinite(single)
    if wrong.any():
        index = ", ".join(map(str, np.argwhere(wrong)[0]))
        raise BadInput(
            f"{place}[{index}]: expected a finite number that float32 can hold, which "
            f"alone can be compared, got {array[wrong][0]}; clean the input first"
        )
    if single.dtype.kind in "iu":
        return single.astype(np.int64)
    return single


def _array(place: str, value: Any) -> np.ndarray:
    """A tensor or what NumPy takes as an array, whatever is in it."""
    import numpy as np

    if getattr(value, "is_meta", False):
        raise BadInput(
            f"{place}: expected numbers, got a tensor on the meta device, which holds "
            "none; make it on the CPU"
        )
    if np.ma.is_masked(value):
        raise BadInput(
            f"{place}: expected numbers, got an array with masked entries, which hold "
            "none; fill them first: x.filled(0)"
        )
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu()
        if str(getattr(value, "dtype", "")) == "torch.bfloat16":  # NumPy has none
            value = value.float()
        array = np.asarray(value)
        if array.dtype.name == "bfloat16":  # that of TensorFlow
            array = array.astype(np.float32)
        return array
    except MemoryError:
        raise
    except Exception as error:  # whatever a user's class of arrays raises
        raise BadInput(
            f"{place}: expected an array, got: {message_of(error)}"
        ) from None


def _single(array: np.ndarray) -> np.ndarray:
    """Floats in float32, where what is too large for it is infinite."""
    import numpy as np

    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        return array.astype(np.float32)
