"""Weights from one framework's model into its twin of the other.

Layers are paired by attribute name (`self.lstm` with `self.lstm`) or, where the names
differ, as `matching.py` finds, and arrays by the tables of `layer_rules.py` alone;
every weight on either side is used exactly once, nothing is reshaped, and nothing is
written before everything fits. Arrays pass through NumPy, so this module loads neither
framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compare.errors import BadInput
from compare.kinds.layer import Arrays, Layer
from compare.kinds.names import own, plain
from compare.kinds.rules import RULES, Row, rows
from compare.matching import ordering
from compare.matching.matching import called, matched
from compare.matching.moves import Move, Sum

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]


def paired(
    torch: Mapping[str, Layer],
    keras: Mapping[str, Layer],
    order: ordering.Order,
    names: Mapping[str, str | Sequence[str]] | None = None,
) -> tuple[dict[str, Layer], dict[str, str]]:
    """Keras's layers by the names of their twins, a stack as one layer.

    Args:
        torch: layers, in the order of definition.
        keras: the same; each of a stack on its own.
        order: what is known of it.
        names: as in `matching.match`.

    Returns:
        The layers; and what each array was called before, by its new full name.

    Raises:
        BadInput: if a layer has no twin, or only such an order tells which it is.
    """
    found = matched(shapes(torch), shapes(keras), names)
    ordering.check(found, order, names)
    layers, known = {}, {}
    for name, twins in found.twins.items():
        arrays = {}
        for number, twin in enumerate(twins):
            prefix = f"{number}." if len(twins) > 1 else ""
            for key, array in keras[twin].arrays.items():
                arrays[prefix + key] = array
                known[f"{name}.{prefix}{key}"] = f"{twin}.{key}"
        kinds = dict.fromkeys(keras[twin].kind for twin in twins)
        layers[name] = Layer(" and ".join(kinds), arrays)
    return layers, known


def renamed(move: Move, known: Mapping[str, str], to: str) -> Move:
    """A move with Keras's arrays called what they are called in `known`.

    Args:
        move: of layers that `paired` gave.
        known: as `paired` returned.
        to: the framework of the target.
    """
    source, target = move.source, move.target
    if to == "keras":
        return Move(source, tuple(known.get(name, name) for name in target))
    return Move(tuple(known.get(name, name) for name in source), target)


def rewrite(
    source: Mapping[str, Layer],
    target: Mapping[str, Layer],
    direction: str,
    strict: bool = True,
) -> tuple[dict[str, Arrays], list[Move]]:
    """The source's arrays as the target writes them.

    Args:
        source: layers of the one model, by attribute name.
        target: layers of the other; their arrays give names and shapes.
        direction: "to_keras", "to_torch", or "gradients" for arrays of Keras that are
            gradients, to PyTorch.
        strict: whether to refuse a Keras layer that computes what PyTorch's does not,
            though its arrays mean the same: with another activation, or backwards.

    Returns:
        Arrays by layer and name, of the target's shapes; and what went where.

    Raises:
        BadInput: as `transfer`.
    """
    steps = plan(source, target, direction, strict)
    arrays = {name: {} for name in source}
    for step in steps:
        arrays[step.layer] |= step_arrays(step, step.inputs)
    return arrays, [step.move for step in steps]


def sums(torch: Mapping[str, Layer], keras: Mapping[str, Layer]) -> list[Sum]:
    """Where PyTorch has two arrays and adds them, in the layers of twins."""
    return [
        Sum(name, row.torch, row.keras[0])
        for name, layer in torch.items()
        for row in rows(
            _kinds(name, layer, keras[name], strict=False),
            layer.arrays,
            keras[name].arrays,
        )
        if row.gradients and set(row.torch) <= set(layer.arrays)
    ]


@dataclass(frozen=True)
class Step:
    """One row of a table, for two layers of a name and in one direction.

    Args:
        layer: the name.
        inputs: what the source holds them in, an array or what it can be read from.
        outputs: the same of the target, by name.
        change: makes the target's arrays of the source's.
        move: the names.
    """

    layer: str
    inputs: Sequence[Any]
    outputs: Mapping[str, Any]
    change: Callable[..., tuple[np.ndarray, ...]]
    move: Move


def plan(source, target, direction, strict):
    """The steps from one model's layers to the other's; only names are looked at."""
    _nothing_left("layers", set(source) - set(target), set(target) - set(source))
    return [
        step
        for name, layer in source.items()
        for step in _steps(name, layer, target[name], direction, strict)
    ]


def _steps(name, source, target, direction, strict):
    torch, keras = (source, target) if direction == "to_keras" else (target, source)
    left, free, steps = dict(source.arrays), dict(target.arrays), []
    for row in rows(_kinds(name, torch, keras, strict), torch.arrays, keras.arrays):
        inputs, outputs, change = _turned(row, direction)
        if set(inputs) <= set(left) and set(outputs) <= set(free):
            steps.append(
                Step(
                    name,
                    [left.pop(array) for array in inputs],
                    {array: free.pop(array) for array in outputs},
                    change,
                    Move(_full(name, inputs), _full(name, outputs)),
                )
            )
    _nothing_left(f"arrays of {name}", set(left), set(free))
    return steps


def _kinds(name, torch, keras, strict):
    """The kinds of two layers, if there is a rule for them."""
    if "=" in keras.kind and (strict or "reset_after" in keras.kind):
        raise BadInput(
            f"{name}: expected a layer that PyTorch has too, got Keras {keras.kind}, "
            f"which its {torch.kind} lacks; use Keras's default there, or write the "
            "cell by hand in PyTorch"
        )
    kinds = torch.kind, keras.kind
    if not strict:
        kinds = plain(torch.kind), plain(keras.kind)
    if kinds not in RULES and (plain(torch.kind), plain(keras.kind)) in RULES:
        relu = "relu" in torch.kind
        one, other = ("relu", "tanh") if relu else ("tanh", "relu")
        raise BadInput(
            f"{called(name)}: expected one nonlinearity on both sides, got {one} in "
            f"PyTorch's {torch.kind} and {other} in Keras's {keras.kind}; build both "
            f"with the same (nonlinearity in PyTorch, activation in Keras)"
        )
    if kinds not in RULES and not own(kinds):
        known = ", ".join(f"{t} and {k}" for t, k in RULES)
        raise BadInput(
            f"{name}: expected a pair of layers with a transfer rule ({known}), got "
            f"PyTorch {torch.kind} and Keras {keras.kind}"
        )
    return kinds


def _turned(row: Row, direction: str):
    """What goes into a row, what comes out, and by which function."""
    if direction == "to_keras":
        return row.torch, row.keras, row.to_keras
    change = row.to_torch
    if direction == "gradients":
        change = row.gradients or row.to_torch
    return row.keras, row.torch, change


def step_arrays(step, inputs):
    """The target's arrays by name, if they have its shapes."""
    arrays = dict(zip(step.outputs, step.change(*inputs), strict=True))
    for name, array in arrays.items():
        expected = tuple(step.outputs[name].shape)
        if array.shape != expected:
            raise BadInput(
                f"{step.layer}.{name}: expected shape {expected}, got {array.shape} "
                "from the source; build both twins with the same sizes"
            )
    return arrays


def placeholder(array):
    """An array of the shape that takes no memory."""
    import numpy as np  # not needed before there are models

    return np.broadcast_to(np.int8(), tuple(array.shape))


def shapes(layers: Mapping[str, Layer]) -> dict[str, Layer]:
    """Layers with arrays of the same shapes that take no memory."""
    return {
        name: Layer(each.kind, {key: placeholder(a) for key, a in each.arrays.items()})
        for name, each in layers.items()
    }


def _full(layer, arrays):
    return tuple(f"{layer}.{array}" for array in arrays)


def _nothing_left(what, source, target):
    if source or target:
        raise BadInput(
            f"{what}: expected a counterpart for each, got none for "
            f"{_names(source)} of the source and {_names(target)} of the target"
        )


def _names(names):
    return ", ".join(sorted(names)) or "nothing"
