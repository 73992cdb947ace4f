"""What a recording of a PyTorch module consists of: plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compare.in_pytorch.watched_sizes import SizeNotes


@dataclass(frozen=True)
class Ref:
    """A tensor of a recording.

    Args:
        step: the number of the step that made it.
        output: which of the step's tensors.
    """

    step: int
    output: int = 0


@dataclass(frozen=True)
class Packed:
    """A packed sequence: its tensors, None or data as they come."""

    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


@dataclass(frozen=True)
class Result:
    """What is known of a tensor: its shape, and its dtype, such as "float32"."""

    shape: tuple[Any, ...]
    dtype: str


@dataclass(eq=False)
class Step:
    """One thing that a module did.

    Args:
        function: "input", "constant", "module", or what PyTorch calls the function.
        name: of an input, a parameter or a buffer, or of the module that ran.
        place: which module's forward it was in, and the line, for messages.
        args, kwargs: with `Ref`s in the place of tensors.
        results: of the tensors that it returned.
        alone: whether its results depend on no input, or on their shapes alone.
        values: the numbers of results that are alone; none of others.
        turn: how many steps of this function, name and place came before it.
    """

    function: str
    name: str
    place: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] | None = None
    results: tuple[Result, ...] = ()
    alone: bool = False
    values: tuple[Any, ...] = ()
    turn: int = 0


@dataclass(frozen=True)
class Site:
    """By what a step is found again when the module runs once more.

    Args:
        function, name, place, turn: of the step.
        places: which of the tensors that it takes are meant, in order.
    """

    function: str
    name: str
    place: str
    turn: int
    places: tuple[int, ...]


@dataclass
class Recording:
    """A run of a module.

    Args:
        steps: in order.
        inputs: the steps of the inputs.
        output: what the module returned, with `Ref`s in the place of tensors.
        asked: places where forward read numbers that depend on the inputs.
        notes: what it asked about sizes; None where that is not known.
    """

    steps: list[Step]
    inputs: list[Ref]
    output: Any
    asked: list[str]
    notes: SizeNotes | None = None


def refs_in(value: Any) -> Iterator[Ref]:
    """All tensors of a recording in a value, in order."""
    if isinstance(value, Ref):
        yield value
    elif isinstance(value, Packed):
        yield from refs_in(
            (
                value.data,
                value.batch_sizes,
                value.sorted_indices,
                value.unsorted_indices,
            )
        )
    elif isinstance(value, slice):
        yield from refs_in((value.start, value.stop, value.step))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from refs_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from refs_in(item)


def with_refs(value: Any, change: Callable[[Ref], Ref]) -> Any:
    """A value with other tensors."""
    if isinstance(value, Ref):
        return change(value)
    if isinstance(value, Packed):
        return Packed(
            with_refs(value.data, change),
            with_refs(value.batch_sizes, change),
            with_refs(value.sorted_indices, change),
            with_refs(value.unsorted_indices, change),
        )
    if isinstance(value, slice):
        return slice(
            *(with_refs(p, change) for p in (value.start, value.stop, value.step))
        )
    if isinstance(value, list | tuple):
        return type(value)(with_refs(item, change) for item in value)
    if isinstance(value, Mapping):
        return {key: with_refs(item, change) for key, item in value.items()}
    return value
