"""What models take and return, as arrays that can be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from compare.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np


@dataclass(frozen=True)
class Input:
    """One argument of a model.

    Args:
        name: "x", "lengths" (valid steps of each sequence), or an initial state.
        shape: batch axis included; None admits any size.
        dtype: None for floats in the precision of the run, else "int64".
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str | None = None


def sequences(
    length: int | None, num_features: int, batch: int | None = None
) -> tuple[Input, ...]:
    """The input of a model that takes (batch, time, features) and nothing else."""
    return (Input("x", (batch, length, num_features)),)


def check_outputs(twin, results):
    """Raise BadInput where a model does not return what its pair says it returns."""
    if len(results) != len(twin.outputs):
        raise BadInput(
            f"{type(twin.model).__name__}: expected {len(twin.outputs)} results "
            f"({', '.join(twin.outputs)}), got {len(results)}; name as many outputs"
        )


def check_tensors(side, model, found, is_tensor):
    """Raise BadInput where a model returns something that cannot be compared."""
    found = list(found)
    if not found:
        raise BadInput(
            f"{side}'s {type(model).__name__}: expected tensors as results, got none; "
            "return them at the end of forward or call"
        )
    for name, each in found:
        if not is_tensor(each):
            raise BadInput(
                f"{side}'s {type(model).__name__}: expected tensors as results, in "
                f"tuples, lists or dictionaries, got {name} of type "
                f"{type(each).__name__}; return tensors"
            )


def as_judged(array: np.ndarray) -> np.ndarray:
    """A stage as it is compared: with an axis, whole numbers whatever their width."""
    if array.dtype.kind in "biu":
        array = array.astype("int8" if array.dtype.kind == "b" else "int64")
    return array if array.ndim else array.reshape(1)


def flat(results: object, name: str = "output") -> Iterator[tuple[str, object]]:
    """Every tensor in what a model returns, named by its place: `output.0.h`."""
    if isinstance(results, dict):
        for key in sorted(results):
            yield from flat(results[key], f"{name}.{key}")
    elif isinstance(results, list | tuple):
        for number, each in enumerate(results):
            yield from flat(each, name if len(results) == 1 else f"{name}.{number}")
    elif results is not None:
        yield name, results


def sequence(arrays: Sequence[np.ndarray]) -> np.ndarray | None:
    """The first input that has steps, (batch, time, ...) or, of indices, (batch, time).

    None where no input has.
    """
    found = (a for a in arrays if a.ndim > (2 if a.dtype.kind == "f" else 1))
    return next(found, None)


def valid_steps(array: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Which steps of (batch, time, ...) are within each length: (batch, time, 1)."""
    import numpy as np  # the table of cases itself does without

    return (np.arange(array.shape[1]) < lengths[:, None])[..., None]
