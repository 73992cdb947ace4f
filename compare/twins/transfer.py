"""The weights of a live model, copied into its twin."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from compare.errors import BadInput
from compare.judging.evidence import SIDES
from compare.matching import ordering, precision
from compare.matching.moves import Move
from compare.matching.names import checked_names
from compare.matching.rewriting import paired, placeholder, plan, renamed, step_arrays

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]


def transfer(
    source: Any, target: Any, names: Mapping[str, str | Sequence[str]] | None = None
) -> list[Move]:
    """Copy the weights of a live model into its twin; see `compare.api.transfer`.

    Args:
        source: a `torch.nn.Module`, or a Keras model that has its weights.
        target: its twin, of the other framework; changed in place.
        names: {PyTorch layer: Keras layer}, several in a list for a stack.

    Returns:
        What went where, one entry per row of the layer's table, in the source's order.

    Raises:
        BadInput: as `compare.api.transfer`.
    """
    frameworks = _framework(source), _framework(target)
    if set(frameworks) != {"torch", "keras"}:
        raise BadInput(
            "transfer expects one PyTorch and one Keras model, got "
            f"{type(source).__name__} ({frameworks[0] or 'neither'}) and "
            f"{type(target).__name__} ({frameworks[1] or 'neither'})"
        )
    side = {
        "torch": import_module("compare.in_pytorch.layers"),
        "keras": import_module("compare.in_keras.layers"),
    }
    models = dict(zip(frameworks, (source, target), strict=True))
    names = None if names is None else checked_names("names", names)
    torch, known = side["torch"].held(models["torch"]), {}
    if names is None and side["keras"].holders(models["keras"]).keys() == torch.keys():
        keras = side["keras"].held(models["keras"])
    else:
        leaves = side["keras"].held_by_leaves(models["keras"])
        order = ordering.Order(side["keras"].chains(models["keras"]))
        try:
            keras, known = paired(torch, leaves, order, names)
        except BadInput:
            every = side["torch"].held(models["torch"], apart=True)
            if len(every) == len(torch):
                raise
            torch = every  # Keras has variables of its own for tied weights
            keras, known = paired(torch, leaves, order, names)
    layers = {"torch": torch, "keras": keras}
    have, want = (layers[name] for name in frameworks)
    steps = plan(have, want, f"to_{frameworks[1]}", strict=True)
    for step in steps:
        step_arrays(step, [placeholder(each) for each in step.inputs])
    moves = [renamed(step.move, known, frameworks[1]) for step in steps]
    read, write = side[frameworks[0]].read, side[frameworks[1]].write
    memory = None
    if frameworks[1] == "torch":
        memory = import_module("compare.in_pytorch.memory")
    _check_numbers(steps, moves, read, memory)
    for step in steps:
        _carry(step, read, write)
    for each, framework in side.items():
        names = ", ".join(framework.constants(models[each]))
        if names:
            said = f"{names} of {SIDES[each]}'s: constants of the model, not weights"
            warnings.warn(f"transfer: {said}; they stay as they are", stacklevel=3)
    return moves


def _carry(step, read, write):
    """Take one step in live models; its arrays are gone before the next is taken."""
    for name, array in step_arrays(step, [read(each) for each in step.inputs]).items():
        write(step.outputs[name], array)


def _check_numbers(steps, moves, read, memory):
    """Refuse what the target cannot hold, before anything is written.

    Only what may be refused is read: of a target that is as precise as its source, and
    whose tensors share no memory, sums alone.
    """
    targets, arrays = {}, {}
    for step, move in zip(steps, moves, strict=True):
        outputs = step.outputs.values()
        targets |= dict(zip(move.target, outputs, strict=True))
        for full, array in zip(
            (*move.source, *move.target), (*step.inputs, *outputs), strict=True
        ):
            precision.check_floats(full, array)
    shared = memory.shared(targets) if memory else []
    tied = {name for names in shared for name in names}
    for step, move in zip(steps, moves, strict=True):
        if tied.isdisjoint(move.target) and not _may_overflow(step):
            continue
        made = step_arrays(step, [read(each) for each in step.inputs])
        for full, (key, array) in zip(move.target, made.items(), strict=True):
            precision.check_range(full, array, step.outputs[key])
            if full in tied:
                arrays[full] = array
    for names in shared:
        memory.check(names, targets, arrays)


def _may_overflow(step):
    adds = len(step.inputs) > len(step.outputs)
    return adds or any(
        precision.narrower(source, target)
        for source in step.inputs
        for target in step.outputs.values()
    )


def _framework(model):
    """Either "torch", "keras" or "", from where the classes of `model` were defined."""
    homes = [cls.__module__.split(".")[0] for cls in type(model).__mro__]
    return next((home for home in homes if home in ("torch", "keras")), "")
