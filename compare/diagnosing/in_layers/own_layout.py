"""The arrays of a layer as one side's user has them, and what they should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.diagnosing.in_layers.same_arrays import summed
from compare.diagnosing.isolated import Isolated
from compare.errors import BadInput
from compare.judging.words import Side
from compare.kinds import BY_NAME, CONVOLUTION, DENSE, RECURRENT
from compare.kinds.layer import Arrays
from compare.matching.rewriting import Step, plan, rewrite
from compare.mistakes.arrangements.orders import are_alike, order_of
from compare.mistakes.arrangements.words import axes_in_keras, axes_in_torch
from compare.mistakes.runs import layer_of

STATISTICS = ("running_", "moving_")  # which a run itself may change
MATRICES = ("weight", "kernel", "recurrent_kernel")
KERAS_GATES = {"rzn": "zrn"}  # where Keras has the gates in another order than PyTorch
LARGE = 1_000_000  # numbers beyond which no line of transfer is made out


@dataclass(frozen=True)
class OwnArrays:
    """The arrays of a layer on one side, in that side's layout.

    Args:
        side: whose they are.
        kind: of the layer, as PyTorch names kinds.
        held: by name.
        right: what the other side's arrays say that they should be.
        unlike: names of those that differ.
    """

    side: Side
    kind: str
    held: Arrays
    right: Arrays
    unlike: tuple[str, ...]

    @property
    def letters(self) -> Mapping[int, str]:
        """A letter for each gate, by the number of gates."""
        kind = BY_NAME.get(self.kind)
        if kind is None or kind.cell is None:
            return {}
        gates = kind.cell.gates
        if self.side == "keras":
            gates = KERAS_GATES.get(gates, gates)
        return {len(gates): gates}

    def axes(self, name: str) -> tuple[str, ...]:
        """What the axes of an array are called; none where that is not known."""
        if self.kind not in (*CONVOLUTION, *DENSE, *RECURRENT):
            return ()
        if "Transpose" in self.kind:  # whose axes are in an order of their own
            return ()
        root = name.split(".")[-1]
        ndim = self.right[name].ndim
        if self.side == "torch" and root.startswith("weight"):
            return axes_in_torch(ndim)
        if self.side == "keras" and root in MATRICES:
            return axes_in_keras(ndim)
        return ()

    def shown(self, name: str) -> str:
        """An array in words: the sum of two biases where PyTorch adds two."""
        if self._is_sum(name):
            return f"{name} + {name.replace('bias_ih', 'bias_hh')}"
        return name

    def expression(self, name: str) -> str:
        """An array in a line of code."""
        shown = self.shown(name)
        return shown if shown == name else f"({shown})"

    def assigned(self, name: str, expression: str) -> str:
        """A line of code that sets an array: of two that are added, one to zeros."""
        line = f"{name} = {expression}"
        if self._is_sum(name):
            partner = name.replace("bias_ih", "bias_hh")
            return f"{line}; {partner} = 0 * {partner}"
        return line

    def _is_sum(self, name: str) -> bool:
        """Whether an array is the sum of two that PyTorch has."""
        partner = name.replace("bias_ih", "bias_hh")
        return name.startswith("bias_ih") and partner not in self.held


def in_own_layout(
    layer: str, kind: str, side: Side, isolated: Isolated
) -> OwnArrays | None:
    """Read the arrays of a layer as a side has them; None where no rule makes them.

    Args:
        layer: its name.
        kind: of the layer.
        side: whose layout.
        isolated: the twins at work.
    """
    held: Arrays
    right: Arrays
    if side == "torch":
        held = summed(kind, isolated.weights["torch"].get(layer, {}))
        right = summed(kind, isolated.weights["keras"].get(layer, {}))
    else:
        torch_layer = isolated.layers.get("torch", {}).get(layer_of(layer))
        keras_layer = isolated.layers.get("keras", {}).get(layer_of(layer))
        if torch_layer is None or keras_layer is None:
            return None
        held = keras_layer.arrays
        try:
            arrays, _ = rewrite(
                {layer: torch_layer}, {layer: keras_layer}, "to_keras", strict=False
            )
        except BadInput:
            return None
        right = arrays[layer]
    if isolated.is_changed_by_run(layer):
        held = _without_statistics(held)
        right = _without_statistics(right)
    if held.keys() != right.keys():
        return None
    unlike = [name for name in held if not are_alike(held[name], right[name])]
    return OwnArrays(side, kind, held, right, tuple(unlike))


def _without_statistics(arrays: Arrays) -> dict[str, np.ndarray]:
    """Arrays by name, less those that a layer learns of its inputs."""
    return {
        name: array
        for name, array in arrays.items()
        if STATISTICS[0] not in name and STATISTICS[1] not in name
    }


def lines_of_transfer(layer: str, side: Side, isolated: Isolated) -> dict[str, str]:
    """Lines of code that make a side's arrays of the other side's, by what they make.

    They are made out by sending an array of the numbers of its places through the rule.

    Args:
        layer: its name.
        side: whose arrays are made.
        isolated: the twins at work.

    Returns:
        A line for each array that is made of one array; none where there is no rule.
    """
    torch_layer = isolated.layers.get("torch", {}).get(layer_of(layer))
    keras_layer = isolated.layers.get("keras", {}).get(layer_of(layer))
    if torch_layer is None or keras_layer is None:
        return {}
    source, target = keras_layer, torch_layer
    if side == "keras":
        source, target = torch_layer, keras_layer
    try:
        steps = plan({layer: source}, {layer: target}, f"to_{side}", strict=False)
    except BadInput:
        return {}
    lines = {}
    for step in steps:
        line = _line(step, layer)
        if line:
            lines[next(iter(step.outputs))] = line
    return lines


def _line(step: Step, layer: str) -> str:
    """A step as a line of code; nothing where it takes or makes several arrays."""
    if len(step.inputs) != 1 or len(step.outputs) != 1:
        return ""
    array = step.inputs[0]
    if array.size > LARGE:
        return ""
    places = np.arange(1.0, 1 + array.size).reshape(array.shape)
    (moved,) = step.change(places)
    (target,) = step.outputs
    source = step.move.source[0].removeprefix(f"{layer}.")
    if are_alike(places, moved):
        # Under one name that would say nothing.
        return "" if target == source else f"{target} = {source}"
    order = order_of(places, moved)
    return "" if order is None else f"{target} = {order.code(source)}"
