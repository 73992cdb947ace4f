"""What a user's models are called on, and how they take it; loads both frameworks."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal
from weakref import WeakSet

import numpy as np

from compare.in_keras import models as keras_models
from compare.in_keras.names import unnamed
from compare.judging.arrays import Input, sequence
from compare.judging.layout import AS_GIVEN, Layout
from compare.judging.result import SAME
from compare.judging.words import Side
from compare.subjects.cases import Case
from compare.subjects.own import handing_over
from compare.subjects.own.models import is_live
from compare.subjects.own.pair import OwnPair, input_name
from compare.twins.frameworks import ARRAYS, REFUSALS
from compare.twins.twins import Twins  # loads PyTorch first

FEW_SAMPLES = 4  # on which short cases run
SHORT_STEPS = (1, 7)  # of short cases

# What a model of Keras raises that takes its inputs in turn, called on a list.
NOT_IN_A_LIST: tuple[type[Exception], ...] = (*REFUSALS["keras"], AttributeError)

# Models of Keras whose `mask=None` is an input, as a call of them showed.
TAKE_MASK: WeakSet[Any] = WeakSet()

# How a call hands the inputs over: model(name=x), model({name: x}), model([x, ...]) or
# model(x, ...).
Style = Literal["by name", "dictionary", "list", "in turn"]


def _has_steps(array: np.ndarray, x: np.ndarray | None) -> bool:
    """Whether an array has the time axis of the sequence x."""
    if x is None:
        return False
    axes = 2 if array.dtype.kind == "f" else 1  # without a time axis
    return array.ndim > axes and array.shape[1] == x.shape[1]


def cases(pair: OwnPair, length: int | None, size: int | None = None) -> list[Case]:
    """The whole input first; then fewer samples, and fewer steps where any will do.

    Args:
        pair: whose input.
        length: number of steps that the twins are built for, or None for any.
        size: of a batch that the twins are built for, or None for any.
    """
    x = sequence(pair.arrays)
    batch = len(pair.arrays[0])
    if x is None:
        sizes = [batch] if size else [batch, 1]
        return [Case(None, None, number, SAME) for number in dict.fromkeys(sizes)]
    whole = x.shape[1]
    batches = pair.batches or [min(FEW_SAMPLES, batch)]
    if size:
        batches = [batch]
    steps = [whole]
    if length is None:
        steps += [number for number in pair.steps or SHORT_STEPS if number < whole]
    pairs = [(whole, batch)]
    for number in steps:
        pairs += [(number, samples) for samples in batches]
    if not size and not pair.batches:
        # A `squeeze()` drops the batch axis of one sample. Of one step, it drops more.
        fewest = min([number for number in steps if number > 1], default=whole)
        pairs.append((fewest, 1))
    return [
        Case(length, number, samples, SAME) for number, samples in dict.fromkeys(pairs)
    ]


def cut(
    arrays: Sequence[np.ndarray], inputs: Sequence[Input], case: Case
) -> tuple[np.ndarray, ...]:
    """The first samples and steps of the arrays, as many as the case has."""
    x = sequence(arrays)
    shortened = []
    for model_input, array in zip(inputs, arrays, strict=True):
        short = array[: case.batch]
        if _has_steps(array, x):
            short = short[:, : case.timesteps]
        elif model_input.name == "lengths" and case.timesteps:
            short = np.minimum(short, case.timesteps)
        shortened.append(np.ascontiguousarray(short))
    return tuple(shortened)


def first_sample(
    twins: Twins, arrays: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, ...]:
    """The first sample of the arrays; all, where the twins take no other number."""
    if twins.time_axis == 0 or any(taken.shape[0] for taken in twins.inputs):
        return arrays
    return tuple(array[:1] for array in arrays)


def masked(twins: Twins, arrays: tuple[np.ndarray, ...]) -> str:
    """A sentence about steps that Keras's model masks; "" where there are none."""
    if twins.refusals:
        return ""
    twin = twins.twin("keras", "float32")
    if twin.traces and not twin.masks:  # a model has masks in every run, or in none
        return ""
    try:
        twin(*arrays)
    except REFUSALS["keras"]:
        return ""
    masks = twin.masks.values()
    without = max((int((~mask).sum()) for mask in masks), default=0)
    if not without:
        return ""
    whole = next(mask.size for mask in masks)
    count = f"Keras's model masks {without} of {whole} steps"
    has_masked_results = any(name in twin.masks for name in twins.outputs)
    if has_masked_results and not twins.counted.leave_out_padding(arrays):
        return (
            f"{count}, PyTorch's model leaves none out; what the models return at them "
            "is compared."
        )
    return f"{count}; what the models make of them is not compared."


def inputs(pair: OwnPair, keras_model: object, length: int | None) -> tuple[Input, ...]:
    """What the twins take, for batches of any size unless Keras's model has its own.

    Args:
        pair: whose arrays they run on.
        keras_model: live, or what makes it.
        length: number of steps that they are built for, or None for any.
    """
    declared = _declared_shapes(keras_model)
    x = sequence(pair.arrays)
    taken = []
    for index, array in enumerate(pair.arrays):
        shape = [None, *array.shape[1:]]
        if _has_steps(array, x):
            shape[1] = length
        if index < len(declared) and len(declared[index]) == array.ndim:
            shape[0] = declared[index][0] or None
        taken.append(Input(input_name(pair.names, index), tuple(shape), _dtype(array)))
    return tuple(taken)


def _dtype(array: np.ndarray) -> str | None:
    """The type of an input; None for floats, which have the run's precision."""
    if array.dtype.kind == "f":
        return None
    return "bool" if array.dtype.kind == "b" else "int64"


def _declared_shapes(model: Any) -> list[tuple[int | None, ...]]:
    """Shapes of the inputs that a live functional or Sequential model declares.

    Those of a call are no declaration.
    """
    model = unnamed(model)
    if not is_live("keras", model):
        return []
    if not model.built or not keras_models.is_graph(model):
        return []
    if keras_models.batch_of_a_call(model):
        return []
    return [tuple(tensor.shape) for tensor in model.inputs]


def declares_sizes(model: object, inputs: Sequence[Input]) -> bool:
    """Whether a live model declares a size of an input that is free in `inputs`."""
    for shape, taken in zip(_declared_shapes(model), inputs, strict=False):
        for axis, size in enumerate(shape[: len(taken.shape)]):
            if size is not None and taken.shape[axis] is None:
                return True
    return False


def declared_steps(model: object) -> int | None:
    """The number of steps that a live model declares for its inputs, if it does."""
    for shape in _declared_shapes(model):
        if len(shape) > 2:
            return shape[1]
    return None


def call(
    side: Side,
    names: Sequence[str] | None,
    model: Any,
    tensors: Sequence[Any],
    softmaxed: bool = False,
    layout: Layout = AS_GIVEN,
) -> Any:
    """Hand the inputs to a model as it takes them, and return its results.

    Args:
        side: of the model.
        names: of the inputs, if they have any.
        model: live.
        tensors: one for each input.
        softmaxed: whether to take a softmax of the result, where it is one tensor.
        layout: where PyTorch's model has the channels.
    """
    if side == "torch":
        tensors = handing_over.channels_placed(layout, list(tensors))
    returned = _called(side, names, model, tensors)
    if side == "torch":
        returned = handing_over.channels_last(layout, returned)
    return ARRAYS[side].softmax(returned) if softmaxed else returned


def _called(
    side: Side, names: Sequence[str] | None, model: Any, tensors: Sequence[Any]
) -> Any:
    match call_style(side, names, model, len(tensors)):
        case "by name":
            return model(**dict(zip(names or (), tensors, strict=True)))
        case "dictionary":
            by_name = dict(zip(names or (), tensors, strict=True))
            if side == "keras":
                in_order = _in_order_of(unnamed(model), by_name)
                if in_order is not None:
                    return model(in_order)
            return model(by_name)
        case "list":
            if side == "torch":
                return model(list(tensors))
            return _called_on_list(model, tensors)
    return model(*tensors)


def _called_on_list(model: Any, tensors: Sequence[Any]) -> Any:
    """Hand a model of Keras a list, or its items in turn where the last may be a mask.

    `call(inputs, mask=None)` takes a list of two, `call(ids, mask=None)` both in turn:
    only a call tells them apart.
    """
    try:
        return model(list(tensors))
    except NOT_IN_A_LIST:
        if not _may_take_mask(model, len(tensors)):
            raise
        returned = None
        with suppress(*NOT_IN_A_LIST):
            returned = model(*tensors)
        if returned is None:
            raise
    TAKE_MASK.add(unnamed(model))
    return returned


def _may_take_mask(model: Any, count: int) -> bool:
    """Whether a model of Keras has as many inputs with a mask that may be left out."""
    model = unnamed(model)
    if keras_models.is_graph(model):
        return False
    names = [*inspect.signature(model.call).parameters]
    return "mask" in names[:count]


def _in_order_of(model: Any, by_name: dict[str, Any]) -> list[Any] | None:
    """The inputs of a functional model of a list, if it has them by these names.

    Called on symbols with a dictionary, Keras takes its values in the order of sorted
    names, whatever the model's inputs are called; called on tensors, it does not.
    """
    if not keras_models.is_graph(model):
        return None
    with suppress(AttributeError):  # of a Sequential model, which takes no dictionary
        if isinstance(model.input, dict):
            return None
    names = [tensor.name for tensor in model.inputs]
    if set(names) != set(by_name):
        return None
    return [by_name[name] for name in names]


def call_style(
    side: Side, names: Sequence[str] | None, model: Any, count: int
) -> Style:
    """How a model takes its inputs.

    Args:
        side: of the model.
        names: of the inputs, if they have any.
        model: live.
        count: of the inputs.
    """
    model = unnamed(model)
    if model in TAKE_MASK:
        return "in turn"
    graph = side == "keras" and keras_models.is_graph(model)
    function = model.forward if side == "torch" else model.call
    parameters = inspect.signature(function).parameters.values()
    kinds = {parameter.kind for parameter in parameters}
    if names is not None:
        takes_names = {parameter.name for parameter in parameters} >= set(names)
        if inspect.Parameter.VAR_KEYWORD in kinds:
            takes_names = True
        return "by name" if takes_names and not graph else "dictionary"
    if count == 1 or inspect.Parameter.VAR_POSITIONAL in kinds:
        return "in turn"
    places = [p.name for p in parameters if not _is_for_keras(side, p)]
    required = [p for p in parameters if p.default is inspect.Parameter.empty]
    if len(required) > 1:  # not one list: a mask that may be left out is an input
        places = [p.name for p in parameters if p.name != "training"]
    return "list" if graph or len(places) < count else "in turn"


def _is_for_keras(side: Side, parameter: inspect.Parameter) -> bool:
    """Whether Keras fills in an argument that a call leaves out: no input.

    A mask that a call must hand over is an input, and so is each mask of PyTorch's.
    `training` is a switch on both sides.
    """
    if parameter.name == "mask":
        return side == "keras" and parameter.default is not inspect.Parameter.empty
    return parameter.name == "training"
