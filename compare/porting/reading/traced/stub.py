"""What Keras cannot have of a PyTorch module, as a layer for the user to write.

A stub takes and returns tensors whose axes are those of PyTorch, so that what it has to
do can be read in the module's own code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from compare.in_pytorch.layers import read
from compare.in_pytorch.recorded import Recording, Ref, Site, Step, refs_in
from compare.kinds.graph import STUB, LayerPlan, Missing, Tensor
from compare.kinds.layer import Arrays
from compare.kinds.names import identifier
from compare.porting.reading.traced.graph import Graph
from compare.porting.reading.traced.values import (
    Constant,
    Known,
    Unported,
    Value,
    plain_axes,
    written,
)

# Steps that are no call of a function of PyTorch, so that nothing can take their place.
NO_CALL = ("changed in place", "loop")


@dataclass(frozen=True)
class Stub:
    """Something that is left for the user to write.

    Args:
        name: of the layer in the plan, whose class is "Stub".
        site: where the module does it, and which tensors it takes there.
        sentence: why it cannot be written, and what it has to do.
        shapes_in, shapes_out: of tensors, in PyTorch's order; None where a size is
            open.
        problem: why no class can stand in its place; "" where one can.
    """

    name: str
    site: Site
    sentence: str
    shapes_in: tuple[tuple[int | None, ...], ...]
    shapes_out: tuple[tuple[int | None, ...], ...]
    problem: str = ""

    @property
    def place(self) -> str:
        """The module, and the line of its code."""
        return f"`{self.site.name}`" if self.site.name else self.site.place

    @property
    def module(self) -> str:
        """The module whose code it is; "" of the whole model."""
        if self.site.name or not self.site.place.startswith("`"):
            return self.site.name
        return self.site.place.split("`")[1]


class Reading(Protocol):
    """What is asked of a reader, which asks for stubs itself."""

    recording: Recording
    graph: Graph
    known: dict[Ref, Known]
    stubs: list[Stub]

    @property
    def module(self) -> Callable[[str], Any]:
        """Finds a module by its name."""
        ...

    def tensor(self, value: Any) -> Value:
        """An argument as one tensor."""
        ...

    def layer_name(self, name: str) -> str:
        """What a layer of PyTorch is called in Keras."""
        ...


def left_out(reader: Reading, step: Step, what: str, reason: str) -> list[Value]:
    """Leave a step for the user to write.

    Args:
        reader: gets the stub.
        step: that Keras cannot have.
        what: it is, such as "torch's fft_rfft".
        reason: why it cannot be written.

    Returns:
        Its results.
    """
    problem = ""
    if step.function in NO_CALL:
        problem = "it is no call of a function or of a layer"
    taken: list[Value] = []
    places: list[int] = []
    for place, ref in enumerate(refs_in((step.args, step.kwargs))):
        if isinstance(reader.known.get(ref), Constant):
            continue
        try:
            taken.append(reader.graph.plain(reader.tensor(ref)))
            places.append(place)
        except Unported as error:
            problem = f"what it takes cannot be handed to it: {error}"
    tensors = [value.tensor for value in taken]
    if not tensors:  # such as random numbers; a layer of Keras takes a tensor
        tensors = [reader.known[reader.recording.inputs[0]].tensor]  # type: ignore[union-attr]
    shapes = tuple(written(result.shape) for result in step.results)
    dtypes = tuple(result.dtype for result in step.results)
    name = reader.graph.free(step.function)
    if step.name:
        name = reader.layer_name(step.name)
    site = Site(step.function, step.name, step.place, step.turn, tuple(places))
    stub = Stub(
        name,
        site,
        f"{what}: {reason}",
        tuple(written(value.shape) for value in taken),
        shapes,
        problem,
    )
    missing = Missing(
        f"{what} ({stub.place}): {reason}", _settings(reader, step), shapes, dtypes
    )
    plan = LayerPlan(name, STUB, missing=missing)
    if reader.graph.layers.get(name, plan) != plan:
        stub = replace(stub, name=reader.graph.free(name))
        plan = replace(plan, name=stub.name)
    reader.stubs.append(stub)
    number = reader.graph.layer(plan, tensors, arrays=_arrays(reader, step))
    results = []
    for place, result in enumerate(step.results):
        axes = plain_axes(len(result.shape))
        tensor = Tensor(number, place)
        results.append(Value(tensor, result.shape, axes, result.shape, result.dtype))
    return results


def _settings(reader: Reading, step: Step) -> dict[str, Any]:
    """What a step is given beside tensors; of a layer, how it was made."""
    if step.function == "module":
        return {"made as": " ".join(repr(reader.module(step.name)).split())}
    settings = {}
    for number, value in enumerate(step.args, 1):
        if not isinstance(value, Ref):
            settings[f"argument {number}"] = value
    for key, value in (step.kwargs or {}).items():
        if not isinstance(value, Ref):
            settings[key] = value
    return settings


def _arrays(reader: Reading, step: Step) -> Arrays:
    """The parameters and buffers that a step needs, by names of Python."""
    arrays: dict[str, np.ndarray] = {}
    for name, array in _named_arrays(reader, step):
        if array.dtype.kind == "f":
            arrays[identifier(name)] = array
    return arrays


def _named_arrays(reader: Reading, step: Step) -> Iterator[tuple[str, np.ndarray]]:
    if step.function == "module":
        module = reader.module(step.name)
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            yield name, read(tensor)
        return
    for ref in refs_in((step.args, step.kwargs)):
        known = reader.known.get(ref)
        if not isinstance(known, Constant) or not known.name:
            continue
        if isinstance(known.value, np.ndarray):
            yield known.name, known.value
