"""What models take and return, as arrays that can be judged."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Protocol

from compare.errors import BadInput
from compare.one_line import class_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np


IMAGE_AXES = 4  # (batch, height, width, channels)


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


class HasOutputs(Protocol):
    """What `check_outputs` reads of a twin.

    Args:
        model: what was run.
        outputs: names of the results that its pair says it returns.
    """

    model: Any
    outputs: Sequence[str] | None


def check_outputs(twin: HasOutputs, results: Sequence[object]) -> None:
    """Raise BadInput where a model does not return what its pair says it returns."""
    outputs = twin.outputs or ()
    if len(results) != len(outputs):
        raise BadInput(
            f"{class_name(twin.model)}: expected {len(outputs)} results "
            f"({', '.join(outputs)}), got {len(results)}; name as many outputs"
        )


def check_tensors(
    framework: str,
    model: object,
    results: Iterable[tuple[str, object]],
    is_tensor: Callable[[object], bool],
    unfit: Callable[[Any], str],
) -> None:
    """Raise BadInput where a model returns something that cannot be compared.

    Args:
        framework: "PyTorch" or "Keras".
        model: what was run.
        results: all that it returned, by name, as `flat` gives it.
        is_tensor: whether a result is a tensor of the framework.
        unfit: what keeps a tensor from being compared, and what to do; or "".
    """
    results = list(results)
    if not results:
        raise BadInput(
            f"{framework}'s {class_name(model)}: expected tensors as results, got "
            "none; return them at the end of forward or call"
        )
    for name, result in results:
        if not is_tensor(result):
            raise BadInput(
                f"{framework}'s {class_name(model)}: expected tensors as results, "
                f"in tuples, lists or dictionaries, got {name} of type "
                f"{class_name(result)}; return tensors"
            )
        problem = unfit(result)
        if problem:
            raise BadInput(
                f"{framework}'s {class_name(model)}: expected tensors of real numbers "
                f"as results, got {name} {problem}"
            )


def as_judged(array: np.ndarray) -> np.ndarray:
    """A stage as it is compared.

    It has at least one axis; whole numbers are int64, whatever their width was, and
    booleans int8.
    """
    if array.dtype.kind == "b":
        array = array.astype("int8")
    elif array.dtype.kind in "iu":
        array = array.astype("int64")
    return array if array.ndim else array.reshape(1)


def flat(results: object, name: str = "output") -> Iterator[tuple[str, object]]:
    """Every tensor in what a model returns, named by its place: `output.0.h`.

    Args:
        results: a tensor, or tensors in tuples, lists, dictionaries and data classes;
            None for none.
        name: of the whole.
    """
    results = by_field(results)
    if isinstance(results, dict):
        for key in sorted(results):
            yield from flat(results[key], f"{name}.{key}")
    elif isinstance(results, list | tuple) and len(results) == 1:
        yield from flat(results[0], name)
    elif isinstance(results, list | tuple):
        for number, result in enumerate(results):
            yield from flat(result, f"{name}.{number}")
    elif results is not None:
        yield name, results


def by_field(results: object) -> object:
    """The fields of a data class by name; anything else as it is."""
    if isinstance(results, dict) or not is_dataclass(results):
        return results
    if isinstance(results, type):
        return results
    return {field.name: getattr(results, field.name) for field in fields(results)}


def sequence(arrays: Sequence[np.ndarray]) -> np.ndarray | None:
    """The first input that has steps, or None where no input has.

    Args:
        arrays: the inputs. One of floats has steps if it is (batch, time, features) or
            has more axes; one of indices if it is (batch, time). Images (batch, height,
            width, channels) have none.
    """
    for array in arrays:
        if array.ndim == IMAGE_AXES:
            continue
        if array.ndim > (2 if array.dtype.kind == "f" else 1):
            return array
    return None


def valid_steps(array: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Which steps are within each length.

    Args:
        array: (batch, time, ...).
        lengths: number of valid steps of each sequence, (batch,).

    Returns:
        bool, (batch, time, 1).
    """
    import numpy as np  # the table of cases itself does without

    steps = np.arange(array.shape[1])  # (time,)
    valid: np.ndarray = steps < lengths[:, None]  # (batch, time)
    return valid[..., None]
