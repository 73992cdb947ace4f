"""What a user's models are given, and how they take it; loads both frameworks."""

import inspect

import numpy as np

from compare.in_keras import models as keras_copies
from compare.in_keras import names as in_keras_names
from compare.judging.arrays import Input, sequence
from compare.judging.evidence import SAME
from compare.subjects.cases import Case
from compare.subjects.own import models as live
from compare.subjects.own.pair import OwnPair
from compare.twins.twins import Twins  # loads PyTorch first

FEW = 4  # samples on which short cases run
SHORT = (1, 7)  # steps of short cases


def _has_steps(array, x):
    """Whether an array has the time axis of the sequence x."""
    return (
        x is not None
        and array.ndim > (2 if array.dtype.kind == "f" else 1)
        and array.shape[1] == x.shape[1]
    )


def cases(pair: OwnPair, length: int | None) -> list[Case]:
    """The whole input first; then fewer samples, and fewer steps where any will do."""
    x = sequence(pair.arrays)
    batch = len(pair.arrays[0])
    if x is None:
        return [Case(None, None, b, SAME) for b in dict.fromkeys([batch, 1])]
    whole = x.shape[1]
    few = pair.batches or [min(FEW, batch)]
    steps = [whole]
    if length is None:
        steps += [s for s in pair.steps or SHORT if s < whole]
    sizes = dict.fromkeys([(whole, batch), *((s, b) for s in steps for b in few)])
    return [Case(length, s, b, SAME) for s, b in sizes]


def cut(
    arrays: tuple[np.ndarray, ...], inputs: tuple[Input, ...], case: Case
) -> tuple[np.ndarray, ...]:
    """The first samples and steps of the arrays, as many as the case has."""
    x = sequence(arrays)
    found = []
    for each, array in zip(inputs, arrays, strict=True):
        part = array[: case.batch]
        if _has_steps(array, x):
            part = part[:, : case.timesteps]
        elif each.name == "lengths" and case.timesteps:
            part = np.minimum(part, case.timesteps)
        found.append(np.ascontiguousarray(part))
    return tuple(found)


def masked(twins: Twins, arrays: tuple[np.ndarray, ...]) -> str:
    """A sentence about steps that Keras's model masks; nothing where there are none."""
    refusals = twins.refusals or twins.run(*arrays)[1]
    masks = () if refusals else twins.twin("keras", "float32").masks.values()
    without = max((int((~mask).sum()) for mask in masks), default=0)
    if not without:
        return ""
    whole = next(mask.size for mask in masks)
    return (
        f"Keras's model masks {without} of {whole} steps; what the models make of them "
        "is not compared."
    )


def inputs(pair: OwnPair, keras_model: object, length: int | None) -> tuple[Input, ...]:
    """What the twins take; the batch of any size, unless Keras's model has its own."""
    own = _own_shapes(keras_model)
    x = sequence(pair.arrays)
    found = []
    for number, array in enumerate(pair.arrays):
        shape = [None, *array.shape[1:]]
        if _has_steps(array, x):
            shape[1] = length
        if number < len(own) and len(own[number]) == array.ndim and own[number][0]:
            shape[0] = own[number][0]
        kind = {"f": None, "b": "bool"}.get(array.dtype.kind, "int64")
        name = pair.names[number] if pair.names else f"x{number}" if number else "x"
        found.append(Input(name, tuple(shape), kind))
    return tuple(found)


def _own_shapes(model):
    """Of the inputs that a live functional or Sequential model declares."""
    if live.is_live("keras", model) and model.built and keras_copies.is_graph(model):
        return [tuple(each.shape) for each in model.inputs]
    return []


def own_steps(model: object) -> int | None:
    """The number of steps that such a model declares, if there is one."""
    shapes = [shape for shape in _own_shapes(model) if len(shape) > 2]
    return shapes[0][1] if shapes else None


def call(side: str, names: tuple[str, ...] | None, model: object, tensors: list):
    """Hand the inputs to a model as it takes them."""
    style = call_style(side, names, model, len(tensors))
    if style == "by name":
        return model(**dict(zip(names, tensors, strict=True)))
    if style == "dictionary":
        return model(dict(zip(names, tensors, strict=True)))
    return model(list(tensors)) if style == "list" else model(*tensors)


def call_style(side: str, names: tuple[str, ...] | None, model, count: int) -> str:
    """How a model takes its inputs: "by name", "dictionary", "list" or "in turn".

    Args:
        side: "torch" or "keras".
        names: of the inputs, if they have any.
        model: live.
        count: of the inputs.
    """
    model = in_keras_names.unnamed(model)
    graph = side == "keras" and keras_copies.is_graph(model)
    taken = inspect.signature(model.forward if side == "torch" else model.call)
    taken = taken.parameters.values()
    if names is not None:
        known = {each.name for each in taken} >= set(names)
        known |= any(each.kind is each.VAR_KEYWORD for each in taken)
        return "by name" if known and not graph else "dictionary"
    if count == 1:
        return "in turn"
    if any(each.kind is each.VAR_POSITIONAL for each in taken):
        return "in turn"
    own = [each for each in taken if each.name not in ("training", "mask")]
    return "list" if graph or len(own) < count else "in turn"
