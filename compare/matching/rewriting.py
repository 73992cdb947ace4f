"""Weights from one framework's model into its twin of the other.

Layers are paired by attribute name (`self.lstm` with `self.lstm`) or, where the names
differ, as `matching.py` finds, and arrays by the rows of `kinds` alone; every weight on
either side is used exactly once, nothing is reshaped, and nothing is written before
everything fits. Arrays pass through NumPy, so this module loads neither framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from compare import kinds
from compare.errors import BadInput
from compare.judging.words import Side
from compare.kinds.layer import Arrays, Layer
from compare.kinds.names import own, plain
from compare.kinds.rows import Rewrite, Row
from compare.listing import bounded
from compare.matching import ordering
from compare.matching.matching import matched
from compare.matching.moves import Move, Sum
from compare.matching.names import Names
from compare.matching.unmatched import called

# Keras's layer turns its input round, as PyTorch's user does: the arrays are the same.
FROM_THE_END = "(go_backwards=True)"

# "to_keras", "to_torch", or "gradients": arrays of Keras that are gradients, to
# PyTorch.
Layers = Mapping[str, Layer]
Read = Callable[[Any], np.ndarray]  # the numbers of a tensor or a variable
Write = Callable[[Any, np.ndarray], None]


def paired(
    torch: Layers, keras: Layers, order: ordering.Order, names: Names | None = None
) -> tuple[dict[str, Layer], dict[str, str]]:
    """Name Keras's layers as their twins, a stack as one layer.

    Args:
        torch: layers, in the order of definition.
        keras: the same; each of a stack on its own.
        order: what vouches for the order.
        names: as in `matching.match`.

    Returns:
        The layers; and the full name that each array had before, by its new one.

    Raises:
        BadInput: if a layer has no twin, or only an order for which nothing vouches
            tells which it is.
    """
    match = matched(shapes(torch), shapes(keras), names)
    ordering.check(match, order, names)
    layers, names_before = {}, {}
    for name, twins in match.twins.items():
        arrays = {}
        for number, twin in enumerate(twins):
            prefix = f"{number}." if len(twins) > 1 else ""
            for key, array in keras[twin].arrays.items():
                arrays[prefix + key] = array
                names_before[f"{name}.{prefix}{key}"] = f"{twin}.{key}"
        kinds_of_parts = dict.fromkeys(keras[twin].kind for twin in twins)
        by_hand = any(keras[twin].by_hand for twin in twins)
        layers[name] = Layer(" and ".join(kinds_of_parts), arrays, by_hand)
    return layers, names_before


def renamed(move: Move, names_before: Mapping[str, str], to: Side) -> Move:
    """Call Keras's arrays in a move by the names that they have in their model.

    Args:
        move: of layers that `paired` returned.
        names_before: as `paired` returned them.
        to: the framework of the target.
    """
    source, target = move.source, move.target
    if to == "keras":
        target = tuple(names_before.get(name, name) for name in target)
    else:
        source = tuple(names_before.get(name, name) for name in source)
    return replace(move, source=source, target=target)


def rewrite(
    source: Layers, target: Layers, direction: str, strict: bool = True
) -> tuple[dict[str, dict[str, np.ndarray]], list[Move]]:
    """Return the source's arrays as the target writes them.

    Args:
        source: layers of one model, by attribute name.
        target: layers of the other; their arrays give names and shapes.
        direction: "to_keras", "to_torch", or "gradients" for arrays of Keras that are
            gradients, to PyTorch.
        strict: whether to refuse a layer of Keras that computes what PyTorch's layer
            does not, though its arrays mean the same: with another activation, or
            backwards.

    Returns:
        Arrays by layer and name, of the target's shapes; and what went where.

    Raises:
        BadInput: if a layer, an array or a shape has no counterpart.
    """
    steps = plan(source, target, direction, strict)
    arrays: dict[str, dict[str, np.ndarray]] = {name: {} for name in source}
    for step in steps:
        arrays[step.layer] |= step_arrays(step, step.inputs)
    return arrays, [step.move for step in steps]


def sums(torch: Layers, keras: Layers) -> list[Sum]:
    """Return where PyTorch has two biases and adds them, in the layers of twins."""
    in_layers = []
    for name, layer in torch.items():
        twin = keras[name]
        layer, twin = kinds.read_as(layer, twin)
        names = _kinds(name, layer, twin, strict=False)
        for row in kinds.rows(names, layer.arrays, twin.arrays):
            for biases in row.added:
                if set(biases.torch) <= set(layer.arrays):
                    in_layers.append(Sum(name, biases.torch, biases.keras))
    return in_layers


@dataclass(frozen=True)
class Step:
    """One row, for two layers of a name and in one direction.

    Args:
        layer: their name.
        inputs: where the source has its arrays: arrays, or what they are read from.
        outputs: the same of the target, by name.
        change: takes the source's arrays and returns the target's.
        move: full names.
    """

    layer: str
    inputs: Sequence[Any]
    outputs: Mapping[str, Any]
    change: Rewrite
    move: Move


def plan(source: Layers, target: Layers, direction: str, strict: bool) -> list[Step]:
    """Return the steps from one model's layers to the other's.

    Only names are looked at. Arguments and errors as for `rewrite`.
    """
    _check_none_unused("layers", set(source) - set(target), set(target) - set(source))
    steps = []
    for name, layer in source.items():
        steps += _steps(name, layer, target[name], direction, strict)
    return steps


def _steps(
    name: str, source: Layer, target: Layer, direction: str, strict: bool
) -> list[Step]:
    """The steps of one layer, which use each of its arrays once."""
    torch, keras = (source, target) if direction == "to_keras" else (target, source)
    torch, keras = kinds.read_as(torch, keras)
    names = _kinds(name, torch, keras, strict)
    unused, unfilled = dict(source.arrays), dict(target.arrays)
    steps = []
    for row in kinds.rows(names, torch.arrays, keras.arrays):
        inputs, outputs, change = _directed(row, direction)
        if not (set(inputs) <= set(unused) and set(outputs) <= set(unfilled)):
            continue
        steps.append(
            Step(
                name,
                [unused.pop(key) for key in inputs],
                {key: unfilled.pop(key) for key in outputs},
                change,
                Move(_full_names(name, inputs), _full_names(name, outputs)),
            )
        )
    _check_none_unused(f"arrays of {name}", set(unused), set(unfilled))
    return steps


def _kinds(name: str, torch: Layer, keras: Layer, strict: bool) -> tuple[str, str]:
    """What the two layers are called, if their arrays can be moved.

    Raises:
        BadInput: if they cannot.
    """
    keras = replace(keras, kind=keras.kind.removesuffix(FROM_THE_END))
    if "=" in keras.kind and strict and not torch.by_hand:
        raise BadInput(
            f"{name}: expected a layer that PyTorch has too, got Keras {keras.kind}, "
            f"which its {torch.kind} lacks; use Keras's default there, or write the "
            "cell by hand in PyTorch"
        )
    plain_names = plain(torch.kind), plain(keras.kind)
    names = (torch.kind, keras.kind)
    if not strict or torch.by_hand or keras.by_hand:
        names = plain_names
    if own(names) or kinds.of_layers(*names) is not None:
        return names
    if kinds.of_layers(*plain_names) is not None:
        relu_in_torch = "relu" in torch.kind
        in_torch, in_keras = ("relu", "tanh") if relu_in_torch else ("tanh", "relu")
        raise BadInput(
            f"{called(name)}: expected one nonlinearity on both sides, got {in_torch} "
            f"in PyTorch's {torch.kind} and {in_keras} in Keras's {keras.kind}; build "
            "both with the same (nonlinearity in PyTorch, activation in Keras)"
        )
    raise BadInput(
        f"{name}: move its weights by hand, and compare the models as they are; "
        "expected two layers between which a rule moves weights, got PyTorch "
        f"{torch.kind} and Keras {keras.kind}"
    )


def _directed(
    row: Row, direction: str
) -> tuple[tuple[str, ...], tuple[str, ...], Rewrite]:
    """Names of what goes into a row, of what comes out, and the function."""
    if direction == "to_keras":
        return row.torch, row.keras, row.to_keras
    if direction == "gradients" and row.gradients is not None:
        return row.keras, row.torch, row.gradients
    return row.keras, row.torch, row.to_torch


def step_arrays(step: Step, inputs: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Return the target's arrays of a step by name.

    Args:
        step: of `plan`.
        inputs: the source's arrays, in the order of the step's inputs.

    Raises:
        BadInput: if one has not the shape of the target's.
    """
    arrays = dict(zip(step.outputs, step.change(*inputs), strict=True))
    for name, array in arrays.items():
        expected = tuple(step.outputs[name].shape)
        if array.shape != expected:
            raise BadInput(
                f"{step.layer}.{name}: expected shape {expected}, got {array.shape} "
                "from the source; build both twins with the same sizes"
            )
    return arrays


def carry(steps: Sequence[Step], read: Read, write: Write) -> None:
    """Take steps between live models; the arrays of one are gone before the next.

    Args:
        steps: of `plan`, with what holds numbers as inputs and outputs.
        read: returns the numbers of an input.
        write: puts numbers into an output.

    Raises:
        BadInput: if a shape has no counterpart, before anything is written.
    """
    for step in steps:  # shapes alone, before any number is read
        step_arrays(step, [placeholder(tensor) for tensor in step.inputs])
    for step in steps:
        arrays = step_arrays(step, [read(tensor) for tensor in step.inputs])
        for name, array in arrays.items():
            write(step.outputs[name], array)


def placeholder(array: Any) -> np.ndarray:
    """Return an array of the shape of another, or of a tensor, that takes no memory."""
    return np.broadcast_to(np.int8(), tuple(array.shape))


def shapes(layers: Layers) -> dict[str, Layer]:
    """Return layers with arrays of the same shapes that take no memory."""
    return {
        name: replace(layer, arrays=_placeholders(layer.arrays))
        for name, layer in layers.items()
    }


def _placeholders(arrays: Arrays) -> dict[str, np.ndarray]:
    return {name: placeholder(array) for name, array in arrays.items()}


def _full_names(layer: str, arrays: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{layer}.{array}" for array in arrays)


def _check_none_unused(subject: str, source: set[str], target: set[str]) -> None:
    """Raise BadInput if names on either side have no counterpart."""
    if source or target:
        raise BadInput(
            f"{subject}: expected a counterpart for each, got none for "
            f"{_listed(source)} of the source and {_listed(target)} of the target"
        )


def _listed(names: set[str]) -> str:
    return bounded(sorted(names)) if names else "nothing"
