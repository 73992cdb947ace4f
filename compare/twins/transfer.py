"""The weights of a live model, copied into its twin."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from compare.errors import BadInput
from compare.judging.result import SIDES
from compare.judging.words import Side
from compare.listing import bounded
from compare.matching import ordering, precision
from compare.matching.legacy import check_not_legacy
from compare.matching.moves import Move
from compare.matching.names import Names, checked_names
from compare.matching.rewriting import (
    Layers,
    Read,
    Step,
    carry,
    paired,
    placeholder,
    plan,
    renamed,
    step_arrays,
)
from compare.one_line import class_name

if TYPE_CHECKING:
    import numpy as np


def transfer(
    source: Any,
    target: Any,
    names: Names | None = None,
    ignore: Collection[str] = (),
) -> list[Move]:
    """Copy the weights of a live model into its twin; see `compare.api.transfer`.

    Args:
        source: a `torch.nn.Module`, or a Keras model that has its weights.
        target: its twin, of the other framework; changed in place.
        names: {PyTorch layer: Keras layer}, several in a list for a stack.
        ignore: layers of either, or parameters of PyTorch's model, that stay.

    Returns:
        What went where, one entry per row of the layer's kind, in the source's order.

    Raises:
        BadInput: as `compare.api.transfer`.
    """
    sides = _sides(source, target)
    # Here, since it loads both frameworks.
    settings = import_module("compare.twins.settings")
    with settings.relied_on():
        moves, constants = _transferred(
            dict(zip(sides, (source, target), strict=True)), sides, names, ignore
        )
    for sentence in constants:
        warnings.warn(f"transfer: {sentence}", stacklevel=3)
    return moves


def _transferred(
    models: dict[Side, Any],
    sides: tuple[Side, Side],
    names: Names | None,
    ignore: Collection[str],
) -> tuple[list[Move], list[str]]:
    """What went where, and a sentence for each model that has constants.

    Args:
        models: by side.
        sides: of the source and of the target.
        names: as in `transfer`.
        ignore: as in `transfer`.
    """
    source_side, target_side = sides
    if names is not None:
        names = checked_names("names", names)
    # Here, since each loads a framework.
    adapters: dict[Side, ModuleType] = {
        "torch": import_module("compare.in_pytorch.layers"),
        "keras": import_module("compare.in_keras.layers"),
    }
    in_torch = models["torch"]
    computed = import_module("compare.in_pytorch.computed")
    computes = any(True for _ in computed.computed(in_torch))
    if computes:  # a weight from other tensors, as in a weight norm
        models = {**models, "torch": computed.held(in_torch)}
    layers, keras_names = _twin_layers(adapters, models, names, ignore)
    steps = plan(
        layers[source_side], layers[target_side], f"to_{target_side}", strict=True
    )
    for step in steps:  # shapes alone, before any number is read
        step_arrays(step, [placeholder(tensor) for tensor in step.inputs])
    moves = [renamed(step.move, keras_names, target_side) for step in steps]
    read, write = adapters[source_side].read, adapters[target_side].write
    memory = None
    if target_side == "torch":
        memory = import_module("compare.in_pytorch.memory")
    _check_numbers(steps, moves, read, memory)
    carry(steps, read, write)
    if target_side == "keras":
        adapters["keras"].settle(models["keras"])
    elif computes:
        computed.give(models["torch"], in_torch)
    return moves, [*_constants(adapters, models)]


def _sides(source: Any, target: Any) -> tuple[Side, Side]:
    """The sides of the two models.

    Raises:
        BadInput: if they are not of one framework each.
    """
    for model in (source, target):
        check_not_legacy("transfer", model)
    source_side, target_side = _side(source), _side(target)
    if source_side is None or target_side is None or source_side == target_side:
        raise BadInput(
            "transfer expects one PyTorch and one Keras model, got "
            f"{class_name(source)} ({source_side or 'neither'}) and "
            f"{class_name(target)} ({target_side or 'neither'})"
        )
    return source_side, target_side


def _side(model: Any) -> Side | None:
    """The framework that the classes of a model come from; None for any other."""
    for cls in type(model).__mro__:
        package = cls.__module__.split(".")[0]
        for side in SIDES:
            if package == side:
                return side
    return None


def _twin_layers(
    adapters: Mapping[Side, ModuleType],
    models: Mapping[Side, Any],
    names: Names | None,
    ignore: Collection[str],
) -> tuple[dict[Side, Layers], dict[str, str]]:
    """The layers of both models by PyTorch's names, with tensors as their arrays.

    Those that the user ignores are left out.

    Returns:
        The layers; and what each array of Keras was called, by its new full name, if
        it was called otherwise.

    Raises:
        BadInput: as `transfer`.
    """
    # Here, since each loads a framework.
    torch_cells = import_module("compare.in_pytorch.cells")
    keras_cells = import_module("compare.in_keras.cells")
    keras_leaves = import_module("compare.in_keras.leaves")
    in_torch, in_keras = adapters["torch"], adapters["keras"]
    torch = in_torch.held(models["torch"])
    same_names = in_keras.holders(models["keras"]).keys() == torch.keys()
    if names is None and same_names and not ignore:
        return {"torch": torch, "keras": in_keras.held(models["keras"])}, {}
    leaves = in_keras.held_by_leaves(models["keras"])
    order = ordering.Order(keras_leaves.chains(models["keras"]))
    try:
        return _paired(torch, leaves, order, names, ignore)
    except BadInput:
        apart = in_keras.held_by_leaves(models["keras"], attention_apart=True)
        if apart.keys() != leaves.keys():  # PyTorch may have its attention by hand
            with suppress(BadInput):
                return _paired(torch, apart, order, names, ignore)
        torch_apart = in_torch.held(models["torch"], apart=True)
        if len(torch_apart) > len(torch):
            torch = torch_apart  # Keras has variables of its own for tied weights
        elif torch_cells.hold_cells(models["torch"]):
            torch = in_torch.held(models["torch"])  # Keras has one layer for a cell
        elif keras_cells.hold_cells(models["keras"]):
            leaves = in_keras.held_by_leaves(models["keras"])  # PyTorch has one
        else:
            raise
    return _paired(torch, leaves, order, names, ignore)


def _paired(
    torch: Layers,
    leaves: Layers,
    order: ordering.Order,
    names: Names | None,
    ignore: Collection[str],
) -> tuple[dict[Side, Layers], dict[str, str]]:
    """Pair the layers that the user does not ignore; see `rewriting.paired`.

    Args:
        torch: layers of PyTorch's model.
        leaves: layers of Keras's model.
        order: what vouches for the order.
        names: as in `transfer`.
        ignore: as in `transfer`.
    """
    if ignore:
        # Here, since it loads both frameworks.
        uncounted = import_module("compare.twins.uncounted")
        torch, leaves = uncounted.without(torch, leaves, ignore)
    keras, keras_names = paired(torch, leaves, order, names)
    return {"torch": torch, "keras": keras}, keras_names


def _constants(
    adapters: Mapping[Side, ModuleType], models: Mapping[Side, Any]
) -> Iterator[str]:
    """A sentence for each model that has constants, which stay."""
    for side, adapter in adapters.items():
        names = bounded(adapter.constants(models[side]))
        if names:
            yield (
                f"{names} of {SIDES[side]}: constants of the model, not weights; "
                "they stay as they are"
            )


def _check_numbers(
    steps: Sequence[Step],
    moves: Sequence[Move],
    read: Read,
    memory: ModuleType | None,
) -> None:
    """Refuse what the target cannot hold, before anything is written.

    Only what may be refused is read: of a target that is as precise as its source, and
    whose tensors share no memory, sums alone.

    Args:
        steps: from the source to the target.
        moves: the names of each step.
        read: the numbers of a tensor of the source.
        memory: finds tensors of the target that share memory, where some may.
    """
    targets: dict[str, Any] = {}  # by full name
    for step, move in zip(steps, moves, strict=True):
        outputs = list(step.outputs.values())
        targets |= zip(move.target, outputs, strict=True)
        names, tensors = [*move.source, *move.target], [*step.inputs, *outputs]
        for name, tensor in zip(names, tensors, strict=True):
            precision.check_floats(name, tensor)
    shared: list[list[str]] = memory.shared(targets) if memory else []
    tied: set[str] = set().union(*shared)
    tied_arrays: dict[str, np.ndarray] = {}
    for step, move in zip(steps, moves, strict=True):
        if tied.isdisjoint(move.target) and not _may_overflow(step):
            continue
        arrays = step_arrays(step, [read(tensor) for tensor in step.inputs])
        for name, (key, array) in zip(move.target, arrays.items(), strict=True):
            precision.check_range(name, array, step.outputs[key])
            if name in tied:
                tied_arrays[name] = array
    if memory:
        for group in shared:
            memory.check(group, targets, tied_arrays)


def _may_overflow(step: Step) -> bool:
    """Whether the numbers of a step may be larger than the target can hold."""
    if len(step.inputs) > len(step.outputs):  # a sum
        return True
    for source in step.inputs:
        for target in step.outputs.values():
            if precision.narrower(source, target):
                return True
    return False
