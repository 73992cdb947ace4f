"""The cells of recurrent layers as PyTorch has them, or as a port writes them out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compare.kinds.activation_source import CALLS, is_known, name_of
from compare.kinds.graph import LayerPlan
from compare.kinds.layer import Arrays
from compare.kinds.source import Site

# PyTorch's name of each recurrent layer of Keras, and that of the suite.
IN_PYTORCH = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}
CONV_LSTM = "ConvLSTM"
CONV_LSTMS = ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")

# Activations that are no plain function of PyTorch, as text; "{axis}" has the features.
FUNCTIONS = {
    "leaky_relu": "nn.LeakyReLU(0.2)",
    "linear": "nn.Identity()",
    "log_softmax": "nn.LogSoftmax(dim={axis})",
    "softmax": "nn.Softmax(dim={axis})",
}
HELPERS = {"hard_sigmoid_fifth": "hard_sigmoid"}


@dataclass(frozen=True)
class Cell:
    """A cell with its arrays.

    Args:
        keras: class of the layer that is made of it: "LSTM", "GRU", "SimpleRNN" or
            one that convolves.
        config: its settings.
        arrays: "kernel", "recurrent_kernel" and "bias", if there is one.
    """

    keras: str
    config: Mapping[str, Any]
    arrays: Arrays

    @property
    def convolves(self) -> bool:
        """Whether its products are convolutions."""
        return self.keras in CONV_LSTMS

    @property
    def kinds(self) -> tuple[str, str]:
        """What PyTorch and Keras call its kind, by whose rows its arrays move."""
        if self.convolves:
            return CONV_LSTM, CONV_LSTM
        return IN_PYTORCH[self.keras], self.keras

    @property
    def features(self) -> int:
        """The size of what it takes."""
        return int(self.arrays["kernel"].shape[-2])

    @property
    def units(self) -> int:
        """The size of its states."""
        return int(self.arrays["recurrent_kernel"].shape[-2])

    @property
    def has_bias(self) -> bool:
        """Whether there is a bias."""
        return "bias" in self.arrays

    @property
    def num_states(self) -> int:
        """How many states it has."""
        return 2 if self.keras == "LSTM" or self.convolves else 1

    @property
    def activation(self) -> str:
        """The name of its activation."""
        return name_of(self.config.get("activation", "tanh"))

    @property
    def gate(self) -> str:
        """The name of the activation of its gates; that of a cell with gates."""
        if self.keras == "SimpleRNN":
            return "sigmoid"
        return name_of(self.config.get("recurrent_activation", "sigmoid"))

    @property
    def resets_before(self) -> bool:
        """Whether it is a GRU whose reset gate acts before the product."""
        return self.keras == "GRU" and not self.config.get("reset_after", True)

    @property
    def is_plain(self) -> bool:
        """Whether PyTorch has a layer of it."""
        if self.convolves:
            return False
        if self.keras == "SimpleRNN":
            return self.activation in ("tanh", "relu")
        usual = self.activation == "tanh" and self.gate == "sigmoid"
        return usual and not self.resets_before

    @property
    def sort(self) -> tuple[str, str, str, bool, bool]:
        """What cells have in common that may be in one layer, beside their sizes."""
        return (
            self.keras,
            self.activation,
            self.gate,
            self.resets_before,
            self.has_bias,
        )


def cells_of(plan: LayerPlan, arrays: Arrays) -> list[Cell]:
    """The cells of a recurrent layer, from the input on."""
    if plan.keras != "RNN":
        return [Cell(plan.keras.removesuffix("Cell"), plan.config, arrays)]
    plans = [*_cell_plans(plan)]
    if "kernel" in arrays:
        return [Cell(plans[0].keras.removesuffix("Cell"), plans[0].config, arrays)]
    cells = []
    for number, cell in enumerate(plans):
        own = with_prefix(arrays, f"{number}.")
        cells.append(Cell(cell.keras.removesuffix("Cell"), cell.config, own))
    return cells


def _cell_plans(plan: LayerPlan) -> Iterator[LayerPlan]:
    """The cells of an RNN, also those of stacks in it."""
    for cell in plan.inside:
        if cell.keras == "StackedRNNCells":
            yield from _cell_plans(cell)
        else:
            yield cell


def with_prefix(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays whose names begin with a prefix, without it."""
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def problem(plan: LayerPlan, arrays: Arrays) -> str:
    """What cannot be written of a recurrent layer, or ""."""
    cells = [*_cell_plans(plan)] if plan.keras == "RNN" else [plan]
    for cell in cells:
        keras = cell.keras.removesuffix("Cell")
        if keras not in IN_PYTORCH and keras not in CONV_LSTMS:
            return f"RNN with cells {cell.keras}, a class that is not Keras's own"
        for name in ("activation", "recurrent_activation"):
            value = cell.config.get(name)
            if not is_known(value):
                return (
                    f"{cell.keras} with {name} {name_of(value)}, a function that is "
                    f"not known here"
                )
    return ""


def function_text(site: Site, name: str, axis: int = -1) -> str:
    """An activation as a function, by Keras's name, as text.

    Args:
        site: where it is written; it gets what the function needs.
        name: of the activation.
        axis: that has the features.
    """
    if name in HELPERS:
        site.helper(HELPERS[name])
        return HELPERS[name]
    if name in FUNCTIONS:
        return FUNCTIONS[name].format(axis=axis)
    match = re.fullmatch(r"([\w.]+)\(\{x\}\)", CALLS[name])
    if match:
        return match[1]
    return f"lambda x: {CALLS[name].format(x='x', axis=axis)}"


def note_dropout(site: Site, cells: list[Cell]) -> None:
    """Say what a layer does in training alone, which its port does not do."""
    dropped = {"dropout": "inputs", "recurrent_dropout": "states"}
    for setting, what in dropped.items():
        rates = {cell.config.get(setting) or 0 for cell in cells} - {0}
        for rate in sorted(rates):
            when = "Also when in use" if site.kwargs.get("training") else "In training"
            site.note(
                f"{when}, Keras drops {100 * rate:g} % of the {what} of each step in "
                f"{site.attribute}; this port does not."
            )
